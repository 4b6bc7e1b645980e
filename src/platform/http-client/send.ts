import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { LookupFunction } from 'node:net'
import { OutboundError } from './outbound-error.ts'

/** One request to somebody else's server. */
export interface OutboundRequest {
  readonly url: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | undefined
  /** How long everything may take, from the name's look-up to the last byte. */
  readonly timeoutMs?: number
  /** The largest answer that is taken. */
  readonly maxBytes?: number
  readonly signal?: AbortSignal | undefined
}

/** The answer, whichever status it has. A redirect is an answer like any other: nobody follows it. */
export interface OutboundAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: Buffer
}

/** One address of a name, as the system's resolver says it. */
export interface Address {
  readonly address: string
  readonly family: number
}

const MAX_BYTES = 65_536

/** The connection asks for the name's addresses once more: it is told those that were checked, and no others. */
function pinTo(addresses: readonly Address[]): LookupFunction {
  return (_name, { all }, callback) => {
    const [first] = addresses
    if (all) callback(null, [...addresses])
    else callback(null, first?.address ?? '', first?.family)
  }
}

async function collect(incoming: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const tooLarge = () => new OutboundError('too_large', `an answer of more than ${maxBytes} bytes`)
  if (Number(incoming.headers['content-length'] ?? 0) > maxBytes) throw tooLarge()
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBytes) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function toHeaders({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers()
  for (let index = 0; index + 1 < rawHeaders.length; index += 2)
    headers.append(rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '')
  return headers
}

/** Sends it to one of these addresses, and to no other. @throws OutboundError `too_large`; Error when it cannot be reached */
export function send(
  url: URL,
  addresses: readonly Address[],
  { method = 'GET', headers = {}, body, maxBytes = MAX_BYTES }: OutboundRequest,
  signal: AbortSignal,
): Promise<OutboundAnswer> {
  const make = url.protocol === 'https:' ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    // A connection of its own each time: none is ever used again that was checked for another name.
    const options = { method, headers, signal, agent: false as const, lookup: pinTo(addresses) }
    const outgoing = make(url, options, (incoming) => {
      collect(incoming, maxBytes)
        .then((bytes) => resolve({ status: incoming.statusCode ?? 0, headers: toHeaders(incoming), body: bytes }))
        .catch(reject)
        .finally(() => outgoing.destroy())
    })
    outgoing.once('error', reject)
    outgoing.end(body)
  })
}
