import { fork } from 'node:child_process'
import { once } from 'node:events'
import { signIn } from './person.ts'
import type { Target } from './target.ts'

/** So many people sign in at a time. */
const AT_ONCE = 8

/** Does work over and over, so many at once, for so long. @returns how often a second it was done */
async function rateOf(work: (index: number) => Promise<unknown>, seconds: number): Promise<number> {
  const startedAt = performance.now()
  const isOver = () => performance.now() - startedAt > seconds * 1000
  let done = 0
  const worker = async (index: number) => {
    while (!isOver()) {
      await work(index)
      done += 1
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => worker(index)))
  return done / ((performance.now() - startedAt) / 1000)
}

/** Whole sign-ins by password, from the authorization request to the code. */
export function measureSignIns(target: Target, seconds: number): Promise<number> {
  return rateOf((index) => signIn(target, target.people[index] ?? ''), seconds)
}

/** Nothing but the hashing, as many at once and as dear as in the program, in a process of its own. */
export async function measureHashing(seconds: number): Promise<number> {
  const child = fork('bench/hashing.ts', [String(seconds)])
  const [rate] = await once(child, 'message')
  await once(child, 'exit')
  return Number(rate)
}
