import Router from '@koa/router'
import Koa, { type Context } from 'koa'
import { createCheckToken, type Expectations } from './access-token.ts'
import { createDemand } from './demand.ts'
import { createCheckBinding } from './proof.ts'

/** Things by id, in memory: what this shows is who may touch them. */
const start = () => ({
  posts: new Map([
    ['1', { id: '1', title: 'A first post' }],
    ['2', { id: '2', title: 'A second one' }],
  ]),
  users: new Map([
    ['1', { id: '1', name: 'Ada' }],
    ['2', { id: '2', name: 'Grace' }],
  ]),
})

function remove(things: Map<string, unknown>) {
  return (ctx: Context) => {
    ctx.status = things.delete(ctx.params.id) ? 204 : 404
  }
}

/** The routes, each with the one permission that it takes. */
function createRoutes(demand: ReturnType<typeof createDemand>): Router {
  const { posts, users } = start()
  const router = new Router()
  router.get('/posts', demand('read:posts'), (ctx) => {
    ctx.body = [...posts.values()]
  })
  router.post('/posts', demand('write:posts'), (ctx) => {
    const id = String(Math.max(0, ...[...posts.keys()].map(Number)) + 1)
    posts.set(id, { id, title: `Post ${id}` })
    ctx.status = 201
    ctx.body = posts.get(id)
  })
  router.delete('/posts/:id', demand('delete:posts'), remove(posts))
  router.get('/users', demand('read:users'), (ctx) => {
    ctx.body = [...users.values()]
  })
  router.delete('/users/:id', demand('delete:users'), remove(users))
  return router
}

/** What the API has to know. */
export interface ApiOptions extends Expectations {
  /** Where clients reach it: an origin. */
  readonly address: string
}

/** The API as a Koa app. `report` hears of what went wrong here, like an issuer that cannot be reached: that is a 503. */
export function createApi(options: ApiOptions, report: (error: unknown) => void): Koa {
  const router = createRoutes(createDemand(createCheckToken(options), createCheckBinding(options.address)))
  const app = new Koa()
  app.use(async (ctx, next) => {
    try {
      ctx.set('Cache-Control', 'no-store')
      await next()
    } catch (error) {
      report(error)
      ctx.status = 503
      ctx.body = { error: 'temporarily_unavailable' }
    }
  })
  app.use(router.routes()).use(router.allowedMethods())
  return app
}
