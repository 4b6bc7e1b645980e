// The one way out to other people's servers. Knows addresses, names, time and size, and no word of who is asking.
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { isInRanges, isPublicAddress } from '../address.ts'
import { OutboundError } from './outbound-error.ts'
import { type Address, type OutboundAnswer, type OutboundRequest, send } from './send.ts'

export { OutboundError } from './outbound-error.ts'
export type { OutboundAnswer, OutboundRequest } from './send.ts'

/** The one way out. @throws OutboundError */
export interface HttpClient {
  request(request: OutboundRequest): Promise<OutboundAnswer>
}

/** What the client may do. */
export interface HttpClientOptions {
  /** Ranges (CIDR) that may be reached although they are not public. */
  readonly allowedPrivateAddresses: readonly string[]
  /** Whether http is good enough. */
  readonly isHttpAllowed: boolean
  /** All addresses of a name. */
  readonly resolve?: (name: string) => Promise<readonly Address[]>
}

const TIMEOUT_MS = 5000

const resolveBySystem = (name: string) => lookup(name, { all: true })

function parseTarget(text: string, isHttpAllowed: boolean): URL {
  const url = URL.parse(text)
  if (!url) throw new OutboundError('url_refused', 'not an address')
  const isSchemeGood = url.protocol === 'https:' || (url.protocol === 'http:' && isHttpAllowed)
  if (!isSchemeGood) throw new OutboundError('url_refused', `${url.protocol} is not allowed for ${url.host}`)
  if (url.username || url.password) throw new OutboundError('url_refused', `${url.host} with a name or password`)
  return url
}

/** Waits for something that cannot be stopped, and no longer than the signal says. */
function until<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

/**
 * The one way out to other servers. The name is resolved first; every address it has must be public or allowed by the
 * operator, and the connection goes to one of these very addresses: a name that answers otherwise a moment later (DNS
 * rebinding) changes nothing, and no port of a private network is ever touched (R-28, R-34, ASVS 10.4.7).
 */
export function createHttpClient({
  allowedPrivateAddresses,
  isHttpAllowed,
  resolve = resolveBySystem,
}: HttpClientOptions): HttpClient {
  const isAllowed = (address: string) => isPublicAddress(address) || isInRanges(address, allowedPrivateAddresses)

  const findAddresses = async ({ hostname }: URL): Promise<readonly Address[]> => {
    const name = hostname.replace(/^\[(.*)\]$/, '$1')
    const family = isIP(name)
    const addresses = family
      ? [{ address: name, family }]
      : await resolve(name).catch((cause: unknown) => {
          throw new OutboundError('name_unknown', `${name} has no address`, cause)
        })
    if (addresses.length === 0) throw new OutboundError('name_unknown', `${name} has no address`)
    if (!addresses.every(({ address }) => isAllowed(address)))
      throw new OutboundError('address_refused', `${name} is at an address that is not public`)
    return addresses
  }

  return {
    async request(request) {
      const url = parseTarget(request.url, isHttpAllowed)
      const timeout = AbortSignal.timeout(request.timeoutMs ?? TIMEOUT_MS)
      const signal = request.signal ? AbortSignal.any([timeout, request.signal]) : timeout
      try {
        return await send(url, await until(findAddresses(url), signal), request, signal)
      } catch (error) {
        if (error instanceof OutboundError) throw error
        if (signal.aborted) throw new OutboundError('timed_out', `${url.host} did not answer in time`, error)
        throw new OutboundError('unreachable', `${url.host} cannot be reached`, error)
      }
    },
  }
}
