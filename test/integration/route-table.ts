/**
 * What keeps a route:
 * - `public`: nothing, it shows or does what everybody may see and do;
 * - `interaction`: the signed cookie of this interaction in this browser;
 * - `interaction form`: that, and the token of a form of ours (CSRF);
 * - `session`: somebody is signed in; `session form`: that, and the token of a form of ours;
 * - `form`: the token of a form of ours, bound to a cookie where there is one;
 * - `state`: an answer to what was asked in this browser;
 * - `confirmation`: the secret that the page before has put into its form;
 * - `client`: client authentication; `bearer`: a token in the Authorization header.
 */
export type Guard =
  | 'public'
  | 'interaction'
  | 'interaction form'
  | 'session'
  | 'session form'
  | 'form'
  | 'state'
  | 'confirmation'
  | 'client'
  | 'bearer'

/** One route of the house, and what somebody gets there who brings nothing along. */
export interface RouteRow {
  readonly route: string
  readonly guard: Guard
  readonly status: number
  /** Exists while developing only. */
  readonly isDevelopment?: true
  /** `no-store` where nothing else is said. */
  readonly cache?: string
  /** `strict-origin-when-cross-origin` where nothing else is said. */
  readonly referrer?: string
  /** Its form may lead on to an app: to any https address. */
  readonly leadsToApps?: true
  /** Apps of other origins read it. */
  readonly isShared?: true
}

const documents = { guard: 'public', status: 200, cache: 'public, max-age=300', isShared: true } as const
const preflight = { guard: 'public', status: 204, isShared: true } as const
const development = { isDevelopment: true } as const

/** Every route there is. Whoever adds one says here what keeps it. */
export const ROUTES: readonly RouteRow[] = [
  { route: 'GET /health/live', guard: 'public', status: 200 },
  { route: 'GET /health/ready', guard: 'public', status: 200 },
  { route: 'GET /', guard: 'public', status: 200 },
  // One address for each asset, its content in its name: what is asked for here is none of them.
  { route: 'GET /assets/*path', guard: 'public', status: 404 },
  { route: 'GET /language/:locale', guard: 'public', status: 303 },

  { route: 'GET /welcome/:token', guard: 'public', status: 410, referrer: 'no-referrer' },
  { route: 'GET /welcome', guard: 'public', status: 410 },
  { route: 'POST /welcome', guard: 'form', status: 403 },
  { route: 'GET /welcome/done/:kind', guard: 'public', status: 200 },

  { route: 'GET /confirm/:token', guard: 'public', status: 410, referrer: 'strict-origin' },
  { route: 'POST /confirm/:token', guard: 'form', status: 403, referrer: 'strict-origin' },

  { route: 'GET /email-undo/:token', guard: 'public', status: 410, referrer: 'strict-origin' },
  { route: 'POST /email-undo/:token', guard: 'form', status: 403, referrer: 'strict-origin' },

  { route: 'GET /upstream/:provider/return', guard: 'state', status: 404 },
  { route: 'POST /upstream/:provider/return', guard: 'state', status: 404 },

  { route: 'GET /account', guard: 'session', status: 303 },
  { route: 'GET /password/forgot', guard: 'public', status: 200 },
  { route: 'POST /password/forgot', guard: 'form', status: 303 },
  { route: 'GET /password/sent', guard: 'public', status: 303 },
  { route: 'POST /password/sent', guard: 'form', status: 303 },
  { route: 'GET /password/reset/:token', guard: 'public', status: 410, referrer: 'no-referrer' },
  { route: 'GET /password/new', guard: 'public', status: 410 },
  { route: 'POST /password/new', guard: 'form', status: 403 },
  { route: 'GET /password/done', guard: 'public', status: 200 },

  { route: 'GET /account/password', guard: 'session', status: 303 },
  { route: 'POST /account/password', guard: 'session form', status: 303 },
  { route: 'GET /account/password/done', guard: 'session', status: 303 },
  { route: 'GET /account/email', guard: 'session', status: 303 },
  { route: 'POST /account/email', guard: 'session form', status: 303 },
  { route: 'GET /account/devices', guard: 'session', status: 303 },
  { route: 'POST /account/devices/revoke', guard: 'session form', status: 303 },
  { route: 'POST /account/devices/:id/revoke', guard: 'session form', status: 303 },
  { route: 'GET /account/switch', guard: 'public', status: 303 },
  { route: 'GET /account/return', guard: 'state', status: 303 },
  { route: 'GET /account/security/:method', guard: 'session', status: 303 },
  { route: 'GET /account/security/:method/return', guard: 'session', status: 303 },
  { route: 'GET /account/security/:method/add', guard: 'session', status: 303 },
  { route: 'GET /account/security/:method/:id/remove', guard: 'session', status: 303 },
  { route: 'POST /account/security/:method/add', guard: 'session form', status: 303 },
  { route: 'POST /account/security/:method/confirm', guard: 'session form', status: 303 },
  { route: 'POST /account/security/:method/:id/rename', guard: 'session form', status: 303 },
  { route: 'POST /account/security/:method/:id/remove', guard: 'session form', status: 303 },

  { route: 'GET /.well-known/webauthn', guard: 'public', status: 404, isShared: true },

  { route: 'GET /interaction/:uid', guard: 'interaction', status: 410 },
  { route: 'GET /interaction/:uid/:method/return', guard: 'interaction', status: 410 },
  { route: 'GET /interaction/:uid/accounts', guard: 'interaction', status: 410 },
  { route: 'POST /interaction/:uid/accounts', guard: 'interaction form', status: 410 },
  { route: 'GET /interaction/:uid/forgot', guard: 'interaction', status: 410 },
  { route: 'POST /interaction/:uid/forgot', guard: 'interaction form', status: 410 },
  { route: 'GET /interaction/:uid/register', guard: 'interaction', status: 410 },
  { route: 'POST /interaction/:uid/register', guard: 'interaction form', status: 410 },
  { route: 'POST /interaction/:uid/begin', guard: 'interaction form', status: 410 },
  { route: 'POST /interaction/:uid/abort', guard: 'interaction form', status: 410 },
  { route: 'POST /interaction/:uid/consent', guard: 'interaction form', status: 410 },
  { route: 'POST /interaction/:uid/newcomer', guard: 'interaction form', status: 410 },
  { route: 'POST /interaction/:uid/enrol/:method', guard: 'interaction form', status: 410 },
  { route: 'GET /interaction/:uid/shortcut', guard: 'interaction', status: 410 },
  { route: 'POST /interaction/:uid/shortcut', guard: 'interaction form', status: 410 },
  { route: 'POST /interaction/:uid/:method', guard: 'interaction form', status: 410 },

  { route: 'GET /.well-known/openid-configuration', ...documents },
  { route: 'GET /.well-known/oauth-authorization-server', ...documents },
  { route: 'GET /jwks', ...documents },
  { route: 'GET /.well-known/change-password', guard: 'public', status: 303, isShared: true },
  { route: 'OPTIONS /.well-known/openid-configuration', ...preflight },
  { route: 'OPTIONS /.well-known/oauth-authorization-server', ...preflight },
  { route: 'OPTIONS /jwks', ...preflight },

  { route: 'GET /auth', guard: 'public', status: 400 },
  { route: 'GET /auth/:uid', guard: 'interaction', status: 410 },
  { route: 'POST /request', guard: 'client', status: 400 },
  { route: 'OPTIONS /request', guard: 'public', status: 204 },
  { route: 'POST /token', guard: 'client', status: 400, isShared: true },
  { route: 'OPTIONS /token', ...preflight },
  { route: 'POST /token/introspection', guard: 'client', status: 400, isShared: true },
  { route: 'OPTIONS /token/introspection', ...preflight },
  { route: 'POST /token/revocation', guard: 'client', status: 400, isShared: true },
  { route: 'OPTIONS /token/revocation', ...preflight },
  { route: 'GET /me', guard: 'bearer', status: 401, isShared: true },
  { route: 'POST /me', guard: 'bearer', status: 401, isShared: true },
  { route: 'OPTIONS /me', ...preflight },
  { route: 'GET /session/end', guard: 'public', status: 200, leadsToApps: true },
  { route: 'POST /session/end/confirm', guard: 'confirmation', status: 400 },
  { route: 'GET /session/end/success', guard: 'public', status: 200 },

  { route: 'POST /reg', guard: 'bearer', status: 401 },
  { route: 'GET /reg/:clientId', guard: 'bearer', status: 401 },
  { route: 'PUT /reg/:clientId', guard: 'bearer', status: 401 },
  { route: 'DELETE /reg/:clientId', guard: 'bearer', status: 401 },

  { route: 'GET /workbench', guard: 'public', status: 302, ...development },
  { route: 'GET /workbench/inbox', guard: 'public', status: 200, ...development },
  { route: 'GET /workbench/inbox/:id', guard: 'public', status: 404, ...development },
  { route: 'GET /workbench/inbox/:id/html', guard: 'public', status: 404, ...development },
  { route: 'GET /workbench/playground', guard: 'public', status: 200, ...development },
  { route: 'POST /workbench/playground/start', guard: 'form', status: 403, ...development },
  { route: 'GET /workbench/playground/callback', guard: 'state', status: 303, ...development },
  { route: 'POST /workbench/playground/callback', guard: 'state', status: 303, ...development },
  { route: 'GET /workbench/playground/run', guard: 'state', status: 303, ...development },
  { route: 'POST /workbench/playground/act', guard: 'form', status: 303, ...development },
]
