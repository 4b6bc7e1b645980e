/** Why a request did not get an answer. */
export type OutboundFailure =
  | 'url_refused'
  | 'address_refused'
  | 'name_unknown'
  | 'timed_out'
  | 'too_large'
  | 'unreachable'

/** A request that got no answer. The message names the host and nothing of the path, which may hold a secret. */
export class OutboundError extends Error {
  override readonly name = 'OutboundError'
  readonly reason: OutboundFailure
  constructor(reason: OutboundFailure, message: string, cause?: unknown) {
    super(message, { cause })
    this.reason = reason
  }
}
