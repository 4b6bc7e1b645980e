import type { ErrorOut, errors, KoaContextWithOIDC } from 'oidc-provider'
import { type Render, stateOf } from '../web/index.ts'
import { type InteractionDependencies, renderEnded, seeOther } from './interaction/seam.ts'

interface Dependencies {
  readonly render: Render
  readonly signIn: InteractionDependencies['signIn']
  readonly isDevelopment: boolean
}

/** What a developer needs to see when a redirect URI is not registered; never shown in production. */
function explainRedirect({ oidc }: KoaContextWithOIDC) {
  const { client, params } = oidc
  const received = params?.redirect_uri
  if (!client) return undefined
  return {
    clientId: client.clientId,
    received: typeof received === 'string' ? received : '',
    registered: client.redirectUris ?? [],
  }
}

/** The page for protocol errors that cannot be told to the client (RFC 6749 section 4.1.2.1). */
export function createRenderError({ render, signIn, isDevelopment }: Dependencies) {
  return async (ctx: KoaContextWithOIDC, out: ErrorOut, error: errors.OIDCProviderError | Error): Promise<void> => {
    const { requestId } = stateOf(ctx)
    const details = isDevelopment && out.error === 'invalid_redirect_uri' ? explainRedirect(ctx) : undefined
    const { status } = ctx
    const isExpired = error.name === 'SessionNotFound'
    const { Interaction: interaction } = ctx.oidc.entities
    // The sign-in is there, but not the session that it began in any more: its page says what is next.
    if (isExpired && interaction) return seeOther(ctx, `/interaction/${interaction.uid}`)
    // A second press, or a step back to what is done: the same request can be made once more.
    if (isExpired) return renderEnded(ctx, { render, signIn, provider: () => ctx.oidc.provider })
    render(ctx, 'error', {
      status,
      code: out.error,
      message: out.error_description ?? out.error,
      details,
      requestId,
    })
    ctx.status = status
  }
}
