import { env } from 'node:process'
import { type Database, openDatabase } from '../../src/platform/database/index.ts'
import { newId } from '../../src/platform/ids.ts'

/** The folder of the server that all tests share, and of the program it runs. */
export const testServer = { dataDir: '.data/test', cacheDir: '.data/mongodb/bin' }

/** A database of its own on the shared server, or on MONGODB_URI, dropped when it is closed. */
export async function openTestDatabase(): Promise<Database & { readonly name: string }> {
  const name = `test_${newId().replaceAll('-', '_')}`
  const database = await openDatabase({
    uri: env.TEST_MONGODB_URI,
    ...testServer,
    path: env.PATH,
    databaseName: name,
    report: () => {},
  })
  const close = async () => {
    await database.connection.dropDatabase()
    await database.close()
  }
  const uri = new URL(database.uri)
  uri.pathname = `/${name}`
  return { ...database, uri: uri.href, name, close }
}
