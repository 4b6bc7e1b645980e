import type { Context } from 'koa'
import type { Render } from '../web/index.ts'

const pages = [
  { href: '/workbench/playground', labelKey: 'workbench.playground.name' },
  { href: '/workbench/inbox', labelKey: 'workbench.inbox.name' },
]

/** Shows a page of the workbench, in its frame. */
export function showInFrame(render: Render, ctx: Context, template: string, data: object): void {
  const nav = pages.map((page) => ({ ...page, isCurrent: ctx.path.startsWith(page.href) }))
  render(ctx, `workbench/${template}`, { nav, ...data })
}
