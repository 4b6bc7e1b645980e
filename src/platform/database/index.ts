// The database: connecting, gathered commands, changes, indexes, and whether it answers. Knows no collection; each feature's model owns its own.
import { type Connection, createConnection } from 'mongoose'
import { type Changes, createChanges } from './changes.ts'
import { startEmbeddedServer } from './embedded/index.ts'
import { createGatherings, type Gatherings } from './gathering/index.ts'

export type { Changes } from './changes.ts'
export { NoBinaryError } from './embedded/index.ts'
export { ensureIndexes } from './ensure-indexes.ts'
export { type Follower, followCollection } from './follow.ts'
export type { Gathered, Gatherings, Known, Units } from './gathering/index.ts'
export { isUnavailable } from './unavailable.ts'

/** What to open. */
export interface DatabaseOptions {
  /** A MongoDB that is there already. Without it a server of our own is joined or started. */
  readonly uri?: string | undefined
  readonly dataDir: string
  readonly mongodBinary?: string | undefined
  readonly cacheDir?: string | undefined
  /** PATH of the environment. */
  readonly path?: string | undefined
  /** The database to use where the address names none. */
  readonly databaseName?: string
  readonly report: (line: string) => void
}

/** An open database. */
export interface Database {
  readonly connection: Connection
  readonly gatherings: Gatherings
  readonly changes: Changes
  readonly uri: string
  readonly isEmbedded: boolean
  readonly close: () => Promise<void>
}

const DEFAULT_NAME = 'gatehouse'
const SELECTION_MS = 5000

/** The database was named, and cannot be used. The message carries neither its address nor a password. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError'
}

/**
 * What everything that is kept rests on, whatever the address says: single use would be decided on what a secondary has
 * not heard of yet, and a write that was answered could be lost with one machine.
 */
const GUARANTEES = {
  readPreference: 'primary',
  readConcernLevel: 'majority',
  w: 'majority',
  journal: true,
  retryWrites: true,
} as const

/** The old name of `journal`: the driver warns of it, so it is overridden only where the address has it. */
const oldJournal = (uri: string) => (/[?&]j=/i.test(uri) ? { j: true } : {})

/** Connects. What is answered is kept. */
async function connectDatabase(uri: string, databaseName = DEFAULT_NAME): Promise<Connection> {
  const named = new URL(uri.replace(/^mongodb(\+srv)?:/, 'http:').replace(/,[^/@]*(?=\/|$)/, '')).pathname.slice(1)
  return createConnection(uri, {
    dbName: named || databaseName,
    autoIndex: false,
    autoCreate: false,
    bufferCommands: false,
    serverSelectionTimeoutMS: SELECTION_MS,
    ...GUARANTEES,
    ...oldJournal(uri),
    // What is read was checked when it was written.
    enableUtf8Validation: false,
  }).asPromise()
}

/**
 * Opens the database.
 * @throws NoBinaryError when there is none and no server can be started
 * @throws DatabaseError when it does not answer, or not to us
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const embedded = options.uri ? undefined : await startEmbeddedServer({ ...options, binary: options.mongodBinary })
  const uri = options.uri ?? embedded?.uri ?? ''
  try {
    const connection = await connectDatabase(uri, options.databaseName)
    const changes = createChanges(connection)
    return {
      connection,
      gatherings: createGatherings(),
      changes,
      uri,
      isEmbedded: embedded !== undefined,
      close: async () => {
        changes.close()
        await connection.close()
        await embedded?.stop()
      },
    }
  } catch (error) {
    await embedded?.stop()
    throw new DatabaseError(`MongoDB cannot be used: ${error instanceof Error ? error.message : 'unknown'}`)
  }
}

/** Whether the database answers within this time. */
export async function pingDatabase(connection: Connection, timeoutMs: number): Promise<boolean> {
  try {
    await connection.db?.command({ ping: 1 }, { timeoutMS: timeoutMs })
    return connection.db !== undefined
  } catch {
    return false
  }
}
