import Router from '@koa/router'

/** What the document needs. */
export interface RelatedOriginsDependencies {
  /** Every origin that a passkey may answer from. */
  readonly passkeyOrigins: readonly string[]
}

/** The document that lets browsers use a passkey from other origins than its own (WebAuthn section 5.11, R-47). */
export function relatedOriginsRoutes({ passkeyOrigins }: RelatedOriginsDependencies): Router {
  const router = new Router()
  router.get('/.well-known/webauthn', (ctx) => {
    // With one origin there is none to be related to.
    if (passkeyOrigins.length < 2) return ctx.throw(404)
    ctx.type = 'application/json'
    ctx.set('Cache-Control', 'public, max-age=300')
    ctx.body = { origins: passkeyOrigins }
  })
  return router
}
