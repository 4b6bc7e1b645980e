import type { Context } from 'koa'
import type { Render } from '../../web/index.ts'
import type { Owner } from './guard.ts'

/** A page in the rail of the account pages. */
export interface AccountPage {
  readonly href: string
  readonly labelKey: string
}

/** Shows an account page in its frame. */
export type ShowAccountPage = (ctx: Context, template: string, owner: Owner, data?: object) => void

/** The frame around account pages: a rail with these pages, and who is signed in. */
export function createFrame(render: Render, pages: readonly AccountPage[], signOutHref: string): ShowAccountPage {
  return (ctx, template, { account, csrf }, data = {}) => {
    const isCurrent = ({ href }: AccountPage) =>
      href === '/account' ? ctx.path === href : ctx.path === href || ctx.path.startsWith(`${href}/`)
    const nav = pages.map((page) => ({ ...page, isCurrent: isCurrent(page) }))
    render(ctx, `account/${template}`, { nav, account, csrf, signOutHref, ...data })
  }
}
