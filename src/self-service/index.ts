// The door for people: the front page, one-time links, and pages about their own account.
import type { Middleware } from 'koa'
import { routed } from '../web/index.ts'
import { type AccountPagesDependencies, createAccountPages } from './account/index.ts'
import { type ConfirmDependencies, confirmRoutes } from './confirm.routes.ts'
import { type HomeDependencies, homeRoutes } from './home.routes.ts'
import { type RecoveryPagesDependencies, recoveryRoutes } from './recovery.routes.ts'
import { type RelatedOriginsDependencies, relatedOriginsRoutes } from './related-origins.routes.ts'
import { type UndoEmailDependencies, undoEmailRoutes } from './undo-email.routes.ts'
import { upstreamReturnRoutes } from './upstream-return.routes.ts'
import { type WelcomeDependencies, welcomeRoutes } from './welcome.routes.ts'

/** Opens the door. */
export function createSelfService(
  deps: WelcomeDependencies &
    HomeDependencies &
    ConfirmDependencies &
    UndoEmailDependencies &
    RecoveryPagesDependencies &
    AccountPagesDependencies &
    RelatedOriginsDependencies,
): Middleware {
  const alone = [
    relatedOriginsRoutes(deps),
    homeRoutes(deps),
    welcomeRoutes(deps),
    confirmRoutes(deps),
    undoEmailRoutes(deps),
    recoveryRoutes(deps),
    upstreamReturnRoutes(deps.signIn.upstream),
  ]
  return routed(...alone, ...createAccountPages(deps))
}
