import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

/** What a text mentions. */
export type MessageParams = Readonly<Record<string, string | number>>

/** Says something in one language. @throws Error when there is no such text */
export type Translate = (key: string, params?: MessageParams) => string

/** The texts of all languages. */
export interface Messages {
  readonly locales: readonly string[]
  translator(locale: string): Translate
  has(key: string): boolean
  /** Every text under this key, by the rest of its key: for scripts that choose among them. */
  under(locale: string, prefix: string): Readonly<Record<string, string>>
  /** The best language for a request: what the relying party asked for, what the person chose, what the browser says. */
  negotiate(wishes: {
    uiLocales?: string | undefined
    chosen?: string | undefined
    acceptLanguage?: string | undefined
  }): string
}

const FALLBACK = 'en'

function flatten(tree: object, prefix = ''): [string, string][] {
  return Object.entries(tree).flatMap(([key, value]): [string, string][] =>
    typeof value === 'object' && value !== null ? flatten(value, `${prefix}${key}.`) : [[prefix + key, String(value)]],
  )
}

/** The languages of an Accept-Language header, best first (RFC 9110 section 12.5.4). */
function acceptedLanguages(header: string): string[] {
  return header
    .split(',')
    .map((part) => {
      const [tag = '', ...parameters] = part.trim().split(';')
      const quality = parameters.find((parameter) => parameter.trim().startsWith('q='))
      return { tag, quality: quality ? Number(quality.trim().slice(2)) || 0 : 1 }
    })
    .filter(({ tag, quality }) => tag !== '' && quality > 0)
    .sort((a, b) => b.quality - a.quality)
    .map(({ tag }) => tag)
}

/**
 * Reads one file a language. English is complete; what another lacks is said in English. Where nobody's wish is known
 * pages are in the default language.
 */
export function loadMessages(folder: string, defaultLanguage = FALLBACK): Messages {
  const texts = new Map(
    readdirSync(folder)
      .filter((name) => name.endsWith('.yaml'))
      .map((name) => [name.slice(0, -5), new Map(flatten(parse(readFileSync(join(folder, name), 'utf8'))))] as const),
  )
  const locales = [...texts.keys()].sort()
  const find = (locale: string, key: string) => texts.get(locale)?.get(key) ?? texts.get(FALLBACK)?.get(key)

  return {
    locales,
    under(locale, prefix) {
      const keys = [...(texts.get(FALLBACK)?.keys() ?? [])].filter((key) => key.startsWith(`${prefix}.`))
      return Object.fromEntries(keys.map((key) => [key.slice(prefix.length + 1), find(locale, key) ?? '']))
    },
    has: (key) => texts.get(FALLBACK)?.has(key) ?? false,
    translator(locale) {
      const plurals = new Intl.PluralRules(locale)
      return (key, params = {}) => {
        const plural =
          typeof params.count === 'number' ? find(locale, `${key}.${plurals.select(params.count)}`) : undefined
        const text = plural ?? find(locale, key)
        if (text === undefined) throw new Error(`there is no text ${key}`)
        return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole))
      }
    },
    negotiate({ uiLocales = '', chosen = '', acceptLanguage = '' }) {
      const wishes = [...uiLocales.split(' '), chosen, ...acceptedLanguages(acceptLanguage)]
      for (const wish of wishes.map((tag) => tag.toLowerCase())) {
        const found =
          locales.find((locale) => locale === wish) ?? locales.find((locale) => locale === wish.split('-')[0])
        if (found) return found
      }
      return defaultLanguage
    },
  }
}
