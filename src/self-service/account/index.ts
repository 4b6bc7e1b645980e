// Account pages: what people see and change of their own account. Everything is done by the verbs of the rooms that own
// it; here it is only asked who is signed in, and how freshly.
import Router from '@koa/router'
import type { Context } from 'koa'
import type { Accounts } from '../../accounts/index.ts'
import type { Addresses } from '../../addresses/index.ts'
import { OWN_RETURN_PATH, type OwnPages } from '../../provider/index.ts'
import type { SignIn } from '../../sign-in/index.ts'
import type { Browsers, Csrf, Render } from '../../web/index.ts'
import { credentialRoutes } from './credentials.routes.ts'
import { DEVICES, deviceRoutes } from './devices.routes.ts'
import { emailRoutes } from './email.routes.ts'
import { createFrame } from './frame.ts'
import { createGuard } from './guard.ts'
import { changePasswordRoutes, passwordRoutes } from './password.routes.ts'

/** What account pages need. */
export interface AccountPagesDependencies {
  readonly signIn: SignIn
  readonly accounts: Accounts
  readonly addresses: Addresses
  readonly browsers: Browsers
  readonly own: OwnPages
  readonly render: Render
  readonly csrf: Csrf
  readonly issuer: string
  readonly isProduction: boolean
  readonly localeOf: (ctx: Context) => string
}

const SWITCH = '/account/switch'

/** Opens the account pages. */
export function createAccountPages(deps: AccountPagesDependencies): readonly Router[] {
  const { signIn, own, render, isProduction } = deps
  const { enrolment } = signIn
  const guard = createGuard(deps)
  const ways = enrolment.methods.map((name) => ({ href: `/account/security/${name}`, labelKey: `methods.${name}` }))
  const email = { href: '/account/email', labelKey: 'account.email.title' }
  const password = { href: '/account/password', labelKey: 'account.password.title' }
  const { trustedDevices: devices } = signIn
  const trusted = devices.isOffered ? [{ href: DEVICES, labelKey: 'account.devices.title' }] : []
  const pages = [{ href: '/account', labelKey: 'account.overview' }, email, password, ...ways, ...trusted]
  const show = createFrame(render, pages, own.signOutHref)

  const overview = new Router()
  overview.get(
    '/account',
    guard.page(async (ctx, owner) => {
      const credentials = await enrolment.list(owner.account.id)
      const counted = ways.map((way, index) => ({
        ...way,
        count: credentials.filter(({ method }) => method === enrolment.methods[index]).length,
      }))
      show(ctx, 'overview', owner, { switchHref: SWITCH, ways: counted })
    }),
  )
  overview.get(SWITCH, guard.switchAccount)
  overview.get(OWN_RETURN_PATH, guard.comeBack)
  const common = { ...deps, guard, show }
  const rooms = [emailRoutes(common), passwordRoutes(common), credentialRoutes({ ...common, enrolment, isProduction })]
  return [overview, changePasswordRoutes(), deviceRoutes({ ...common, devices }), ...rooms]
}
