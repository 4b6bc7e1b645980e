import Router from '@koa/router'

/** Something that has to work. */
export interface ReadinessCheck {
  readonly name: string
  /** Whether no request can be served without it; what else does not work is told, and requests are taken. */
  readonly isVital: boolean
  readonly isReady: () => Promise<boolean>
}

/** Whether the program takes requests. */
export interface Readiness {
  /** Why it does not; nothing when it does. */
  reasons(): Promise<string[]>
  /** What does not work beside. */
  impairments(): Promise<string[]>
  started(): void
  draining(): void
}

const CACHE_MS = 500

/** Readiness by these checks, asked at most twice a second. */
export function createReadiness(checks: readonly ReadinessCheck[]): Readiness {
  let phase: 'starting' | 'ready' | 'draining' = 'starting'
  let last: { at: number; failed: Promise<ReadinessCheck[]> } | undefined

  const failedChecks = async () => {
    const failed = await Promise.all(checks.map(async (check) => ((await check.isReady()) ? [] : [check])))
    return failed.flat()
  }
  const failing = async (isVital: boolean) => {
    if (!last || Date.now() - last.at > CACHE_MS) last = { at: Date.now(), failed: failedChecks() }
    return (await last.failed).filter((check) => check.isVital === isVital).map(({ name }) => name)
  }
  return {
    reasons: async () => (phase === 'ready' ? failing(true) : [phase]),
    impairments: () => failing(false),
    started: () => {
      phase = 'ready'
    },
    draining: () => {
      phase = 'draining'
    },
  }
}

/** `/health/live`: the process runs. `/health/ready`: it can serve, and what works badly; 503 with reasons when it cannot. */
export function healthRoutes(readiness: Readiness): Router {
  const router = new Router({ prefix: '/health' })
  router.get('/live', (ctx) => {
    ctx.body = { status: 'live' }
  })
  router.get('/ready', async (ctx) => {
    const reasons = await readiness.reasons()
    if (reasons.length > 0) {
      ctx.status = 503
      ctx.body = { status: 'unavailable', reasons }
      return
    }
    const impaired = await readiness.impairments()
    ctx.body = { status: 'ready', ...(impaired.length > 0 ? { impaired } : {}) }
  })
  return router
}
