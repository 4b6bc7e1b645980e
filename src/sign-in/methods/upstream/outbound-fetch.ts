import type { CustomFetch } from 'openid-client'
import type { HttpClient } from '../../../platform/http-client/index.ts'

const TIMEOUT_MS = 5000
/** Discovery documents and key sets of large providers have some ten KiB. */
const MAX_BYTES = 262_144

/** Statuses that come without a body. */
const EMPTY = new Set([204, 205, 304])

/** How the library asks providers: by our one way out, to no private address, not for long, and not for much. */
export function outboundFetch(http: HttpClient): CustomFetch {
  return async (url, { method, headers, body, signal }) => {
    const sent = body === undefined || body === null ? {} : { body: String(body) }
    const request = { url, method, headers, ...sent, signal, timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES }
    const answer = await http.request(request)
    const content = EMPTY.has(answer.status) ? null : new Uint8Array(answer.body)
    return new Response(content, { status: answer.status, headers: answer.headers })
  }
}
