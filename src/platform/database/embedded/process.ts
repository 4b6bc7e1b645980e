import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { kill } from 'node:process'
import { setTimeout as wait } from 'node:timers/promises'
import { isAlive } from './lock.ts'
import { becomePrimary, replicaSetArguments } from './replica-set.ts'

/** A server process. */
export interface ServerProcess {
  readonly pid: number
  readonly port: number
}

const START_MS = 30_000
const STOP_MS = 10_000
const POLL_MS = 20

/** A port that nobody listens on at this moment. */
async function findFreePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (typeof address !== 'object' || address === null) throw new Error('no free port')
  return address.port
}

function lastLogLine(logPath: string): string {
  try {
    return readFileSync(logPath, 'utf8').trimEnd().split('\n').at(-1) ?? ''
  } catch {
    return ''
  }
}

/** What the server's program ends with where it cannot listen. */
const CANNOT_LISTEN = 48
const MOST_PORTS = 5

class EndedError extends Error {
  readonly code: number | null
  constructor(code: number | null, lastLine: string) {
    super(`MongoDB ended at once: ${lastLine}`)
    this.code = code
  }
}

/**
 * Starts a server on this folder. It is a process of its own, so that it outlives this program while others use it.
 * @throws Error with the last line of its log when it ends before it answers
 */
export async function startServerProcess(binary: string, folder: string, dataPath: string): Promise<ServerProcess> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await startOn(await findFreePort(), binary, folder, dataPath)
    } catch (error) {
      // The port was free a moment ago, and is somebody else's by now.
      const isTaken = error instanceof EndedError && error.code === CANNOT_LISTEN
      if (!isTaken || tries === MOST_PORTS) throw error
    }
  }
}

async function startOn(port: number, binary: string, folder: string, dataPath: string): Promise<ServerProcess> {
  const logPath = join(folder, 'mongod.log')
  await mkdir(dataPath, { recursive: true, mode: 0o700 })
  await rm(logPath, { force: true })
  const network = ['--port', String(port), '--bind_ip', '127.0.0.1', '--nounixsocket']
  const storage = ['--dbpath', dataPath, '--wiredTigerCacheSizeGB', '0.25', '--logpath', logPath, '--quiet']
  const child = spawn(binary, [...network, ...storage, ...replicaSetArguments], { detached: true, stdio: 'ignore' })
  child.unref()
  const cut = new AbortController()
  const ended = new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new EndedError(code, lastLogLine(logPath))))
  })
  const leading = becomePrimary(port, dataPath, { timeoutMs: START_MS, cut: cut.signal })
  await Promise.race([leading, ended]).finally(() => cut.abort())
  ended.catch(() => {})
  if (child.pid === undefined) throw new Error('MongoDB has no process')
  return { pid: child.pid, port }
}

/** Ends a server process: politely, and after ten seconds for certain. */
export async function stopServerProcess(pid: number): Promise<void> {
  const deadline = Date.now() + STOP_MS
  if (isAlive(pid)) kill(pid, 'SIGTERM')
  while (isAlive(pid)) {
    if (Date.now() > deadline) kill(pid, 'SIGKILL')
    await wait(POLL_MS)
  }
}
