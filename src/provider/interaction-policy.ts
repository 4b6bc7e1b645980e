import { errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider'
import { normaliseIdentifier } from '../accounts/index.ts'
import type { Assurance } from '../sign-in/index.ts'
import type { ProtocolAccount } from './account-adapter.ts'
import { type AssuranceDependencies, assessSession, essentialAcrs } from './assurance-request.ts'
import { readIdTokenHint } from './id-token-hint.ts'

const { Check, Prompt, base } = interactionPolicy

/** A session whose account is gone or not in good standing: sign in again, as somebody who may. */
const unusableAccount = new Check(
  'account_unusable',
  'End-User authentication is required',
  'login_required',
  ({ oidc }) => (oidc.session?.accountId && !oidc.account ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT),
)

/** What can never be reached is an error to the client; the library would ask the person for ever. */
const unattainableAcr = ({ acrValues }: Assurance) =>
  new Check('acr_unattainable', 'requested ACR could not be obtained', ({ oidc }) => {
    const wanted = essentialAcrs(oidc.claims)
    if (wanted.length === 0 || wanted.some((acr) => acrValues.includes(acr))) return Check.NO_NEED_TO_PROMPT
    throw new errors.UnmetAuthenticationRequirements('the requested authentication context cannot be reached here')
  })

/** A session that proves too little: the person is asked for what is missing. What is only wished for is asked for once. */
const assuranceBelow = (deps: AssuranceDependencies) =>
  new Check('assurance_below', 'a stronger authentication is required', 'login_required', async (ctx) => {
    const { session, account, result, prompts } = ctx.oidc
    if (!session?.accountId || !account) return Check.NO_NEED_TO_PROMPT
    const assessment = await assessSession(ctx, deps)
    if (assessment === 'enough') return Check.NO_NEED_TO_PROMPT
    if (assessment === 'wished') {
      return result?.login || prompts.has('none') ? Check.NO_NEED_TO_PROMPT : Check.REQUEST_PROMPT
    }
    if (result?.login) throw new errors.UnmetAuthenticationRequirements('the authentication was not strong enough')
    return Check.REQUEST_PROMPT
  })

/** The library reads the hint of the first request only: it is read again when the person comes back from signing in. */
async function readHint({ oidc }: KoaContextWithOIDC): Promise<void> {
  const { params, entities, client, provider } = oidc
  if (typeof params?.id_token_hint !== 'string' || entities.IdTokenHint || !client) return
  oidc.entity('IdTokenHint', await readIdTokenHint(provider, params.id_token_hint, client))
}

/**
 * Signed in is somebody else than the app has in mind: the person chooses. A hint is only that, so where nobody may be
 * asked it is passed over, and a sign-in that is asked for anyway begins with it.
 */
const anotherHinted = new Check(
  'login_hint',
  'another account was asked for',
  'account_selection_required',
  ({ oidc: { session, account, params, prompts, result } }) => {
    const hint = typeof params?.login_hint === 'string' ? normaliseIdentifier(params.login_hint) : undefined
    const isSettled = result?.login || result?.select_account || prompts.has('none') || prompts.has('login')
    if (!hint || !session?.accountId || !account || isSettled) return Check.NO_NEED_TO_PROMPT
    return normaliseIdentifier((account as ProtocolAccount).email) !== hint
  },
)

/** Asks once. If the person then is somebody else than the client wants, that is for the client to know. */
const askOnce = (check: InstanceType<typeof Check>) =>
  new Check(
    check.reason,
    check.description,
    check.error ?? 'login_required',
    async (ctx) => {
      if (ctx.oidc.result?.login) await readHint(ctx)
      const isNeeded = await check.check(ctx)
      if (isNeeded && ctx.oidc.result?.login) throw new errors.LoginRequired(check.description)
      return isNeeded
    },
    check.details,
  )

/** When people are asked to sign in or to consent, or the client is told that it cannot be had. */
export function createInteractionPolicy({
  skipsConsent,
  ...deps
}: AssuranceDependencies & { skipsConsent: (ctx: KoaContextWithOIDC) => boolean }) {
  const policy = base()
  const login = policy.get('login')
  const consent = policy.get('consent')
  if (!login || !consent) throw new Error('the library has no login or consent prompt')

  policy.add(new Prompt({ name: 'select_account', requestable: true }, anotherHinted), 0)
  login.checks.add(unattainableAcr(deps.assurance), 0)
  login.checks.add(unusableAccount, 1)
  login.checks.add(assuranceBelow(deps))
  for (const reason of ['id_token_hint', 'claims_id_token_sub_value']) {
    const check = login.checks.get(reason)
    if (!check) throw new Error(`the library has no check ${reason}`)
    login.checks.remove(reason)
    login.checks.add(askOnce(check))
  }

  // Native apps cannot prove who they are, so people are asked each time (RFC 8252 section 8.6), our own apps aside.
  const native = consent.checks.get('native_client_prompt')
  if (!native) throw new Error('the library has no check native_client_prompt')
  consent.checks.remove('native_client_prompt')
  consent.checks.add(
    new Check(
      native.reason,
      native.description,
      native.error ?? 'interaction_required',
      (ctx) => !skipsConsent(ctx) && native.check(ctx),
    ),
    0,
  )
  return policy
}
