import { createServer, type RequestListener, type Server } from 'node:http'

/** A listening server. */
export interface RunningServer {
  readonly port: number
  /** Takes no more requests, lets running ones end, and cuts off what still runs after these seconds. */
  readonly drain: (seconds: number) => Promise<void>
}

const HEADERS_MS = 10_000
const REQUEST_MS = 30_000

function refuseMalformed(server: Server): void {
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
    else socket.destroy()
  })
}

/** Listens. @throws Error when the port is taken */
export async function startServer(listener: RequestListener, port: number): Promise<RunningServer> {
  let isDraining = false
  const server = createServer({ headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS }, (request, response) => {
    // A connection that is kept alive after the last answer would hold up the end.
    response.once('close', () => isDraining && server.closeIdleConnections())
    listener(request, response)
  })
  refuseMalformed(server)
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : port,
    drain: (seconds) =>
      new Promise((resolve) => {
        isDraining = true
        const cut = setTimeout(() => server.closeAllConnections(), seconds * 1000)
        server.close(() => {
          clearTimeout(cut)
          resolve()
        })
        server.closeIdleConnections()
      }),
  }
}
