import type { IncomingMessage, ServerResponse } from 'node:http'
import { serveOnLoopback } from './loopback.ts'

/** What the server does with the next requests. */
export type SmsManner = 'good' | 'refusing' | 'broken' | 'silent' | 'page' | 'cut' | 'redirect'

/** A request as it came. */
export interface SmsRequest {
  readonly method: string | undefined
  readonly path: string | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

const answer = (response: ServerResponse, status: number, body: object) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

/** A server that takes text messages and answers as Twilio does; it can be told to misbehave. */
export async function startSmsServer() {
  const requests: SmsRequest[] = []
  const state = { manner: 'good' as SmsManner }
  const answers: Record<SmsManner, (request: IncomingMessage, response: ServerResponse) => void> = {
    good: (_request, response) => answer(response, 201, { sid: 'SM0123', status: 'queued' }),
    refusing: (_request, response) =>
      answer(response, 400, { code: 21211, message: "The 'To' number is not a valid phone number.", status: 400 }),
    broken: (_request, response) => answer(response, 500, {}),
    silent: () => {},
    page: (_request, response) => {
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<!doctype html><title>Sign in to this network</title>')
    },
    cut: (request) => {
      request.socket.destroy()
    },
    redirect: (_request, response) => {
      response.writeHead(307, { location: '/elsewhere' }).end()
    },
  }
  const { origin, close } = await serveOnLoopback(async (request, response) => {
    const body = await read(request)
    requests.push({ method: request.method, path: request.url, headers: request.headers, body })
    answers[state.manner](request, response)
  })
  return { url: origin, state, requests, close }
}
