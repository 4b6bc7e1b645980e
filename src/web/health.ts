import Router from '@koa/router'

/** Something that has to work before requests are taken. */
export interface ReadinessCheck {
  readonly name: string
  readonly isReady: () => Promise<boolean>
}

/** Whether the program takes requests. */
export interface Readiness {
  /** Why it does not; nothing when it does. */
  reasons(): Promise<string[]>
  started(): void
  draining(): void
}

const CACHE_MS = 500

/** Readiness by these checks, asked at most twice a second. */
export function createReadiness(checks: readonly ReadinessCheck[]): Readiness {
  let phase: 'starting' | 'ready' | 'draining' = 'starting'
  let last: { at: number; failed: Promise<string[]> } | undefined

  const failedChecks = async () => {
    const failed = await Promise.all(checks.map(async ({ name, isReady }) => ((await isReady()) ? [] : [name])))
    return failed.flat()
  }
  return {
    async reasons() {
      if (phase !== 'ready') return [phase]
      if (!last || Date.now() - last.at > CACHE_MS) last = { at: Date.now(), failed: failedChecks() }
      return last.failed
    },
    started: () => {
      phase = 'ready'
    },
    draining: () => {
      phase = 'draining'
    },
  }
}

/** `/health/live`: the process runs. `/health/ready`: it can serve; 503 with reasons when it cannot. */
export function healthRoutes(readiness: Readiness): Router {
  const router = new Router({ prefix: '/health' })
  router.get('/live', (ctx) => {
    ctx.body = { status: 'live' }
  })
  router.get('/ready', async (ctx) => {
    const reasons = await readiness.reasons()
    ctx.status = reasons.length === 0 ? 200 : 503
    ctx.body = reasons.length === 0 ? { status: 'ready' } : { status: 'unavailable', reasons }
  })
  return router
}
