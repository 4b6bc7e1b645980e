import Router from '@koa/router'

/** Where managers of passwords lead people who would like to change one (A Well-Known URL for Changing Passwords, section 3). */
export function changePasswordRoutes(): Router {
  const router = new Router()
  router.get('/.well-known/change-password', (ctx) => {
    ctx.redirect('/password/forgot')
    ctx.status = 303
  })
  return router
}
