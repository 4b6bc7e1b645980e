import Router from '@koa/router'
import type { Render } from '../web/index.ts'

/** What the front page shows. */
export interface HomeDependencies {
  readonly render: Render
  readonly issuer: string
  readonly isProduction: boolean
}

/** The front page: what this is, for whoever comes without an application. */
export function homeRoutes({ render, issuer, isProduction }: HomeDependencies): Router {
  const links = [
    { href: '/workbench/playground', labelKey: 'home.playground' },
    { href: '/workbench/inbox', labelKey: 'home.inbox' },
  ]
  const router = new Router()
  router.get('/', (ctx) =>
    render(ctx, 'home', { isDevelopment: !isProduction, issuer, links: isProduction ? [] : links }),
  )
  return router
}
