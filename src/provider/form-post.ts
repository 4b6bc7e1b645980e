import type { Context, Middleware } from 'koa'
import { allowFormAction, type Render } from '../web/index.ts'
import { formActionsFor } from './redirects.ts'

const MARK = '<title>Submitting Callback</title>'
const entities: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
}
const fromHtml = (html: string) => html.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => entities[entity] ?? entity)

/** What the library's self-submitting page would send, and where to. */
export function readFormPost(html: string): { action: string; fields: { name: string; value: string }[] } | undefined {
  const action = html.includes(MARK) ? /<form method="post" action="([^"]*)">/.exec(html)?.[1] : undefined
  if (action === undefined) return undefined
  const inputs = html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"\/>/g)
  const fields = [...inputs].map(([, name = '', value = '']) => ({ name: fromHtml(name), value: fromHtml(value) }))
  return { action: fromHtml(action), fields }
}

/**
 * Dresses the library's self-submitting page (OAuth 2.0 Form Post Response Mode) in a page of ours: its inline script
 * would not run under our policy, and without script it offers a button.
 */
export function formPostPage({ render, isProduction }: { render: Render; isProduction: boolean }): Middleware {
  return async (ctx: Context, next) => {
    await next()
    const form = typeof ctx.body === 'string' ? readFormPost(ctx.body) : undefined
    if (!form) return
    const { status } = ctx
    allowFormAction(ctx, ...formActionsFor(form.action, isProduction))
    render(ctx, 'form-post', form)
    ctx.status = status
  }
}
