/** The doors through which clients are registered: the command line and the seed are ours, `dynamic` is anybody's. */
export type Door = 'cli' | 'seed' | 'dynamic'

/** What a door may ask for. */
export interface Terms {
  readonly grantTypes: readonly string[]
  readonly responseTypes: readonly string[]
  readonly maxUris: number
  /** Whether it decides how much a client is trusted. */
  readonly isTrusted: boolean
}

/** What only our own doors may decide about a client. */
export const OPERATOR_ONLY = ['first_party', 'require_pkce', 'minimum_acr', 'api_permissions'] as const

const trusted: Terms = {
  grantTypes: [
    'authorization_code',
    'refresh_token',
    'client_credentials',
    'urn:ietf:params:oauth:grant-type:device_code',
  ],
  responseTypes: ['code', 'none'],
  maxUris: 50,
  isTrusted: true,
}

const dynamic: Terms = {
  grantTypes: ['authorization_code', 'refresh_token'],
  responseTypes: ['code'],
  maxUris: 10,
  isTrusted: false,
}

/** The terms of each door. */
export const termsOf: Readonly<Record<Door, Terms>> = { cli: trusted, seed: trusted, dynamic }
