import { Eta } from 'eta'
import type { Context } from 'koa'
import { newSecret } from '../platform/ids.ts'
import type { Assets } from './assets.ts'
import type { Cookie } from './cookie.ts'
import type { Messages } from './messages.ts'
import { stateOf } from './state.ts'

/** The product's name and looks, as pages show them. */
export interface Brand {
  readonly name: string
  readonly logoUrl?: string | undefined
  readonly privacyUrl?: string | undefined
  readonly termsUrl?: string | undefined
  readonly helpUrl?: string | undefined
}

/** Answers with a page. */
export type Render = (ctx: Context, template: string, data?: object) => void

/** Pages and mail from templates. */
export interface Renderer {
  readonly page: Render
  /** The language that a page for this request is in. */
  readonly localeOf: (ctx: Context) => string
  /** The language that somebody chose by themselves in this browser. */
  readonly chosenLocaleOf: (ctx: Context) => string | undefined
  /** A text that is no page, a mail say. */
  readonly text: (template: string, locale: string, data: object) => string
}

interface Dependencies {
  readonly viewsDir: string
  readonly assets: Assets
  readonly messages: Messages
  readonly brand: Brand
  /** Where somebody's choice of language is kept. */
  readonly language: Cookie
}

/** A moment as a machine and as a reader of this language would write it: in UTC, until page.js knows where they are. */
function timeIn(locale: string) {
  const format = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })
  return (date: Date) => ({ iso: date.toISOString(), text: `${format.format(date)} UTC` })
}

/** Renders the templates of this folder. Everything is escaped unless a template says otherwise. */
export function createRenderer({ viewsDir, assets, messages, brand, language }: Dependencies): Renderer {
  const eta = new Eta({ views: viewsDir, cache: true, autoEscape: true, useWith: false })
  const nativeNames = new Map(
    messages.locales.map((code) => [code, new Intl.DisplayNames(code, { type: 'language' }).of(code) ?? code]),
  )
  const made = new Map<string, ReturnType<typeof make>>()
  const common = (locale: string) => {
    const known = made.get(locale) ?? make(locale)
    made.set(locale, known)
    return known
  }
  const make = (locale: string) => ({
    t: messages.translator(locale),
    hasText: messages.has,
    textsUnder: (prefix: string) => messages.under(locale, prefix),
    locale,
    dir: 'ltr',
    brand,
    asset: assets.url,
    time: timeIn(locale),
  })

  const localeOf = (ctx: Context) =>
    messages.negotiate({
      uiLocales: stateOf(ctx).uiLocales,
      chosen: language.get(ctx),
      acceptLanguage: ctx.get('Accept-Language'),
    })

  return {
    localeOf,
    chosenLocaleOf: (ctx) => messages.locales.find((locale) => locale === language.get(ctx)),
    page(ctx, template, data = {}) {
      const state = stateOf(ctx)
      state.nonce ??= newSecret(16)
      const { nonce, requestId } = state
      const locale = localeOf(ctx)
      const back = ctx.method === 'GET' ? ctx.path : '/'
      const languages = messages.locales.map((code) => ({
        code,
        name: nativeNames.get(code) ?? code,
        href: `/language/${code}?return=${encodeURIComponent(back)}`,
        isCurrent: code === locale,
      }))
      ctx.type = 'html'
      ctx.set('Content-Language', locale)
      ctx.vary('Accept-Language')
      ctx.body = eta.render(template, { ...common(locale), nonce, requestId, languages, path: ctx.path, ...data })
    },
    text: (template, locale, data) => eta.render(template, { ...common(locale), ...data }),
  }
}
