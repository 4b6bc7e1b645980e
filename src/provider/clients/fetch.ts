import type { Configuration } from 'oidc-provider'
import type { HttpClient } from '../../platform/http-client/index.ts'

/** After an address did not answer it is left alone for this long, whoever asks for it. */
const COOL_DOWN_MS = 30_000
/** The most addresses that are remembered as not answering. */
const MAX_REMEMBERED = 1000
const MAX_BYTES = 65_536

/** Statuses that come without a body. */
const EMPTY = new Set([204, 205, 304])

/**
 * How the library gets documents that clients name (`jwks_uri`, `sector_identifier_uri`): by our one way out. What a
 * client says about caching is left out: the library then asks again for a key that it does not know after a minute,
 * and not after however long the client said (or never).
 */
export function createClientFetch(http: HttpClient): NonNullable<Configuration['fetch']> {
  const failedAt = new Map<string, number>()
  // Anybody can name a client in an assertion: without this each one would make us wait for a server that is down.
  const assertRested = (url: string) => {
    const at = failedAt.get(url)
    if (at !== undefined && Date.now() - at < COOL_DOWN_MS) throw new Error('it did not answer a moment ago')
  }
  const remember = (url: string) => {
    if (failedAt.size >= MAX_REMEMBERED) failedAt.clear()
    failedAt.set(url, Date.now())
  }

  return async (input, { method = 'GET', headers, signal } = {}) => {
    const url = new Request(input).url
    assertRested(url)
    try {
      const given = Object.fromEntries(new Headers(headers))
      const answer = await http.request({
        url,
        method,
        headers: given,
        signal: signal ?? undefined,
        maxBytes: MAX_BYTES,
      })
      failedAt.delete(url)
      const { status } = answer
      const type = answer.headers.get('content-type')
      return new Response(EMPTY.has(status) ? null : new Uint8Array(answer.body), {
        status,
        headers: type ? { 'content-type': type } : {},
      })
    } catch (error) {
      remember(url)
      throw error
    }
  }
}
