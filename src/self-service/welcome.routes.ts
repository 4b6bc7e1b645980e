import Router from '@koa/router'
import type { Context } from 'koa'
import { Refusal } from '../platform/refusal.ts'
import type { Invitation, SignIn } from '../sign-in/index.ts'
import {
  type Csrf,
  createCookie,
  formBody,
  originOf,
  presentProblem,
  type Render,
  readForm,
  refuseGone,
} from '../web/index.ts'

/** What the pages of one-time links need. */
export interface WelcomeDependencies {
  readonly signIn: SignIn
  readonly render: Render
  readonly csrf: Csrf
  readonly issuer: string
  readonly isProduction: boolean
  readonly invitationSeconds: number
}

/** What the person typed, without the password. */
interface Typed {
  readonly identifier?: string | undefined
  readonly name?: string | undefined
}

/** The field that each refusal is about. */
const fields: Readonly<Record<string, string>> = {
  'password.refused': 'password',
  'account.identifier_invalid': 'identifier',
  'account.exists': 'identifier',
  'account.name_invalid': 'name',
}

/**
 * A one-time link leads to `/welcome/<token>`, which moves the token into a cookie and goes on without it: an address
 * is seen by histories, logs and other sites, and the page that sets a password has none to give away.
 */
export function welcomeRoutes(deps: WelcomeDependencies): Router {
  const { signIn, render, csrf, issuer, isProduction, invitationSeconds } = deps
  const cookie = createCookie({ issuer, name: 'welcome' })
  const router = new Router({ prefix: '/welcome' })

  const showGone = (ctx: Context) => {
    ctx.status = 410
    render(ctx, 'welcome/gone', { isDevelopment: !isProduction })
  }

  const refuse = (ctx: Context) => {
    refuseGone(ctx, 'invitation.gone')
    showGone(ctx)
  }

  const showForm = (ctx: Context, token: string, { purpose, account }: Invitation, typed: Typed, refusal?: Refusal) => {
    if (refusal) ctx.status = refusal.status
    render(ctx, 'welcome/form', {
      kind: purpose,
      action: '/welcome',
      csrf: csrf.token(token),
      identifier: account?.email ?? typed.identifier,
      name: account?.name ?? typed.name,
      rules: signIn.password.rules,
      problem: refusal && presentProblem(refusal, fields),
    })
  }

  router.get('/:token', async (ctx) => {
    ctx.set('Referrer-Policy', 'no-referrer')
    const token = ctx.params.token ?? ''
    if (!(await signIn.invitations.find(token))) return refuse(ctx)
    cookie.set(ctx, token, invitationSeconds)
    ctx.redirect('/welcome')
    ctx.status = 303
  })

  router.get('/', async (ctx) => {
    const token = cookie.get(ctx) ?? ''
    const invitation = await signIn.invitations.find(token)
    if (!invitation) return refuse(ctx)
    showForm(ctx, token, invitation, {})
  })

  router.post('/', formBody(), async (ctx) => {
    const token = cookie.get(ctx) ?? ''
    const form = readForm(ctx)
    csrf.verify(ctx, token, form.csrf)
    const invitation = await signIn.invitations.find(token)
    const { identifier = '', name, password = '' } = form
    try {
      await signIn.invitations.accept({ token, email: identifier, name, password }, originOf(ctx))
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      if (error.code === 'invitation.gone' || !invitation) return showGone(ctx)
      if (!fields[error.code]) throw error
      // What was typed stays, the password does not; nothing was used up.
      return showForm(ctx, token, invitation, { identifier, name }, error)
    }
    cookie.clear(ctx)
    ctx.redirect(`/welcome/done/${invitation?.purpose}`)
    ctx.status = 303
  })

  router.get('/done/:kind', (ctx) => {
    const kind = ctx.params.kind === 'first-administrator' ? 'first-administrator' : 'set-password'
    render(
      ctx,
      'welcome/done',
      isProduction
        ? { kind }
        : { kind, continueHref: '/workbench/playground', continueLabelKey: 'welcome.done.playground' },
    )
  })
  return router
}
