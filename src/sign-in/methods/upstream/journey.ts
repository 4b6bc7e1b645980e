import { z } from 'zod'
import { newSecret } from '../../../platform/ids.ts'
import type { Sealer } from '../../../platform/seal.ts'
import type { NotBegun } from '../../method.ts'
import { refusals } from '../../refusals.ts'
import { whyFailed } from './failure.ts'
import { check } from './identity.ts'
import type { UpstreamAnswer, UpstreamIdentity, UpstreamProvider, UpstreamRequest } from './provider.ts'
import { makeReturnState } from './return-state.ts'

/** What going there and coming back takes. */
export interface JourneyDependencies {
  readonly sealer: Sealer
  readonly issuer: string
  readonly providers: readonly UpstreamProvider[]
}

/** A person who was sent to a provider. */
export interface Pending extends UpstreamRequest {
  readonly provider: string
  /** The session that began to add it. */
  readonly session?: string | undefined
}

/** How somebody leaves. */
interface Leaving extends Pick<UpstreamRequest, 'loginHint' | 'isAnew'> {
  readonly continueAt: string | undefined
}

/** On the way, or why not. */
type Left = { readonly url: string; readonly pending: Pending } | NotBegun

type Outcome = { readonly provider: UpstreamProvider } & (
  | { readonly identity: UpstreamIdentity }
  | { readonly failure: string }
)

const chosen = z.object({ choice: z.string().max(64).optional() })
const short = z.string().max(500)
/** What an answer can say. Codes of some providers are long. */
const answerForm = z.object({
  state: z.string().min(1).max(1000),
  code: z.string().max(4096).optional(),
  iss: short.optional(),
  error: short.optional(),
  user: z.string().max(2000).optional(),
})

/** Reads what came back. @throws ZodError */
export const readAnswer = (body: unknown): UpstreamAnswer =>
  Object.fromEntries(
    Object.entries(answerForm.parse(body)).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )

/** The provider that was chosen; the only one where nothing was. @throws Refusal `sign_in.method_unknown` */
function choose(providers: readonly UpstreamProvider[], input: unknown): UpstreamProvider {
  const only = providers.length === 1 ? providers[0]?.id : undefined
  const { choice = only } = chosen.safeParse(input).data ?? { choice: '' }
  const provider = providers.find(({ id }) => id === choice)
  if (!provider) throw refusals.methodUnknown()
  return provider
}

/** Going there and coming back. */
export interface Journey {
  /** @returns where to go, or why that cannot be said now. @throws Refusal `sign_in.method_unknown` */
  leave(input: unknown, how: Leaving): Promise<Left>
  /** Who came back, or why that is not known. @returns undefined when the provider was switched off meanwhile */
  comeBack(pending: Pending, answer: UpstreamAnswer): Promise<Outcome | undefined>
}

/** Sending people away and looking at what they bring back, for both halves of the method. */
export function createJourney({ providers, sealer, issuer }: JourneyDependencies): Journey {
  return {
    async leave(input, { continueAt, loginHint, isAnew }) {
      const provider = choose(providers, input)
      const request: UpstreamRequest = {
        redirectUri: `${issuer}/upstream/${provider.id}/return`,
        state: makeReturnState(sealer, provider.id, new URL(continueAt ?? '/', issuer).pathname),
        nonce: newSecret(),
        codeVerifier: newSecret(),
        loginHint,
        isAnew,
      }
      try {
        const url = await provider.authorize(request)
        return { url: url.href, pending: { ...request, provider: provider.id } }
      } catch (error) {
        const failure = whyFailed(error)
        if (failure === undefined) throw error
        return { failure, via: provider.id }
      }
    },
    async comeBack(pending, answer) {
      const provider = providers.find(({ id }) => id === pending.provider)
      if (!provider) return undefined
      try {
        return { provider, identity: check(await provider.identify(pending, answer), pending) }
      } catch (error) {
        const failure = whyFailed(error)
        if (failure === undefined) throw error
        return { provider, failure }
      }
    },
  }
}
