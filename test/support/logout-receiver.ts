import { createServer, type IncomingMessage } from 'node:http'
import type { TestContext } from 'node:test'

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

/**
 * The server of a relying party that is told when sessions end.
 * @param answer its status, or `never` when it lets everybody wait
 */
export async function startLogoutReceiver(t: TestContext, answer: number | 'never' = 200) {
  const received: ReceivedLogout[] = []
  const server = createServer(async (request, response) => {
    received.push(await read(request))
    if (answer === 'never') return
    response.writeHead(answer, { location: '/elsewhere' }).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return { uri: `http://127.0.0.1:${port}/logout`, received }
}
