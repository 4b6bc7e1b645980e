import { generateAuthenticationOptions, verifyAuthenticationResponse } from '@simplewebauthn/server'
import type { Credential, Credentials } from '../../credentials.ts'
import type { MethodContext, SignInMethod } from '../../method.ts'
import {
  CHALLENGE_SECONDS,
  handleOf,
  NAME,
  type Passkey,
  PROVES,
  strengthOf,
  toBytes,
  userHandleOf,
} from './passkey.ts'
import type { RelyingParty } from './relying-party.ts'
import { type AuthenticationForm, authenticationForm, isCrossOrigin } from './response.ts'

interface Dependencies {
  readonly credentials: Credentials
  readonly relyingParty: RelyingParty
}

interface Pending {
  readonly challenge: string
  /** The credential ids of the account, once something is proved; any account's before that. */
  readonly allowed?: readonly string[] | undefined
}

/** Checks that whoever uses it may. @returns why not */
function findOwnerProblem(
  { accountId, secret }: Credential<Passkey>,
  { response: { userHandle } }: AuthenticationForm['response'],
  { account }: MethodContext,
  { allowed }: Pending,
): string | undefined {
  if (allowed && (!allowed.includes(secret.credentialId) || accountId !== account?.id)) return 'another_account'
  if (!allowed && userHandle === undefined) return 'no_user_handle'
  return userHandle === undefined || userHandle === userHandleOf(accountId) ? undefined : 'user_handle'
}

/** Checks the signature and what it covers. @returns undefined when anything is not as it has to be */
async function verify(
  { response }: AuthenticationForm,
  { challenge }: Pending,
  { secret }: Credential<Passkey>,
  { id, origins }: RelyingParty,
) {
  if (isCrossOrigin(response.response.clientDataJSON)) return undefined
  const verified = await verifyAuthenticationResponse({
    response,
    expectedChallenge: challenge,
    expectedOrigin: [...origins],
    expectedRPID: id,
    // Compared by us: a counter that goes back is a sign of risk and no refusal.
    credential: { id: secret.credentialId, publicKey: toBytes(secret.publicKey), counter: 0 },
    requireUserVerification: false,
  }).catch(() => undefined)
  return verified?.verified ? verified.authenticationInfo : undefined
}

type Used = NonNullable<Awaited<ReturnType<typeof verify>>>

/** Proving by passkey: by whoever's it is at the first step, by the account's own after that. */
export function createAuthentication({
  credentials,
  relyingParty,
}: Dependencies): SignInMethod<AuthenticationForm, Pending> {
  const findAllowed = async ({ account, isSecondStep }: MethodContext) => {
    if (!isSecondStep) return undefined
    return account ? (await credentials.list<Passkey>(account.id, NAME)).map(({ secret }) => secret) : []
  }

  /** Keeps what changed. @returns whether the counter went back, or stood still where it counts */
  const keep = async ({ id, secret }: Credential<Passkey>, used: Used, isUserVerified: boolean) => {
    const known = { isBackedUp: used.credentialBackedUp, isUserVerified }
    const counts = used.newCounter > 0 || secret.counter > 0
    // One conditional update: of two with the same counter one is the copy.
    const isForward =
      counts &&
      (await credentials.change(id, { counter: { $lt: used.newCounter } }, { ...known, counter: used.newCounter }))
    if (!isForward) await credentials.change(id, {}, known)
    return counts && !isForward
  }

  return {
    name: NAME,
    identifies: true,
    step: 'any',
    proves: PROVES,
    isBegunOnShow: true,
    available: async (account) => account === undefined || credentials.has(account.id, NAME),

    // One that was only offered asks for no second step.
    isWanted: async ({ id }) => (await credentials.list<Passkey>(id, NAME)).some(({ secret }) => !secret.isShortcut),

    async begin(context) {
      const allowed = await findAllowed(context)
      const options = await generateAuthenticationOptions({
        rpID: relyingParty.id,
        timeout: CHALLENGE_SECONDS * 1000,
        // Where something the person has was proved already, only its verification adds to that.
        userVerification: context.proved.includes('possession') ? 'required' : 'preferred',
        allowCredentials: (allowed ?? []).map(({ credentialId, transports }) => ({
          id: credentialId,
          transports: [...transports],
        })),
      })
      return {
        challenge: { kind: 'show', data: { options } },
        state: { challenge: options.challenge, allowed: allowed?.map(({ credentialId }) => credentialId) },
        expiresInSeconds: CHALLENGE_SECONDS,
      }
    },

    parse: (body) => authenticationForm.parse(body),

    async verify(context, form, state) {
      const credential = await credentials.findByHandle<Passkey>(NAME, handleOf(form.response.id))
      if (!state || !credential) return { isProved: false, reason: 'unknown_credential' }
      const problem = findOwnerProblem(credential, form.response, context, state)
      if (problem) return { isProved: false, reason: problem }
      const used = await verify(form, state, credential, relyingParty)
      if (!used) return { isProved: false, reason: 'mismatch' }
      const { secret, accountId } = credential
      if ((used.credentialDeviceType === 'multiDevice') !== secret.isSyncable)
        return { isProved: false, reason: 'backup_eligibility' }

      const isKnownToVerify = secret.isUserVerified || (used.userVerified && context.proved.includes('knowledge'))
      const hasGoneBack = await keep(credential, used, isKnownToVerify)
      const strength = strengthOf(used.userVerified && secret.isUserVerified)
      return { isProved: true, accountId, ...strength, ...(hasGoneBack ? { risk: 'counter_went_back' } : {}) }
    },
  }
}
