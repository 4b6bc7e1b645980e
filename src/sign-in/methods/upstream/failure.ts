import { AuthorizationResponseError, ClientError, ResponseBodyError } from 'openid-client'
import { OutboundError } from '../../../platform/http-client/index.ts'
import { UpstreamError } from './provider.ts'

/** Codes come from elsewhere: what is not plain is not repeated. */
const plain = (code: unknown) => (typeof code === 'string' && /^[a-z_]{1,40}$/.test(code) ? code : 'unknown')

/** The errors that one was caused by, itself first. */
function* causesOf(error: unknown): Generator<unknown> {
  for (let at = error; at !== undefined && at !== null; at = (at as { cause?: unknown }).cause) yield at
}

/** What the library says of an ID token or another answer. */
function ofClientError(error: ClientError): string {
  if (error.code === 'OAUTH_TIMEOUT') return 'timed_out'
  // Which claim is wrong stands in the cause of the cause.
  const claims = [...causesOf(error)].map((cause) => (cause as { claim?: unknown }).claim)
  const claim = claims.find((name) => typeof name === 'string')
  return claim === undefined ? 'answer_invalid' : `id_token_${plain(claim)}`
}

/**
 * Why a provider could not be asked or its answer was not taken, for the trail.
 * @returns undefined when it is a fault of ours
 */
export function whyFailed(error: unknown): string | undefined {
  for (const cause of causesOf(error)) {
    if (cause instanceof UpstreamError) return cause.reason
    if (cause instanceof OutboundError) return cause.reason
    if (cause instanceof AuthorizationResponseError) return plain(cause.error)
    if (cause instanceof ResponseBodyError) return `token_${plain(cause.error)}`
  }
  if (error instanceof ClientError) return ofClientError(error)
  // Metadata that the library cannot work with; a mistake of ours has no code.
  return error instanceof TypeError && 'code' in error ? 'metadata_invalid' : undefined
}
