import { createServer, type RequestListener } from 'node:http'

/** A server of somebody else, played on this machine. */
export interface LoopbackServer {
  readonly origin: string
  /** Ends it at once, whoever is still waiting for an answer. */
  readonly close: () => Promise<void>
}

/** Serves on a free port of this machine. */
export async function serveOnLoopback(listener: RequestListener): Promise<LoopbackServer> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    origin: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
