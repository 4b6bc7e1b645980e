// Upstream: an account at another provider (Google, GitHub, a company's own). Owns which identity belongs to which
// account, by issuer and subject alone, and what such a provider's word is worth. Each provider is one file.
import { z } from 'zod'
import { type Account, normaliseIdentifier } from '../../../accounts/index.ts'
import { newSecret } from '../../../platform/ids.ts'
import type { Sealer } from '../../../platform/seal.ts'
import type { Credential, Credentials } from '../../credentials.ts'
import type { Confirmation, EnrollableMethod } from '../../enrollable.ts'
import type { Choice, NotBegun, SignInMethod } from '../../method.ts'
import { refusals } from '../../refusals.ts'
import { whyFailed } from './failure.ts'
import { check, handleOf, NAME, PROVES, strengthOf, toCredential, type UpstreamSecret } from './identity.ts'
import type { UpstreamAnswer, UpstreamIdentity, UpstreamProvider, UpstreamRequest } from './provider.ts'
import { makeReturnState, readReturnState } from './return-state.ts'

export type { UpstreamProvider } from './provider.ts'
export { createProviders } from './providers/index.ts'

/** What the method is made of. */
export interface UpstreamDependencies {
  readonly credentials: Credentials
  readonly sealer: Sealer
  readonly issuer: string
  readonly providers: readonly UpstreamProvider[]
  /** The provider that an organization names for people of its domain. */
  readonly findProviderOf: (domain: string) => Promise<string | undefined>
}

/** The one address on our site that a provider leads back to. */
export interface UpstreamReturn {
  /** Whether there is such a provider, switched on. */
  has(provider: string): boolean
  /** The provider that people with such an address are sent to. */
  providerFor(identifier: string): Promise<string | undefined>
  /** Where it goes on from there. @returns undefined when the state was not made here */
  pathOf(provider: string, state: string): string | undefined
}

/** A person who was sent to a provider. */
interface Pending extends UpstreamRequest {
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

const MAX_LINKED = 20
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

const readAnswer = (body: unknown): UpstreamAnswer =>
  Object.fromEntries(
    Object.entries(answerForm.parse(body)).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )

/** The provider that was chosen; the only one where nothing was. @throws Refusal `sign_in.method_unknown` */
function choose(providers: readonly UpstreamProvider[], input: unknown): UpstreamProvider {
  const { choice = providers.length === 1 ? providers[0]?.id : undefined } = chosen.parse(input)
  const provider = providers.find(({ id }) => id === choice)
  if (!provider) throw refusals.methodUnknown()
  return provider
}

/** Sending people away and looking at what they bring back, for both halves of the method. */
function createJourney({ providers, sealer, issuer }: UpstreamDependencies) {
  return {
    /** @returns where to go, or why that cannot be said now */
    async leave(input: unknown, { continueAt, loginHint, isAnew }: Leaving): Promise<Left> {
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
    async comeBack(pending: Pending, answer: UpstreamAnswer): Promise<Outcome | undefined> {
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

const providerOf = ({ secret }: Credential) => (secret as UpstreamSecret).provider

/** The half that signs in. */
function createSignIn(deps: UpstreamDependencies, journey: ReturnType<typeof createJourney>) {
  const { providers, credentials } = deps
  const findChoices = async (account: Account | undefined): Promise<readonly Choice[]> => {
    const linked = account && (await credentials.list(account.id, NAME)).map(providerOf)
    return providers.filter(({ id }) => !linked || linked.includes(id)).map(({ id, label }) => ({ id, label }))
  }
  const method: SignInMethod<UpstreamAnswer, Pending> = {
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
  return method
}

/** The half that adds one to an account: bound to the session that began it. */
function createLinking({ providers }: UpstreamDependencies, journey: ReturnType<typeof createJourney>) {
  const method: EnrollableMethod<UpstreamAnswer, Pending> = {
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
  return method
}

/** Makes both halves of the method, and the address that providers lead back to. */
export function createUpstream(deps: UpstreamDependencies): {
  readonly entry: { readonly signIn?: SignInMethod; readonly enrol?: EnrollableMethod }
  readonly door: UpstreamReturn
} {
  const { providers, sealer, findProviderOf } = deps
  const journey = createJourney(deps)
  const entry = {
    signIn: createSignIn(deps, journey) as SignInMethod,
    enrol: createLinking(deps, journey) as EnrollableMethod,
  }
  return {
    // Without a provider there is nothing to add either.
    entry: providers.length > 0 ? entry : {},
    door: {
      has: (provider) => providers.some(({ id }) => id === provider),
      async providerFor(identifier) {
        const known = normaliseIdentifier(identifier) ?? ''
        const domain = known.slice(known.lastIndexOf('@') + 1)
        const named = providers.find(({ domains }) => domains.includes(domain))?.id ?? (await findProviderOf(domain))
        // One that is switched off is passed over.
        return providers.find(({ id }) => id === named)?.id
      },
      pathOf: (provider, state) => readReturnState(sealer, provider, state),
    },
  }
}
