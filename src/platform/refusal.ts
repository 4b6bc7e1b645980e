/** One of several reasons, each with its own code and text. */
export type RefusalReason = Pick<Refusal, 'code' | 'message' | 'params'>

/** What a refusal says, to whom. */
export interface RefusalOptions {
  /** Stable, for programs: `room.reason`. It is also the key of the text in people's languages. */
  readonly code: string
  /** HTTP status, 4xx or 503. */
  readonly status: number
  /** One calm English sentence, for whoever has no translation. */
  readonly message: string
  /** What the text mentions. */
  readonly params?: Readonly<Record<string, string | number>>
  /** Seconds after which trying again makes sense. */
  readonly retryAfterSeconds?: number
  /** Everything that is wrong, one by one, where that is more than the code says. */
  readonly reasons?: readonly RefusalReason[]
  /** For the log only. */
  readonly cause?: unknown
}

/** An expected no: a stable code, a status, a message for people and a private cause. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: string
  readonly status: number
  readonly params: Readonly<Record<string, string | number>>
  readonly retryAfterSeconds: number | undefined
  readonly reasons: readonly RefusalReason[]

  constructor({ code, status, message, params = {}, retryAfterSeconds, reasons = [], cause }: RefusalOptions) {
    super(message, { cause })
    this.code = code
    this.status = status
    this.params = params
    this.retryAfterSeconds = retryAfterSeconds
    this.reasons = reasons
  }
}
