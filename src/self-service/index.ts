// The door for people: the front page, and pages about their own account. So far: a first password by a one-time link.
import type { Middleware } from 'koa'
import { routed } from '../web/index.ts'
import { type HomeDependencies, homeRoutes } from './home.routes.ts'
import { type WelcomeDependencies, welcomeRoutes } from './welcome.routes.ts'

/** Opens the door. */
export function createSelfService(deps: WelcomeDependencies & HomeDependencies): readonly Middleware[] {
  return [...routed(homeRoutes(deps)), ...routed(welcomeRoutes(deps))]
}
