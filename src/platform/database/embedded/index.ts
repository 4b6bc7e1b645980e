// A MongoDB server of our own beside the program, for trying, developing and testing. Owns where its program comes
// from, its process, and who uses it: every command with the same data folder joins the one server, and the last one
// to leave stops it. It is a real server with real data, never a stand-in.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { findBinary } from './binary.ts'
import { createLeases, isAlive, withLock } from './lock.ts'
import { type ServerProcess, startServerProcess, stopServerProcess } from './process.ts'
import { servesFolder, uriOf } from './replica-set.ts'

export { NoBinaryError } from './binary.ts'

/** What to start a server with. */
export interface EmbeddedServerOptions {
  readonly dataDir: string
  readonly binary?: string | undefined
  /** PATH of the environment. */
  readonly path?: string | undefined
  /** Where a fetched program is kept, when not in the data folder. */
  readonly cacheDir?: string | undefined
  readonly report: (line: string) => void
}

/** A running server, as long as it is not left. */
export interface EmbeddedServer {
  readonly uri: string
  /** Leaves it; the last to leave stops it. */
  readonly stop: () => Promise<void>
}

async function readState(path: string): Promise<ServerProcess | undefined> {
  try {
    const { pid, port } = JSON.parse(await readFile(path, 'utf8'))
    return typeof pid === 'number' && typeof port === 'number' ? { pid, port } : undefined
  } catch {
    return undefined
  }
}

/**
 * Joins the server of this data folder, or starts it.
 * @throws NoBinaryError when there is no server program to be had
 */
export async function startEmbeddedServer(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const folder = resolve(options.dataDir, 'mongodb')
  const dataPath = join(folder, 'data')
  const statePath = join(folder, 'server.json')
  const lockPath = join(folder, 'lock')
  const leases = createLeases(join(folder, 'leases'))
  await mkdir(folder, { recursive: true, mode: 0o700 })

  const findRunning = async () => {
    const state = await readState(statePath)
    // A process of that number may be anybody's by now: it has to say that it serves our folder.
    return state && isAlive(state.pid) && (await servesFolder(state.port, dataPath)) ? state : undefined
  }

  const start = async () => {
    const { binary: named, path, report, cacheDir = join(folder, 'bin') } = options
    const binary = await findBinary({ named, path, cacheDir: resolve(cacheDir), report })
    const started = await startServerProcess(binary, folder, dataPath)
    await writeFile(statePath, JSON.stringify(started), { mode: 0o600 })
    return started
  }

  return withLock(lockPath, async () => {
    const { pid, port } = (await findRunning()) ?? (await start())
    const leave = await leases.take()
    const stop = () =>
      withLock(lockPath, async () => {
        await leave()
        if ((await leases.count()) > 0) return
        await stopServerProcess(pid)
        await rm(statePath, { force: true })
      })
    return { uri: uriOf(port), stop }
  })
}
