import type { IncomingMessage } from 'node:http'
import type { TestContext } from 'node:test'
import { serveOnLoopback } from './loopback.ts'

/** A logout request as a relying party got it. */
export interface ReceivedLogout {
  readonly method: string | undefined
  readonly contentType: string | undefined
  readonly fields: Readonly<Record<string, string>>
}

async function read(request: IncomingMessage): Promise<ReceivedLogout> {
  let body = ''
  for await (const part of request) body += part
  const fields = Object.fromEntries(new URLSearchParams(body))
  return { method: request.method, contentType: request.headers['content-type'], fields }
}

/** How it answers: with this status, or never, so that everybody waits. */
export type LogoutAnswer = number | 'never'

/** The server of a relying party that is told when sessions end. How it answers can be changed later. */
export async function startLogoutReceiver(t: TestContext, answer: LogoutAnswer = 200) {
  const received: ReceivedLogout[] = []
  const manners = { answer }
  const { origin, close } = await serveOnLoopback(async (request, response) => {
    received.push(await read(request))
    if (manners.answer === 'never') return
    response.writeHead(manners.answer, { location: '/elsewhere' }).end()
  })
  t.after(close)
  return { uri: `${origin}/logout`, received, manners }
}
