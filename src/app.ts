import { join } from 'node:path'
import Koa from 'koa'
import { createAccounts } from './accounts/index.ts'
import { createAudit } from './audit/index.ts'
import type { Config } from './config/index.ts'
import { createPasswordNotice } from './password-notice.ts'
import { ensureIndexes, openDatabase, pingDatabase } from './platform/database/index.ts'
import { createLimiter } from './platform/limiter.ts'
import type { Logger } from './platform/logger.ts'
import { createMailBox } from './platform/mail/index.ts'
import { createPasswordHasher } from './platform/password-hash.ts'
import { createSealer } from './platform/seal.ts'
import { createProtocol, openProtocolStorage } from './provider/index.ts'
import { readApis, seedClients } from './seed.ts'
import { createSelfService } from './self-service/index.ts'
import { createSignIn, type SignInMethod } from './sign-in/index.ts'
import {
  boundary,
  createCsrf,
  createReadiness,
  createRenderer,
  edge,
  healthRoutes,
  hostGuard,
  languageRoutes,
  loadAssets,
  loadMessages,
  requestLog,
  routed,
  securityHeaders,
} from './web/index.ts'
import { createWorkbench } from './workbench/index.ts'

/** What the program is made with. */
export interface AppOptions {
  readonly config: Config
  readonly logger: Logger
  /** The folder that holds `views` and `config`. */
  readonly root: string
  /** PATH of the environment, for finding a server program. */
  readonly path?: string | undefined
  /** The database to use where MONGODB_URI names none. */
  readonly databaseName?: string | undefined
  /** Tells people what a start is waiting for. */
  readonly report: (line: string) => void
  /** Further sign-in methods. */
  readonly extraMethods?: readonly SignInMethod[] | undefined
}

/** Everything, put together. Reads as a table of contents: ports, features, protocol, doors. */
export async function createApp({ config, logger, root, path, databaseName, report, extraMethods }: AppOptions) {
  const { server, signIn: signInConfig, secrets, lifetimes, brand } = config
  const isProduction = config.environment === 'production'
  const isHttps = server.issuer.startsWith('https:')
  const seed = { seedDir: join(root, 'config', 'seed'), issuer: server.issuer }

  // Ports
  const database = await openDatabase({ ...config.database, dataDir: config.dataDir, path, databaseName, report })
  const { connection } = database
  const sealer = createSealer(secrets.sealingKeys)
  const { argon2, hashing, minLength, maxLength } = signInConfig.password
  const hasher = await createPasswordHasher({ ...argon2, ...hashing })
  const { windowSeconds, failuresPerAddress, failuresPerIdentifier } = signInConfig.limits
  const limiters = {
    byIdentifier: createLimiter({
      connection,
      name: 'sign_in.identifier',
      points: failuresPerIdentifier,
      windowSeconds,
    }),
    byAddress: createLimiter({ connection, name: 'sign_in.address', points: failuresPerAddress, windowSeconds }),
  }
  const mailBox = createMailBox(connection)
  const assets = loadAssets(join(root, 'views', 'assets'), { 'brand.css': `:root { --accent: ${brand.accent}; }\n` })
  const messages = loadMessages(join(root, 'views', 'messages'))
  const renderer = createRenderer({ viewsDir: join(root, 'views'), assets, messages, brand })
  const render = renderer.page
  const csrf = createCsrf({ key: secrets.cookieKeys[0] ?? '', issuer: server.issuer })

  // Features
  const audit = createAudit({ connection })
  const storage = openProtocolStorage({ connection, sealer, audit })
  const accounts = createAccounts({ connection, audit, onEnded: storage.endAccount })
  const onPasswordSet = createPasswordNotice({
    renderer,
    brandName: brand.name,
    send: isProduction ? undefined : mailBox.send,
  })
  const signIn = createSignIn({
    connection,
    accounts,
    audit,
    sealer,
    hasher,
    limiters,
    passwordPolicy: { minLength, maxLength },
    invitationSeconds: lifetimes.invitationSeconds,
    extraMethods,
    onPasswordSet,
  })

  // Protocol
  await ensureIndexes(connection)
  const protocol = await createProtocol({
    config,
    connection,
    storage,
    sealer,
    audit,
    logger,
    accounts,
    signIn,
    resources: readApis(seed),
    render,
    csrf,
  })
  await seedClients({ ...seed, environment: config.environment, clients: protocol.clients })

  // Doors
  const readiness = createReadiness([{ name: 'database', isReady: () => pingDatabase(connection, 2000) }])
  const app = new Koa()
  app.keys = [...secrets.cookieKeys]
  app.proxy = true
  app.on('error', (error) => logger.error({ err: error }, 'fault'))
  const doors = [
    edge({ issuer: server.issuer, trustedProxies: server.trustedProxies }),
    requestLog(logger),
    securityHeaders({
      isHttps,
      hstsIncludesSubDomains: server.hstsIncludesSubDomains,
      images: brand.logoUrl ? [new URL(brand.logoUrl).origin] : [],
    }),
    boundary({
      render,
      logger,
      onRefused: ({ code }, origin) => audit.record('request.refused', { origin }, { reason: code }),
    }),
    ...routed(healthRoutes(readiness)),
    hostGuard(server.issuer),
    assets.serve,
    ...routed(languageRoutes(messages)),
    ...createSelfService({
      signIn,
      render,
      issuer: server.issuer,
      csrf,
      isHttps,
      isProduction,
      minPasswordLength: minLength,
      invitationSeconds: lifetimes.invitationSeconds,
    }),
    ...(isProduction
      ? []
      : createWorkbench({ config, connection, sealer, mailBox, render, csrf, protocol, accounts, signIn })),
    ...protocol.middleware,
  ]
  for (const door of doors) app.use(door)

  return {
    app,
    audit,
    accounts,
    signIn,
    clients: protocol.clients,
    storage,
    readiness,
    database,
    close: database.close,
  }
}

/** The program, put together. */
export type App = Awaited<ReturnType<typeof createApp>>
