import { env } from 'node:process'
import { type EmbeddedServer, startEmbeddedServer } from '../../src/platform/database/embedded/index.ts'
import { testServer } from './database.ts'

let server: EmbeddedServer | undefined

/** One server for the whole run: it is joined by every test file, and stopped when the last one has ended. */
export async function globalSetup(): Promise<void> {
  if (!env.TEST_MONGODB_URI) server = await startEmbeddedServer({ ...testServer, path: env.PATH, report: () => {} })
}

/** Leaves the server. */
export async function globalTeardown(): Promise<void> {
  await server?.stop()
}
