// The workbench: for developing and trying, never mounted in production. An inbox of everything that was sent, and a
// relying party that goes through our own door as any application would. It has no way in that others have not.
import Router from '@koa/router'
import type { Middleware } from 'koa'
import { routed } from '../web/index.ts'
import { type InboxDependencies, inboxRoutes } from './inbox.routes.ts'
import { type PlaygroundDependencies, playgroundRoutes } from './playground/routes.ts'

export { createRuns } from './playground/run.ts'

/** Opens the door. */
export function createWorkbench(deps: InboxDependencies & PlaygroundDependencies): Middleware {
  const entrance = new Router()
  entrance.get('/workbench', (ctx) => ctx.redirect('/workbench/playground'))
  return routed(entrance, inboxRoutes(deps), playgroundRoutes(deps))
}
