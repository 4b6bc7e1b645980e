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

type Form = Readonly<Record<string, string>>

const HERE = '/account/password'
const fields = { 'password.refused': 'password', 'password.wrong': 'current' }

/** Refusals that are said on the page. */
const shown = new Set([...Object.keys(fields), 'sign_in.limited'])

/**
 * Setting another password. The guard asks for a fresh sign-in, and the present password is asked for as well where there
 * is one (ASVS 6.2.3), so whoever finds an open session does not change it;
 * what else is open for the account ends, unless its owner says otherwise (ASVS 6.2.2, 7.4.3).
 */
export function passwordRoutes({ signIn, own, guard, show }: PasswordPageDependencies): Router {
  const { password } = signIn
  const router = new Router({ prefix: HERE })

  const showForm = async (ctx: Context, owner: Owner, again: { keeps?: boolean; problem?: object } = {}) => {
    const asksPresent = await password.has(owner.account.id)
    show(ctx, 'password/form', owner, { action: HERE, rules: password.rules, asksPresent, ...again })
  }

  const change = async (ctx: Context, { account, session }: Owner, form: Form, keeps: boolean) => {
    const origin = originOf(ctx)
    const { current = '', password: chosen = '' } = form
    if (await password.has(account.id)) await password.confirm(account, current, origin)
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
      async (ctx, owner, form) => {
        const keeps = form.keep === 'yes'
        try {
          await change(ctx, owner, form, keeps)
        } catch (error) {
          if (!(error instanceof Refusal) || !shown.has(error.code)) throw error
          const { code, params, retryAfterSeconds } = error
          ctx.status = error.status
          if (retryAfterSeconds) ctx.set('Retry-After', String(retryAfterSeconds))
          const problem = presentProblem(error, fields) ?? { titleKey: `refusals.${code}`, params, fields: [] }
          return showForm(ctx, owner, { keeps, problem })
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
