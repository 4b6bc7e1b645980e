import { join } from 'node:path'
import Koa from 'koa'
import { createAccess } from './access/index.ts'
import { createAccounts } from './accounts/index.ts'
import { createAudit } from './audit/index.ts'
import type { Config } from './config/index.ts'
import { openMail } from './mail-ports.ts'
import { openLinkMailbox, openMailboxRooms } from './mailbox-rooms.ts'
import { createMailboxes } from './mailboxes/index.ts'
import { createNotices } from './notices/index.ts'
import { relyingPartyOf, warnOfPasskeys } from './passkey-ports.ts'
import { passwordPorts } from './password-ports.ts'
import { type Database, ensureIndexes, type Follower, openDatabase } from './platform/database/index.ts'
import { createHttpClient } from './platform/http-client/index.ts'
import type { Logger } from './platform/logger.ts'
import { createMailBox } from './platform/mail/index.ts'
import { createPasswordHasher } from './platform/password-hash.ts'
import { createPasswordStrength, readBrowserModules } from './platform/password-strength/index.ts'
import { checkSealingKeys, createReseal } from './platform/reseal/index.ts'
import { createScheduler } from './platform/scheduler/index.ts'
import { createSealer, SealError } from './platform/seal.ts'
import { createSmsBox } from './platform/sms/index.ts'
import { createProtocol, openProtocolStorage } from './provider/index.ts'
import { openReadiness } from './readiness.ts'
import { openRecovery } from './recovering.ts'
import { outsideSeconds, SealingKeysError } from './sealing-keys.ts'
import { readAccessSeed, seedClients } from './seed.ts'
import { createSelfService } from './self-service/index.ts'
import { acrValuesOf, createSignIn, createTrustedDevices, type MethodEntry } from './sign-in/index.ts'
import { openSignInLimiters } from './sign-in-limiters.ts'
import { signInNotices } from './sign-in-notices.ts'
import { openTexting } from './text-messages.ts'
import { upstreamPorts } from './upstream-ports.ts'
import {
  boundary,
  createBrowsers,
  createCsrf,
  createRenderer,
  edge,
  healthRoutes,
  hostGuard,
  isHttps,
  languageCookie,
  languageRoutes,
  loadAssets,
  loadMessages,
  requestLog,
  routed,
  securityHeaders,
  unitOfWork,
} from './web/index.ts'
import { createRuns, createWorkbench } from './workbench/index.ts'

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
  readonly extraMethods?: readonly MethodEntry[] | undefined
}

/** The outside world: database, keys, hashing, limits, templates. */
async function openPorts(options: AppOptions, database: Database) {
  const { config, root } = options
  const { connection } = database
  const { argon2, hashing } = config.signIn.password
  const views = join(root, 'views')
  const sealer = createSealer(config.secrets.sealingKeys)
  const brandCss = `:root { --accent: ${config.brand.accent}; }\n`
  const assets = loadAssets(join(views, 'assets'), { 'brand.css': brandCss }, { zxcvbn: readBrowserModules() })
  const messages = loadMessages(join(views, 'messages'), config.brand.defaultLanguage)
  const language = languageCookie(config.server.issuer)
  const renderer = createRenderer({ viewsDir: views, assets, messages, brand: config.brand, language })
  const isProduction = config.environment === 'production'
  // Nothing of the workbench exists in production.
  const workbench = isProduction
    ? undefined
    : {
        mailBox: createMailBox(connection, sealer),
        smsBox: createSmsBox(connection, sealer),
        runs: createRuns(connection, sealer),
      }
  const transport = openMail(config, workbench?.mailBox)
  return {
    ...options,
    connection,
    gatherings: database.gatherings,
    changes: database.changes,
    sealer,
    assets,
    messages,
    language,
    renderer,
    render: renderer.page,
    localeOf: renderer.localeOf,
    chosenLocaleOf: renderer.chosenLocaleOf,
    csrf: createCsrf({ keys: config.secrets.cookieKeys, issuer: config.server.issuer }),
    browsers: createBrowsers(config.server.issuer),
    relyingParty: relyingPartyOf(config),
    hasher: await createPasswordHasher({ ...argon2, ...hashing }),
    strength: createPasswordStrength(),
    ...openSignInLimiters(config, connection),
    http: createHttpClient({ ...config.outbound, isHttpAllowed: !isProduction }),
    scheduler: createScheduler({ connection, logger: options.logger }),
    isProduction,
    workbench,
    transport,
    readiness: openReadiness({ connection, transport }),
  }
}

const DAY_SECONDS = 86_400

type Ports = Awaited<ReturnType<typeof openPorts>>

/** The features, and the protocol on top of them. */
async function openFeatures(ports: Ports) {
  const { config, connection, gatherings, changes, sealer, root } = ports
  const seed = { seedDir: join(root, 'config', 'seed'), issuer: config.server.issuer }

  const audit = createAudit({ ...ports, policy: config.audit })
  const storage = openProtocolStorage({ connection, gatherings, changes, sealer, audit })
  const access = createAccess({
    ...ports,
    audit,
    holders: () => ({ accounts, invitations: mailRooms.registration.invitations }),
    findClientsOf: (api) => protocol.clients.findOfApi(api),
    issuer: seed.issuer,
    acrValues: acrValuesOf(config.assurance),
    maxTokenSeconds: config.keys.keepAfterDays * DAY_SECONDS,
  })
  const trustedDevices = createTrustedDevices({ connection, audit, policy: config.sessions.trustedDevices })
  const accounts = createAccounts({
    connection,
    gatherings,
    audit,
    onEnded: async (id, reason) => {
      await Promise.all([storage.endAccount(id, reason), trustedDevices.revokeAll(id, reason)])
    },
    checkRoles: access.roles.check,
  })
  const { name, accent } = config.brand
  const concurrency = config.mail.smtp.connections
  const notices = createNotices({ ...ports, audit, brand: { name, accent }, concurrency })
  const mailboxes = createMailboxes({ ...ports, audit })
  const texting = openTexting({ ...ports, audit })
  const signIn = createSignIn({
    ...ports,
    texting,
    accounts,
    audit,
    needsSecondFactor: access.organizations.needSecondFactor,
    password: passwordPorts(ports),
    ...upstreamPorts(ports, access),
    assurancePolicy: config.assurance,
    ...signInNotices(notices),
    trustedDevices,
    invitationSeconds: config.lifetimes.invitationSeconds,
    productName: name,
    linkMailbox: openLinkMailbox({ mailboxes, notices, issuer: config.server.issuer }),
  })
  const rest = { config, connection, sealer, access, accounts, audit, signIn, notices, mailboxes }
  const mailRooms = { mailboxes, ...openMailboxRooms(rest) }
  const recovery = openRecovery({ ...ports, accounts, audit, signIn, notices, endSessions: storage.endAccount })
  // Every model is known by now: single use and uniqueness rest on their indexes.
  await ensureIndexes(connection)
  await checkSealingKeys(connection, sealer)
  await warnOfPasskeys(ports, signIn)
  await access.plant(readAccessSeed(seed))
  const rooms = { audit, access, accounts, signIn, registration: mailRooms.registration, recovery }
  const protocol = await createProtocol({ ...ports, ...rooms, storage })
  const plantClients = () => seedClients({ ...seed, environment: config.environment, clients: protocol.clients })
  return { audit, access, accounts, mailRooms, notices, recovery, signIn, texting, protocol, plantClients }
}

type Features = Awaited<ReturnType<typeof openFeatures>>

/** Everything that a request may pass, in this order. */
function openDoors(ports: Ports, features: Features): Koa {
  const { audit, access, accounts, mailRooms, notices, recovery, signIn, protocol } = features
  const { config, logger, render, csrf, workbench, isProduction } = ports
  const { server, brand, secrets, lifetimes } = config
  const { issuer, trustedProxies, hstsIncludesSubDomains } = server

  // Mail that leaves by SMTP does not come by here, and is not waited for.
  const collect = async () => (ports.transport === workbench?.mailBox ? notices.delivery.settle() : undefined)

  const app = new Koa()
  app.keys = [...secrets.cookieKeys]
  app.proxy = true
  app.on('error', (error) => logger.error({ err: error }, 'fault'))
  const doors = [
    edge({ issuer, trustedProxies }),
    requestLog(logger),
    securityHeaders({
      isHttps: isHttps(issuer),
      hstsIncludesSubDomains,
      images: brand.logoUrl ? [new URL(brand.logoUrl).origin] : [],
    }),
    boundary({
      render,
      logger,
      onRefused: ({ code }, origin) => audit.record('request.refused', { origin }, { reason: code }),
    }),
    unitOfWork(ports.gatherings.units),
    routed(healthRoutes(ports.readiness)),
    hostGuard(issuer),
    routed(ports.assets.routes, languageRoutes(ports.messages, ports.language)),
    createSelfService({
      ...mailRooms,
      browsers: ports.browsers,
      passkeyOrigins: ports.relyingParty?.origins ?? [],
      signIn,
      accounts,
      own: protocol.own,
      localeOf: ports.localeOf,
      recovery,
      resetSeconds: lifetimes.passwordResetSeconds,
      render,
      issuer,
      csrf,
      isProduction,
      invitationSeconds: lifetimes.invitationSeconds,
    }),
    ...(workbench
      ? [createWorkbench({ ...workbench, collect, issuer, render, csrf, clients: protocol.clients, apis: access.apis })]
      : []),
    ...protocol.middleware,
  ]
  for (const door of doors) app.use(door)
  return app
}

/**
 * Everything, put together: ports, then features, then doors.
 * @throws SealingKeysError when the sealing keys do not fit the database: better no start than faults one by one
 */
export async function createApp(options: AppOptions) {
  const { config, path, databaseName, report } = options
  const database = await openDatabase({ ...config.database, dataDir: config.dataDir, path, databaseName, report })
  try {
    const ports = await openPorts(options, database)
    const features = await openFeatures(ports)
    const { access, accounts, audit, notices, recovery, signIn, texting, protocol } = features
    const { readiness, connection, scheduler, transport, workbench } = ports
    const jobs = [...protocol.jobs, ...audit.jobs]
    const followers: Follower[] = []
    return {
      app: openDoors(ports, features),
      access,
      accounts,
      audit,
      recovery,
      signIn,
      registration: features.mailRooms.registration,
      clients: protocol.clients,
      keys: protocol.keys,
      reseal: createReseal({ ...ports, outsideSeconds: () => outsideSeconds(access, config) }),
      notices,
      mailBox: workbench?.mailBox,
      smsBox: workbench?.smsBox,
      texting,
      readiness,
      connection,
      logouts: protocol.logouts,
      jobs,
      /** Becomes a server: brings its clients along, and takes part in what the processes do together. */
      async start() {
        await features.plantClients()
        scheduler.start(jobs)
        notices.delivery.start()
        protocol.logouts.start()
        followers.push(protocol.follow())
      },
      async close() {
        const stopped = followers.map((follower) => follower.stop())
        await Promise.all([scheduler.stop(), notices.delivery.stop(), protocol.logouts.stop(), ...stopped])
        await texting?.sender.settled()
        await audit.settle()
        transport?.close()
        await ports.strength.close()
        await database.close()
      },
    }
  } catch (error) {
    await database.close()
    throw error instanceof SealError ? new SealingKeysError({ cause: error }) : error
  }
}

/** The program, put together. */
export type App = Awaited<ReturnType<typeof createApp>>
