import assert from 'node:assert/strict'
import type { IncomingMessage, RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createServer as createTcpServer, type Server } from 'node:net'
import { type TestContext, test } from 'node:test'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { createHttpClient, OutboundError } from '../../src/platform/http-client/index.ts'
import { certificate } from '../support/certificate.ts'
import { serveOnLoopback } from '../support/loopback.ts'

const LOOPBACK = ['127.0.0.0/8', '::1/128']

async function listen(t: TestContext, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const { origin, close } = await serveOnLoopback(listener)
  t.after(close)
  return origin
}

const open = (options: Partial<Parameters<typeof createHttpClient>[0]> = {}) =>
  createHttpClient({ allowedPrivateAddresses: LOOPBACK, isHttpAllowed: true, ...options })

const failsWith = (reason: string) => (error: unknown) => {
  assert.ok(error instanceof OutboundError, String(error))
  assert.equal(error.reason, reason)
  return true
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  let text = ''
  for await (const part of incoming) text += part
  return text
}

test('it sends method, headers and body, and gives back status, headers and bytes', async (t) => {
  const origin = await serve(t, async (request, response) => {
    const body = await readBody(request)
    response.writeHead(201, { 'X-Seen': `${request.method} ${request.url} ${request.headers['x-mine']}` }).end(body)
  })
  const answer = await open().request({
    url: `${origin}/hook?a=1`,
    method: 'POST',
    headers: { 'x-mine': 'y' },
    body: 'ä',
  })
  assert.equal(answer.status, 201)
  assert.equal(answer.headers.get('x-seen'), 'POST /hook?a=1 y')
  assert.equal(answer.body.toString(), 'ä')
})

test('an answer that takes too long is given up, at the headers and in the middle of the body', async (t) => {
  const origin = await serve(t, (request, response) => {
    if (request.url === '/body') response.writeHead(200).write('part')
  })
  const started = performance.now()
  for (const path of ['/headers', '/body'])
    await assert.rejects(open().request({ url: origin + path, timeoutMs: 150 }), failsWith('timed_out'))
  // Without a limit of one's own it would have been 5 seconds each.
  assert.ok(performance.now() - started < 8000)
})

test('a name that takes too long to resolve is given up', async () => {
  const client = open({ resolve: () => new Promise(() => {}) })
  await assert.rejects(client.request({ url: 'https://slow.example/', timeoutMs: 50 }), failsWith('timed_out'))
})

test('an answer that is too large is not read to its end, whether it says its size or not', async (t) => {
  let written = 0
  const origin = await serve(t, (request, response) => {
    if (request.url === '/told') return void response.writeHead(200, { 'Content-Length': '9999999' }).write('x')
    const more = () => {
      while (!response.destroyed && written < 50_000_000) {
        written += 65_536
        if (!response.write(Buffer.alloc(65_536))) return void response.once('drain', more)
      }
    }
    more()
  })
  for (const path of ['/told', '/endless'])
    await assert.rejects(open().request({ url: origin + path, maxBytes: 1000 }), failsWith('too_large'))
  assert.ok(written < 50_000_000)
  const exact = await serve(t, (_request, response) => response.end('x'.repeat(1000)))
  assert.equal((await open().request({ url: exact, maxBytes: 1000 })).body.length, 1000)
})

test('a redirect is given back and not followed', async (t) => {
  let asked = 0
  const origin = await serve(t, (_request, response) => {
    asked += 1
    response.writeHead(302, { Location: '/elsewhere' }).end()
  })
  const answer = await open().request({ url: origin })
  assert.equal(answer.status, 302)
  assert.equal(answer.headers.get('location'), '/elsewhere')
  assert.equal(asked, 1)
})

test('private addresses are not even connected to, however they are spelled or named', async (t) => {
  let connections = 0
  const server = createTcpServer(() => {
    connections += 1
  })
  const port = await listen(t, server)
  const client = open({ allowedPrivateAddresses: [] })
  const hosts = ['127.0.0.1', 'localhost', '2130706433', '0x7f.1', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0']
  for (const host of hosts)
    await assert.rejects(client.request({ url: `http://${host}:${port}/` }), failsWith('address_refused'), host)
  for (const host of [
    '10.0.0.1',
    '169.254.169.254',
    '192.168.1.1',
    '100.64.0.1',
    '[fd00::1]',
    '[64:ff9b::a00:1]',
    '[2002:a00:1::]',
  ])
    await assert.rejects(client.request({ url: `https://${host}/` }), failsWith('address_refused'), host)
  assert.equal(connections, 0)
})

test('a name is refused when only one of its addresses is private', async () => {
  const client = open({
    allowedPrivateAddresses: [],
    resolve: async () => [
      { address: '203.0.114.1', family: 4 },
      { address: '10.1.2.3', family: 4 },
    ],
  })
  await assert.rejects(client.request({ url: 'https://both.example/' }), failsWith('address_refused'))
})

test('the connection goes to the address that was checked, whatever the name says a moment later', async (t) => {
  const origin = new URL(await serve(t, (request, response) => response.end(request.headers.host)))
  let asked = 0
  const client = open({
    resolve: async () => {
      asked += 1
      return [{ address: asked === 1 ? '127.0.0.1' : '10.0.0.1', family: 4 }]
    },
  })
  const answer = await client.request({ url: `http://rebinding.example:${origin.port}/` })
  assert.equal(answer.body.toString(), `rebinding.example:${origin.port}`)
  assert.equal(asked, 1)
})

test('an operator can allow a range, and no more than that', async (t) => {
  const origin = new URL(await serve(t, (_request, response) => response.end('in')))
  const client = open({ allowedPrivateAddresses: ['127.0.0.1/32'] })
  assert.equal((await client.request({ url: origin.href })).body.toString(), 'in')
  await assert.rejects(client.request({ url: `http://127.0.0.2:${origin.port}/` }), failsWith('address_refused'))
})

test('http is refused unless it is allowed, other schemes and credentials always', async (t) => {
  const origin = await serve(t, (_request, response) => response.end())
  await assert.rejects(open({ isHttpAllowed: false }).request({ url: origin }), failsWith('url_refused'))
  for (const url of ['file:///etc/passwd', 'ftp://a.example/', 'nonsense', origin.replace('//', '//name:word@')])
    await assert.rejects(open().request({ url }), failsWith('url_refused'), url)
})

test('what cannot be reached is an error that says so and keeps the path to itself', async (t) => {
  const server = createTcpServer()
  const port = await listen(t, server)
  await new Promise((resolve) => server.close(resolve))
  const url = `http://127.0.0.1:${port}/secret-path`
  await assert.rejects(open().request({ url }), (error: Error) => {
    assert.doesNotMatch(error.message, /secret-path/)
    return failsWith('unreachable')(error)
  })
  // A question that got lost on the way is asked again after seconds.
  await assert.rejects(open().request({ url: 'https://name.invalid/', timeoutMs: 60_000 }), failsWith('name_unknown'))
})

test('the one who asks can give up', async (t) => {
  const origin = await serve(t, () => {})
  const stop = new AbortController()
  const asked = open().request({ url: origin, signal: stop.signal })
  stop.abort()
  await assert.rejects(asked, failsWith('timed_out'))
})

test('over https the certificate must be for the name that was asked, although the address is pinned', async (t) => {
  const { name, cert, key } = certificate
  const server = createTlsServer({ key, cert }, (_request, response) => response.end('safe'))
  t.after(() => server.closeAllConnections())
  const port = await listen(t, server)
  const client = open({ resolve: async () => [{ address: '127.0.0.1', family: 4 }] })

  await assert.rejects(client.request({ url: `https://${name}:${port}/` }), failsWith('unreachable'))
  const before = getCACertificates('default')
  setDefaultCACertificates([...before, cert])
  t.after(() => setDefaultCACertificates(before))
  assert.equal((await client.request({ url: `https://${name}:${port}/` })).body.toString(), 'safe')
  await assert.rejects(client.request({ url: `https://wrong.example:${port}/` }), failsWith('unreachable'))
})
