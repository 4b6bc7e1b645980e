import type { Middleware } from 'koa'
import type { Units } from '../platform/database/index.ts'

/** What an answer that cannot be given must not leave behind. */
const PROMISES = ['Location', 'Set-Cookie']

/**
 * A request is a unit of work: what it writes is begun at once, and kept before the answer leaves. When something
 * could not be kept the answer is a fault instead, and promises nothing.
 */
export function unitOfWork(units: Units): Middleware {
  return async (ctx, next) => {
    try {
      await units.run(() => next())
    } catch (error) {
      for (const name of PROMISES) ctx.remove(name)
      throw error
    }
  }
}
