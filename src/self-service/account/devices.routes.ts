import Router from '@koa/router'
import type { Context } from 'koa'
import type { TrustedDevices } from '../../sign-in/index.ts'
import { originOf } from '../../web/index.ts'
import type { ShowAccountPage } from './frame.ts'
import type { AccountGuard } from './guard.ts'

/** What the page of trusted devices needs. */
export interface DevicePagesDependencies {
  readonly devices: TrustedDevices
  readonly guard: AccountGuard
  readonly show: ShowAccountPage
}

/** Where the browsers are listed that an account trusts. */
export const DEVICES = '/account/devices'

/** Browsers in which the second factor is not asked for again: which they are, and taking that back. */
export function deviceRoutes({ devices, guard, show }: DevicePagesDependencies): Router {
  const router = new Router({ prefix: DEVICES })
  const goBack = (ctx: Context) => {
    ctx.redirect(DEVICES)
    ctx.status = 303
  }
  const home = () => DEVICES

  router.get(
    '/',
    guard.page(async (ctx, owner) => {
      show(ctx, 'devices', owner, { devices: await devices.list(owner.account.id), here: DEVICES, days: devices.days })
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
