import type { Context } from 'koa'
import { type Attempt, evidenceOfSession, type PageContext } from '../../sign-in/index.ts'
import { readAssuranceRequest } from '../assurance-request.ts'
import { readHintedSubject } from '../id-token-hint.ts'
import { readSession } from './lost-session.ts'
import { type InteractionDependencies, type Seam, textParam } from './seam.ts'
import { findDevice } from './trust.ts'

/** Reasons for which the person in the session is asked to prove it is them once more, and not who they are. */
const SAME_PERSON = new Set(['login_prompt', 'max_age', 'assurance_below', 'essential_acr', 'essential_acrs'])
/** Reasons for which it has to be proved anew, and another site must not just say that they are signed in there. */
const ANEW = new Set(['login_prompt', 'max_age'])
/** Reasons for which what the session proves is not enough, but counts. */
const STEP_UP = new Set(['assurance_below', 'essential_acr', 'essential_acrs'])

/** Whether that is so here, also where the person chooses an account first and is asked for the proof on the way. */
const wantsAnew = ({ params, prompt: { reasons } }: Seam['interaction']) =>
  reasons.some((reason) => ANEW.has(reason)) ||
  params.max_age !== undefined ||
  String(params.prompt ?? '')
    .split(' ')
    .includes('login')

/** Whom an app has named by its ID token, if that account signed in with this browser before: others learn nothing by it. */
async function findHinted(ctx: Context, { interaction, client }: Seam, deps: InteractionDependencies) {
  const subject = await readHintedSubject(deps.provider(), interaction.params.id_token_hint, client)
  return deps.knownAccounts.list(ctx).find((id) => id === subject)
}

/** Who the page may take the person for without being told: whoever this browser is signed in as, or the app has named. */
async function findPresumed(ctx: Context, seam: Seam, deps: InteractionDependencies): Promise<string | undefined> {
  const { interaction } = seam
  const { reasons } = interaction.prompt
  if (textParam(interaction, 'login_hint')) return undefined
  const isSame = reasons.every((reason) => SAME_PERSON.has(reason))
  const accountId = (isSame && interaction.session?.accountId) || (await findHinted(ctx, seam, deps))
  if (!accountId) return undefined
  const account = await deps.accounts.find(accountId)
  return account?.status === 'active' ? account.email : undefined
}

/** What the session of this browser proves already, where more is wanted of the same person: step-up asks for the rest. */
async function findSessionEvidence(ctx: Context, { interaction }: Seam, deps: InteractionDependencies) {
  const { reasons } = interaction.prompt
  if (!interaction.session?.accountId || !reasons.every((reason) => STEP_UP.has(reason))) return []
  const { accountId, amr, loginTs } = await readSession(ctx, deps)
  if (!accountId || accountId !== interaction.session.accountId || !loginTs) return []
  return [evidenceOfSession({ accountId, amr: amr ?? [], at: new Date(loginTs * 1000) })]
}

/** The attempt of this interaction; the first page opens it. */
export async function openAttempt(ctx: Context, seam: Seam, deps: InteractionDependencies): Promise<Attempt> {
  const { uid, interaction, clientId, client, origin } = seam
  const found = await deps.signIn.find(uid)
  if (found) return found
  const start = {
    uid,
    request: { ...interaction.params },
    expiresAt: new Date(interaction.exp * 1000),
    identifier: await findPresumed(ctx, seam, deps),
    suggestedIdentifier: textParam(interaction, 'login_hint')?.slice(0, 254),
    device: findDevice(ctx, deps),
    evidence: await findSessionEvidence(ctx, seam, deps),
    isAnew: wantsAnew(interaction),
    ...(await readAssuranceRequest(interaction.params, client, {
      assurance: deps.signIn.assurance,
      apis: deps.access.apis,
    })),
  }
  const page = pageOf(ctx, seam, deps)
  const { attempt, isNew } = await deps.signIn.open(start, { page, origin, clientId })
  if (isNew)
    await deps.audit.record('sign_in.started', { clientId, origin }, { reasons: [...interaction.prompt.reasons] })
  return attempt
}

/** What sign-in is told of the page that a method is used on. */
export function pageOf(ctx: Context, { uid, client, clientId }: Seam, deps: InteractionDependencies): PageContext {
  return {
    returnUrlFor: (method) => new URL(`/interaction/${uid}/${method}/return`, deps.config.server.issuer).href,
    browser: () => deps.browsers.mark(ctx),
    clientName: client.clientName ?? clientId,
    locale: deps.localeOf(ctx),
  }
}
