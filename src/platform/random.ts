import { randomFillSync } from 'node:crypto'

/** Bytes of the system's generator, some hundred secrets at a time: a call for each costs as much as sealing it. */
const pool = Buffer.alloc(8192)
let taken = pool.length

/** Random bytes, from the system's generator, that nobody else is given: they are wiped from the pool as they leave it. */
export function takeRandom(bytes: number): Buffer {
  if (bytes > pool.length - taken) {
    randomFillSync(pool)
    taken = 0
  }
  const own = Buffer.from(pool.subarray(taken, taken + bytes))
  pool.fill(0, taken, taken + bytes)
  taken += bytes
  return own
}
