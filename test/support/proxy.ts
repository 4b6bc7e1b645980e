import { request } from 'node:http'

/** Asks a program on this port as a proxy that ends TLS would: whatever the address says, over plain HTTP, with its host. */
export function throughProxy(port: number): typeof fetch {
  return (input, init = {}) => {
    const url = new URL(String(input))
    const given = init.headers as Record<string, string> | undefined
    return new Promise((resolve, reject) => {
      const asked = request(
        {
          host: 'localhost',
          port,
          path: url.pathname + url.search,
          method: init.method ?? 'GET',
          headers: { ...given, host: url.host },
        },
        (response) => {
          const parts: Buffer[] = []
          response.on('data', (part: Buffer) => parts.push(part))
          response.on('error', reject)
          response.on('end', () => {
            const headers = new Headers()
            for (const [name, values = []] of Object.entries(response.headersDistinct))
              for (const value of values) headers.append(name, value)
            const status = response.statusCode ?? 0
            const hasBody = status !== 204 && status !== 304
            resolve(new Response(hasBody ? Buffer.concat(parts) : null, { status, headers }))
          })
        },
      )
      asked.on('error', reject)
      asked.end(init.body as string | undefined)
    })
  }
}
