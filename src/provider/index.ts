// The protocol: OpenID Connect and OAuth 2.0 as node-oidc-provider does them, on our storage, our sign-in and our pages.
// The only room that imports the library. Owns clients, grants, consents, tokens, keys and protocol sessions.
import type { Middleware } from 'koa'
import type { Connection } from 'mongoose'
import type { Changes, Follower } from '../platform/database/index.ts'
import type { HttpClient } from '../platform/http-client/index.ts'
import type { Logger } from '../platform/logger.ts'
import type { Worker } from '../platform/outbox/index.ts'
import type { Job } from '../platform/scheduler/index.ts'
import type { Sealer } from '../platform/seal.ts'
import { createCookie, routed } from '../web/index.ts'
import { findStructuredTokens } from './access-tokens/lookup.ts'
import { createAccountsAhead } from './account-adapter.ts'
import { allowedMethods } from './allowed-methods.ts'
import { createAuditBridge } from './audit-bridge.ts'
import { createBackChannel } from './back-channel.ts'
import { compareHashedSecrets } from './clients/compare-secrets.ts'
import { createClientFetch } from './clients/fetch.ts'
import { type Clients, createClients } from './clients/index.ts'
import { registrationRoutes } from './clients/registration.routes.ts'
import { rememberClients } from './clients/remember-clients.ts'
import { createConfiguration } from './configuration.ts'
import { createForesight } from './foresight.ts'
import { formPostPage } from './form-post.ts'
import { createKnownAccounts } from './interaction/known-accounts.ts'
import { interactionRoutes } from './interaction/routes.ts'
import type { PagePorts } from './interaction/seam.ts'
import { DEVICE_COOKIE } from './interaction/trust.ts'
import { createUsedWays } from './interaction/used-ways.ts'
import { createKeys, type SigningKeys } from './keys/index.ts'
import { createOwnPages, type OwnPages } from './own-pages.ts'
import { createParallelSessions } from './parallel-sessions.ts'
import { createProviders, type Providers } from './provider.ts'
import { detectReplays } from './replay-detection.ts'
import { createResources } from './resources.ts'
import { createSessionLimits } from './session-limits.ts'
import { afterSignOut } from './sign-out.ts'
import { createAdapter } from './storage/adapter.ts'
import type { ProtocolStorage } from './storage/index.ts'
import { createReuses } from './storage/reuse.ts'
import { createRotation } from './storage/rotation.ts'

export type { ClientInvitation, Clients, RegisteredClient, SecretInfo, StoredClient } from './clients/index.ts'
export { DEVICE_COOKIE } from './interaction/trust.ts'
export type { SigningKey, SigningKeys } from './keys/index.ts'
export { OWN_RETURN_PATH, type OwnPages, type OwnSession, type SignInWanted } from './own-pages.ts'
export { openProtocolStorage, type ProtocolStorage } from './storage/index.ts'

/** What the protocol needs from outside. */
export interface ProtocolDependencies extends PagePorts {
  readonly connection: Connection
  readonly changes: Changes
  readonly storage: ProtocolStorage
  readonly sealer: Sealer
  readonly logger: Logger
  /** The way to the servers of clients. */
  readonly http: HttpClient
}

/** The protocol, ready to serve. */
export interface Protocol {
  /** Its endpoints and the pages between its steps, in the order in which they are used. */
  readonly middleware: readonly Middleware[]
  readonly clients: Clients
  /** What our own pages need. */
  readonly own: OwnPages
  readonly keys: SigningKeys
  /** What has to be done again and again, by one process for all. */
  readonly jobs: readonly Job[]
  /** From now on, what another process changes is taken over without a restart. */
  readonly follow: () => Follower
  /** What tells clients, in this process, that sessions are over. */
  readonly logouts: Worker
}

/** Reads or makes the signing keys and opens the room. The indexes of the database must exist. */
export async function createProtocol(deps: ProtocolDependencies): Promise<Protocol> {
  const { config, storage, audit, logger, render } = deps
  const { artifacts, consents, sessionEnds } = storage
  const isProduction = config.environment === 'production'
  const resources = createResources({
    apis: deps.access.apis,
    assurance: deps.signIn.assurance,
    twoFactorAcr: config.assurance.twoFactor[0],
    accessTokenSeconds: config.lifetimes.accessTokenSeconds,
  })
  const sessionLimits = createSessionLimits(config)
  const parallelSessions = createParallelSessions(storage.sessions)
  const rotation = createRotation({
    artifacts,
    sealer: deps.sealer,
    graceSeconds: config.lifetimes.refreshTokenGraceSeconds,
  })
  const reuses = createReuses()
  const accountsAhead = createAccountsAhead({ accounts: deps.accounts, units: storage.units })
  const adapter = createAdapter({
    artifacts,
    clients: storage.clients,
    units: storage.units,
    sessions: storage.sessions,
    onKept: parallelSessions.onKept,
    rotation,
    reuses,
    foresee: createForesight({ accounts: accountsAhead, artifacts }),
  })
  const fetch = createClientFetch(deps.http)
  const keys = createKeys(deps)
  const bridge = createAuditBridge({ audit, logger, reuses })
  const backChannel = createBackChannel({ ...deps, provider: () => providers.current() })
  sessionEnds.listen(backChannel.tell)
  const providers: Providers = createProviders(
    {
      issuer: config.server.issuer,
      configure: (jwks) =>
        createConfiguration({
          ...deps,
          sessionLimits,
          accounts: accountsAhead,
          adapter,
          jwks,
          assurance: deps.signIn.assurance,
          consents,
          sessions: storage.sessions,
          units: storage.units,
          resources,
          fetch,
        }),
      adjustments: [
        compareHashedSecrets(storage.clients),
        rememberClients(storage.clients),
        findStructuredTokens({ ...deps, artifacts, issuer: config.server.issuer }),
        rotation.adjust,
        sessionLimits.adjust,
        parallelSessions.adjust,
        detectReplays,
        backChannel.adjust,
        bridge.listen,
      ],
    },
    await keys.load(),
  )
  const provider = providers.current

  const interaction = interactionRoutes({
    ...deps,
    ...storage,
    provider,
    usedWays: createUsedWays(config.server.issuer),
    deviceCookie: createCookie({ issuer: config.server.issuer, name: DEVICE_COOKIE }),
    knownAccounts: createKnownAccounts({
      issuer: config.server.issuer,
      sealer: deps.sealer,
      most: config.sessions.rememberedAccounts,
    }),
  })
  const clients = createClients({
    store: storage.clients,
    invitations: storage.clientInvitations,
    audit,
    provider,
    policy: {
      isProduction,
      isDpopEnabled: config.dpop.isEnabled,
      allowedHosts: config.registration.allowedHosts,
    },
    endClient: async (id) => {
      await Promise.all([artifacts.revokeByClientId(id), consents.forgetClient(id)])
    },
  })
  const registration = registrationRoutes({
    issuer: config.server.issuer,
    store: storage.clients,
    invitations: storage.clientInvitations,
    clients,
    audit,
  })
  return {
    clients,
    own: createOwnPages({
      provider,
      sessionLimits,
      twoFactorAcr: config.assurance.twoFactor[0],
      issuer: config.server.issuer,
      endOthers: storage.endOthers,
    }),
    keys,
    jobs: [{ name: 'signing-keys', everySeconds: 60, run: keys.advance }, ...storage.jobs],
    follow: () => keys.follow(providers.renew),
    logouts: backChannel.delivery,
    middleware: [
      providers.pin,
      bridge.middleware,
      routed(interaction, ...(config.registration.isEnabled ? [registration] : [])),
      formPostPage({ render, isProduction }),
      afterSignOut(audit),
      allowedMethods,
      providers.serve,
    ],
  }
}
