import Router from '@koa/router'
import type { Context } from 'koa'
import { Refusal } from '../../platform/refusal.ts'
import type { OwnPages } from '../../provider/index.ts'
import type { SignIn } from '../../sign-in/index.ts'
import { originOf, presentProblem } from '../../web/index.ts'
import type { ShowAccountPage } from './frame.ts'
import type { AccountGuard, Owner } from './guard.ts'

/** What the page of the password needs. */
export interface PasswordPageDependencies {
  readonly signIn: SignIn
  readonly own: OwnPages
  readonly guard: AccountGuard
  readonly show: ShowAccountPage
}

const HERE = '/account/password'
const fields = { 'password.refused': 'password' }

/**
 * Setting another password. The guard asks for a fresh sign-in, so whoever finds an open session does not change it;
 * what else is open for the account ends, unless its owner says otherwise (ASVS 6.2.2, 7.4.3).
 */
export function passwordRoutes({ signIn, own, guard, show }: PasswordPageDependencies): Router {
  const { password } = signIn
  const router = new Router({ prefix: HERE })

  const showForm = (ctx: Context, owner: Owner, again: { keeps?: boolean; problem?: object } = {}) =>
    show(ctx, 'password/form', owner, { action: HERE, rules: password.rules, ...again })

  const change = async (ctx: Context, { account, session }: Owner, chosen: string, keeps: boolean) => {
    const origin = originOf(ctx)
    const prepared = await password.prepare(chosen, account, origin)
    await password.set(account, prepared, { via: 'change', origin })
    if (!keeps) await own.endOthers(session, 'password change')
  }

  router.get(
    '/',
    guard.freshPage((ctx, owner) => showForm(ctx, owner)),
  )
  router.post(
    '/',
    ...guard.change(
      () => HERE,
      async (ctx, owner, { password: chosen = '', keep }) => {
        const keeps = keep === 'yes'
        try {
          await change(ctx, owner, chosen, keeps)
        } catch (error) {
          if (!(error instanceof Refusal) || error.code !== 'password.refused') throw error
          ctx.status = error.status
          return showForm(ctx, owner, { keeps, problem: presentProblem(error, fields) })
        }
        ctx.redirect(`${HERE}/done`)
        ctx.status = 303
      },
    ),
  )
  router.get(
    '/done',
    guard.page((ctx, owner) => show(ctx, 'password/done', owner)),
  )
  return router
}

/** Where managers of passwords lead people who would like to change one (A Well-Known URL for Changing Passwords, section 3). */
export function changePasswordRoutes(): Router {
  const router = new Router()
  router.get('/.well-known/change-password', (ctx) => {
    ctx.redirect(HERE)
    ctx.status = 303
  })
  return router
}
