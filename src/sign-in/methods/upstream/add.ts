import type { Confirmation, EnrollableMethod } from '../../enrollable.ts'
import { refusals } from '../../refusals.ts'
import { NAME, PROVES, providerOf, strengthOf, toCredential } from './identity.ts'
import { type Journey, type Pending, readAnswer } from './journey.ts'
import type { UpstreamAnswer, UpstreamProvider } from './provider.ts'

const MAX_LINKED = 20

/** The half that adds one to an account: bound to the session that began it. */
export function createAdding(
  { providers }: { readonly providers: readonly UpstreamProvider[] },
  journey: Journey,
): EnrollableMethod<UpstreamAnswer, Pending> {
  return {
    name: NAME,
    proves: PROVES,
    choices: providers.map(({ id, label }) => ({ id, label })),
    async begin({ returnUrl, session }, input) {
      const left = await journey.leave(input, { continueAt: returnUrl })
      if ('failure' in left) throw refusals.elsewhereUnreachable(left.failure)
      return { challenge: { data: {}, url: left.url }, state: { ...left.pending, session }, tries: 1 }
    },
    parse: readAnswer,
    async confirm({ existing, session }, answer, pending): Promise<Confirmation> {
      if (pending.session !== session) return { isConfirmed: false, reason: 'another_session' }
      if (existing.length >= MAX_LINKED) return { isConfirmed: false, reason: 'too_many' }
      const outcome = await journey.comeBack(pending, answer)
      if (!outcome) return { isConfirmed: false, reason: 'provider_gone' }
      if ('failure' in outcome) return { isConfirmed: false, reason: outcome.failure }
      const { identity, provider } = outcome
      return {
        isConfirmed: true,
        credential: toCredential(identity, provider),
        strength: strengthOf(identity, provider),
      }
    },
    present: () => ({}),
    viaOf: providerOf,
  }
}
