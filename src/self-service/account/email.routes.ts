import Router from '@koa/router'
import type { Context } from 'koa'
import type { Addresses } from '../../addresses/index.ts'
import { Refusal } from '../../platform/refusal.ts'
import { type Browsers, originOf, presentProblem } from '../../web/index.ts'
import type { ShowAccountPage } from './frame.ts'
import type { AccountGuard, Owner } from './guard.ts'

/** What the page of the e-mail address needs. */
export interface EmailPageDependencies {
  readonly addresses: Addresses
  readonly browsers: Browsers
  readonly guard: AccountGuard
  readonly show: ShowAccountPage
  readonly localeOf: (ctx: Context) => string
}

type Form = Readonly<Record<string, string>>

const HERE = '/account/email'

/** The field that each refusal is about. */
const fields: Readonly<Record<string, string>> = {
  'account.identifier_invalid': 'email',
  'account.exists': 'email',
  'address.same': 'email',
  'address.code_wrong': 'code',
}

/** Refusals that are about no field, and belong on the page all the same. */
const OF_THE_PAGE = new Set(['address.limited', 'address.gone', 'address.confirmed'])

/** The e-mail address: confirming and changing it, on one page that shows what is stored. */
export function emailRoutes({ addresses, browsers, guard, show, localeOf }: EmailPageDependencies): Router {
  const router = new Router({ prefix: HERE })

  const showPage = async (ctx: Context, owner: Owner, refusal?: Refusal, form: Form = {}) => {
    const titleKey = `refusals.${refusal?.code}`
    const problem = refusal && (presentProblem(refusal, fields) ?? { titleKey, params: refusal.params, fields: [] })
    if (refusal) ctx.status = refusal.status
    if (refusal?.retryAfterSeconds) ctx.set('Retry-After', String(refusal.retryAfterSeconds))
    const at = await addresses.state(owner.account.id)
    show(ctx, `email/${at.step}`, owner, { at, problem, typed: form.email, action: HERE })
  }

  const act = async (ctx: Context, { account }: Owner, { action, email = '', code = '' }: Form) => {
    const request = { account, origin: originOf(ctx), locale: localeOf(ctx) }
    const start = () => ({ ...request, browser: browsers.mark(ctx), returnPath: HERE })
    if (action === 'verify') return addresses.startConfirm(start())
    if (action === 'change') return addresses.startChange(start(), email)
    if (action === 'confirm') return addresses.typeCode(request, code)
    if (action === 'finish') return addresses.finish(request)
    if (action === 'cancel') return addresses.cancel(account.id)
    ctx.throw(400)
  }

  router.get(
    '/',
    guard.page((ctx, owner) => showPage(ctx, owner)),
  )
  router.post(
    '/',
    ...guard.change(
      () => HERE,
      async (ctx, owner, form) => {
        try {
          await act(ctx, owner, form)
          ctx.redirect(HERE)
          ctx.status = 303
        } catch (error) {
          if (!(error instanceof Refusal) || !(fields[error.code] || OF_THE_PAGE.has(error.code))) throw error
          await showPage(ctx, owner, error, form)
        }
      },
    ),
  )
  return router
}
