import type { Account } from '../../../accounts/index.ts'
import type { Credentials } from '../../credentials.ts'
import type { Choice, SignInMethod } from '../../method.ts'
import { handleOf, NAME, PROVES, providerOf, strengthOf, toCredential, type UpstreamSecret } from './identity.ts'
import { type Journey, type Pending, readAnswer } from './journey.ts'
import type { UpstreamAnswer, UpstreamProvider } from './provider.ts'

interface Dependencies {
  readonly credentials: Credentials
  readonly providers: readonly UpstreamProvider[]
}

/** The half that signs in. */
export function createProving(
  { providers, credentials }: Dependencies,
  journey: Journey,
): SignInMethod<UpstreamAnswer, Pending> {
  const findChoices = async (account: Account | undefined): Promise<readonly Choice[]> => {
    const linked = account && (await credentials.list(account.id, NAME)).map(providerOf)
    return providers.filter(({ id }) => !linked || linked.includes(id)).map(({ id, label }) => ({ id, label }))
  }
  return {
    name: NAME,
    identifies: true,
    step: 'any',
    proves: PROVES,
    isAnsweredElsewhere: true,
    available: async (account) => (await findChoices(account)).length > 0,
    choices: findChoices,

    async begin({ returnUrl, isSecondStep, isAnew, account, identifier }, input) {
      const loginHint = isSecondStep ? account?.email : identifier
      const left = await journey.leave(input, { continueAt: returnUrl, loginHint, isAnew })
      if ('failure' in left) return left
      return { challenge: { kind: 'redirect', url: left.url }, state: left.pending }
    },
    parse: readAnswer,

    async verify(_context, answer, pending) {
      const outcome = pending && (await journey.comeBack(pending, answer))
      if (!outcome) return { isProved: false, reason: 'no_challenge' }
      const { provider } = outcome
      if ('failure' in outcome) return { isProved: false, reason: outcome.failure, via: provider.id }
      const { identity } = outcome
      const strength = strengthOf(identity, provider)
      const known = await credentials.findByHandle<UpstreamSecret>(NAME, handleOf(identity))
      if (known) {
        await credentials.touch(known.id)
        return { isProved: true, accountId: known.accountId, via: provider.id, ...strength }
      }
      const { email, isEmailVerified, name } = identity
      const credential = toCredential(identity, provider)
      const newcomer = {
        method: NAME,
        via: provider.id,
        from: provider.label,
        email,
        isEmailVerified,
        name,
        credential,
        strength,
      }
      return { isProved: false, reason: 'unknown_identity', via: provider.id, newcomer }
    },
  }
}
