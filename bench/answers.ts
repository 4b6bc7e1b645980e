import { mkdirSync, writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import type { Answers } from './target.ts'

const PROFILES = '.data/bench/profiles'

/** What every measured process can tell of itself: how much of the processor it has used, and a profile. */
export function createAnswers(): Answers {
  const session = new Session()
  return {
    /** Milliseconds of processor time since the start. */
    cpu: async () => {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1000
    },
    /** Begins a profile. */
    profile: async () => {
      session.connect()
      await session.post('Profiler.enable')
      await session.post('Profiler.start')
    },
    /** Ends it. @returns the file that it is in */
    profiled: async () => {
      const { profile } = await session.post('Profiler.stop')
      session.disconnect()
      mkdirSync(PROFILES, { recursive: true })
      const path = `${PROFILES}/${new Date().toISOString().replaceAll(':', '-')}.cpuprofile`
      writeFileSync(path, JSON.stringify(profile))
      return path
    },
  }
}

/** Answers what is asked of this process, one after the other. */
export function answer(answers: Answers): void {
  process.on('message', async ({ what, value }: { what: string; value: number }) => {
    process.send?.((await answers[what]?.(value)) ?? null)
  })
}
