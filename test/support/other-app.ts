import type { TestContext } from 'node:test'
import { serveOnLoopback } from './loopback.ts'
import type { World } from './world.ts'

const PAGE = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Reading Room</title><meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,"></head><body><main><h1>Back at the app</h1></main></body></html>`

/** An application on another origin. */
export interface OtherApp {
  readonly clientId: string
  readonly origin: string
  /** An authorization request of its own. */
  readonly requestUrl: (parameters?: Readonly<Record<string, string>>) => string
  /** What came back last, by query or by form. */
  readonly received: () => Readonly<Record<string, string>>
}

/** Starts a server that plays an application, and registers it with the world. It is gone after the test. */
export async function startOtherApp(
  t: TestContext,
  world: World,
  metadata: Readonly<Record<string, unknown>> = {},
): Promise<OtherApp> {
  let received: Record<string, string> = {}
  const { origin, close } = await serveOnLoopback(async (request, response) => {
    let body = ''
    for await (const part of request) body += part
    const { searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1')
    received = Object.fromEntries([...searchParams, ...new URLSearchParams(body)])
    response.setHeader('content-type', 'text/html').end(PAGE)
  })
  t.after(close)
  const { client_id: clientId } = await world.addClient({
    redirect_uris: [`${origin}/callback`],
    post_logout_redirect_uris: [`${origin}/`],
    ...metadata,
  })
  const requestUrl = (parameters: Readonly<Record<string, string>> = {}) => {
    const query = new URLSearchParams({
      client_id: clientId,
      redirect_uri: `${origin}/callback`,
      response_type: 'code',
      scope: 'openid profile email',
      state: 'a-state-of-the-app',
      nonce: 'a-nonce-of-the-app',
      // RFC 7636 appendix B.
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
      ...parameters,
    })
    return `${world.issuer}/auth?${query}`
  }
  return { clientId, origin, requestUrl, received: () => received }
}
