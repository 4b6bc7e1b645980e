import type { Configuration } from 'oidc-provider'
import type { HttpClient, OutboundAnswer } from '../../platform/http-client/index.ts'

/** For this long an answer, or that there was none, is what everybody gets who asks for the same address. */
const KEPT_MS = 30_000
/** The most answers that are kept. */
const MAX_KEPT = 500
const MAX_BYTES = 65_536
const TIMEOUT_MS = 2500

/** Statuses that come without a body. */
const EMPTY = new Set([204, 205, 304])

function toResponse({ status, headers, body }: OutboundAnswer): Response {
  const type = headers.get('content-type')
  return new Response(EMPTY.has(status) ? null : new Uint8Array(body), {
    status,
    headers: type ? { 'content-type': type } : {},
  })
}

/**
 * How the library gets documents that clients name (`jwks_uri`): by our one way out. Anybody can name a client in an
 * assertion, so an address is asked once in a while only, whether it answers or not. What a client says about caching
 * is left out: the library then asks for a key that it does not know after a minute, and not when the client said.
 */
export function createClientFetch(http: HttpClient): NonNullable<Configuration['fetch']> {
  const kept = new Map<string, { readonly at: number; readonly answer: Promise<OutboundAnswer> }>()

  const ask = (url: string, headers: Readonly<Record<string, string>>) => {
    const found = kept.get(url)
    if (found && Date.now() - found.at < KEPT_MS) return found.answer
    const answer = http.request({ url, headers, timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES })
    if (kept.size >= MAX_KEPT) kept.clear()
    kept.set(url, { at: Date.now(), answer })
    return answer
  }

  return async (input, { method = 'GET', headers } = {}) => {
    if (method !== 'GET') throw new Error('clients are only asked for documents in this way')
    return toResponse(await ask(new Request(input).url, Object.fromEntries(new Headers(headers))))
  }
}
