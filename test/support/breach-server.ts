import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { serveOnLoopback } from './loopback.ts'

/** What the server does with the next requests. */
export type BreachManner = 'good' | 'silent' | 'slow' | 'broken' | 'huge' | 'page' | 'cut'

/** What the server knows, and what it pads its answers with. */
export interface BreachKnowledge {
  readonly known: readonly string[]
  readonly padded?: readonly string[]
}

const LINES = 800
const hashOf = (text: string) => createHash('sha1').update(text).digest('hex').toUpperCase()
const suffix = (text: string) => hashOf(text).slice(5)

/** A server that speaks the range API of Have I Been Pwned, with padding, and can be told to misbehave. */
export async function startBreachServer({ known, padded = [] }: BreachKnowledge) {
  const requests: { path: string; padding: string | undefined }[] = []
  const state = { manner: 'good' as BreachManner }

  const linesOf = (passwords: readonly string[], prefix: string, count: number) =>
    passwords
      .filter((password) => hashOf(password).startsWith(prefix))
      .map((password) => `${suffix(password)}:${count}`)
  const range = (prefix: string) => {
    const others = Array.from({ length: LINES }, (_, index) => `${suffix(`${prefix}${index}`)}:${index + 1}`)
    return [...others, ...linesOf(known, prefix, 42), ...linesOf(padded, prefix, 0)].join('\r\n')
  }
  const answers: Record<BreachManner, (request: IncomingMessage, response: ServerResponse) => void> = {
    good: ({ url = '' }, response) => {
      response.setHeader('content-type', 'text/plain').end(range(url.split('/').at(-1) ?? ''))
    },
    silent: () => {},
    slow: (_request, response) => {
      response.write(`${suffix('slow')}:1\r\n`)
    },
    broken: (_request, response) => {
      response.writeHead(503).end('busy')
    },
    huge: (_request, response) => {
      response.end(`${suffix('huge')}:1\r\n`.repeat(100_000))
    },
    page: (_request, response) => {
      response.setHeader('content-type', 'text/html').end('<!doctype html><title>Sign in to this network</title>')
    },
    cut: (request) => {
      request.socket.destroy()
    },
  }
  const { origin, close } = await serveOnLoopback((request, response) => {
    const padding = request.headers['add-padding']
    requests.push({ path: request.url ?? '', padding: typeof padding === 'string' ? padding : undefined })
    answers[state.manner](request, response)
  })
  return { url: origin, state, requests, close }
}
