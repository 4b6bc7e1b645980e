import Router from '@koa/router'
import type { Context } from 'koa'
import { hashSecret } from '../../platform/ids.ts'
import { DEVICE_COOKIE } from '../../provider/index.ts'
import type { TrustedDevices } from '../../sign-in/index.ts'
import { createCookie, originOf } from '../../web/index.ts'
import type { ShowAccountPage } from './frame.ts'
import type { AccountGuard } from './guard.ts'

/** What the page of trusted devices needs. */
export interface DevicePagesDependencies {
  readonly devices: TrustedDevices
  readonly guard: AccountGuard
  readonly show: ShowAccountPage
  readonly issuer: string
}

/** Where the browsers are listed that an account trusts. */
export const DEVICES = '/account/devices'

/** Browsers in which the second factor is not asked for again: which they are, and taking that back. */
export function deviceRoutes({ devices, guard, show, issuer }: DevicePagesDependencies): Router {
  const cookie = createCookie({ issuer, name: DEVICE_COOKIE })
  const router = new Router({ prefix: DEVICES })
  const goBack = (ctx: Context) => {
    ctx.redirect(DEVICES)
    ctx.status = 303
  }
  const home = () => DEVICES

  router.get(
    '/',
    guard.page(async (ctx, owner) => {
      const secret = cookie.get(ctx)
      const listed = await devices.list(owner.account.id, secret && hashSecret(secret))
      show(ctx, 'devices', owner, { devices: listed, here: DEVICES, days: devices.days })
    }),
  )
  router.post(
    '/revoke',
    ...guard.change(home, async (ctx, { account }) => {
      await devices.revokeAll(account.id, 'owner', originOf(ctx))
      goBack(ctx)
    }),
  )
  router.post(
    '/:id/revoke',
    ...guard.change(home, async (ctx, { account }) => {
      await devices.revoke(account.id, ctx.params.id ?? '', originOf(ctx))
      goBack(ctx)
    }),
  )
  return router
}
