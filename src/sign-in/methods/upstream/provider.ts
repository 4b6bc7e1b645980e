/** An authorization request that is about to be made. Everything in it is used once. */
export interface UpstreamRequest {
  /** The one address that is registered at the provider. */
  readonly redirectUri: string
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
  /** Whom the provider may take the person for, unless they say otherwise. */
  readonly loginHint?: string | undefined
  /** Whether the person has to prove anew who they are, where the provider can be asked for that. */
  readonly isAnew?: boolean | undefined
}

/** What the browser brought back, by field of the answer (RFC 6749 section 4.1.2, RFC 9207). */
export type UpstreamAnswer = Readonly<Record<string, string>>

/** Who somebody is at a provider: `issuer` and `subject` together, and nothing else, say who (ASVS 6.8.1). */
export interface UpstreamIdentity {
  readonly issuer: string
  readonly subject: string
  readonly email?: string | undefined
  /** Whether the provider itself says that the mailbox is theirs. */
  readonly isEmailVerified: boolean
  readonly name?: string | undefined
  /** When the person proved it there, if the provider says so. */
  readonly provedAt?: Date | undefined
  /** What it says of how the person proved it (`amr` and `acr`). */
  readonly said: readonly string[]
}

/** One provider that people can sign in with. */
export interface UpstreamProvider {
  /** Its name in addresses and in the trail. */
  readonly id: string
  /** Its name for people. */
  readonly label: string
  /** Values of `amr` or `acr` that it is believed: whoever comes with one of them has proved two factors there. */
  readonly trusts: readonly string[]
  /** Domains of e-mail addresses whose people are sent here as soon as they have said who they are. */
  readonly domains: readonly string[]
  /** Where to send the person. @throws whatever `whyFailed` knows */
  authorize(request: UpstreamRequest): Promise<URL>
  /** Who came back: everything that the answer says is checked. @throws whatever `whyFailed` knows */
  identify(request: UpstreamRequest, answer: UpstreamAnswer): Promise<UpstreamIdentity>
}

/** An answer that is not as it has to be; `reason` is told to the trail. */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError'
  readonly reason: string
  constructor(reason: string, cause?: unknown) {
    super(reason, { cause })
    this.reason = reason
  }
}
