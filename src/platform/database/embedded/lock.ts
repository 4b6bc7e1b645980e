import { readFileSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { kill, pid as ownPid } from 'node:process'
import { setTimeout as wait } from 'node:timers/promises'
import { newId } from '../../ids.ts'

const POLL_MS = 25

/** Whether a process lives. One that ended but was not yet buried by its parent does not. */
export function isAlive(pid: number): boolean {
  try {
    kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return !/^\) [ZX]/.test(stat.slice(stat.lastIndexOf(')')))
  } catch {
    return true
  }
}

const isMissing = (error: unknown) => (error as NodeJS.ErrnoException).code === 'ENOENT'

/** Does something that only one process may do at a time. The lock of a process that died is taken over. */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      await writeFile(path, String(ownPid), { flag: 'wx', mode: 0o600 })
      break
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const holder = Number(await readFile(path, 'utf8').catch(() => ''))
    // An empty file is a lock that is being written this moment.
    if (holder && !isAlive(holder)) await rm(path, { force: true })
    else await wait(POLL_MS)
  }
  try {
    return await work()
  } finally {
    await rm(path, { force: true })
  }
}

/** Who uses the server: one file for each user, named after its process. */
export interface Leases {
  take(): Promise<() => Promise<void>>
  /** How many are held by processes that live. */
  count(): Promise<number>
}

/** Leases in this folder. Those of dead processes are removed when they are counted. */
export function createLeases(folder: string): Leases {
  return {
    async take() {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const path = join(folder, `${ownPid}.${newId()}`)
      await writeFile(path, '', { mode: 0o600 })
      return () => rm(path, { force: true })
    },
    async count() {
      const names = await readdir(folder).catch((error: unknown) => {
        if (isMissing(error)) return []
        throw error
      })
      const isHeld = await Promise.all(
        names.map(async (name) => {
          if (isAlive(Number.parseInt(name, 10))) return true
          await rm(join(folder, name), { force: true })
          return false
        }),
      )
      return isHeld.filter(Boolean).length
    },
  }
}
