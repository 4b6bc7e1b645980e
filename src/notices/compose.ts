import type { Messages, Renderer, Translate } from '../web/index.ts'
import {
  type Credential,
  type Happening,
  type NoticeDetails,
  type NoticeName,
  occasions,
  type Proof,
} from './catalogue.ts'
import { type Parts, toText } from './parts.ts'

/** A mail without its recipient. */
export interface Composed {
  readonly subject: string
  readonly html: string
  readonly text: string
  readonly notAfter: Date | undefined
}

/** Turns a notice and its detail into a mail in this language, or the nearest there is. */
export type Compose = <N extends NoticeName>(name: N, locale: string | undefined, detail: NoticeDetails[N]) => Composed

interface Dependencies {
  readonly messages: Messages
  readonly renderer: Renderer
  readonly brand: { readonly name: string; readonly accent: string }
}

/** Everything that any notice may be given. */
type AnyDetail = Partial<Happening & Credential & Proof & { left: number; newEmail: string }>

const MINUTE_MS = 60_000
/** Up to here people are told minutes, and not a moment that depends on where they are. */
const SOON_MINUTES = 90

/** A moment as a reader of this language would write it. In UTC and saying so: nobody knows where the mail is read. */
const timeIn = (locale: string) => {
  const format = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })
  return (date: Date) => `${format.format(date)} UTC`
}

/** How long it is good. */
function describeExpiry(expiresAt: Date, t: Translate, time: (date: Date) => string): string {
  const minutes = Math.round((expiresAt.getTime() - Date.now()) / MINUTE_MS)
  return minutes <= SOON_MINUTES
    ? t('mail.goodFor', { count: minutes })
    : t('mail.goodUntil', { time: time(expiresAt) })
}

/** Composes notices from these texts. Each has one template and one list of parts; only the words differ. */
export function createCompose({ messages, renderer, brand }: Dependencies): Compose {
  const partsOf = (name: NoticeName, locale: string, detail: AnyDetail): Parts => {
    const t = messages.translator(locale)
    const time = timeIn(locale)
    const occasion = occasions[name]
    const params = { product: brand.name, ...(detail.left === undefined ? {} : { count: detail.left }) }
    /** The notice's own words, or those of its occasion. */
    const own = (part: string) =>
      t(messages.has(`mail.${name}.${part}`) ? `mail.${name}.${part}` : `mail.${part}.${occasion}`, params)
    const { method, label } = detail
    const methodName = method && (messages.has(`methods.${method}`) ? t(`methods.${method}`) : method)
    const facts = [
      { key: 'what', value: methodName && (label ? `${methodName}: ${label}` : methodName) },
      { key: 'newEmail', value: detail.newEmail },
      { key: 'when', value: occasion === 'change' ? time(detail.at ?? new Date()) : undefined },
      { key: 'address', value: detail.address },
    ]
    return {
      title: own('title'),
      text: t(`mail.${name}.text`, params),
      facts: facts.flatMap(({ key, value }) => (value ? [{ label: t(`mail.facts.${key}`), value }] : [])),
      code: detail.code,
      action: detail.link ? { label: t(`mail.${name}.action`, params), link: detail.link } : undefined,
      expiry: detail.expiresAt && describeExpiry(detail.expiresAt, t, time),
      notYou: own('notYou'),
      why: own('why'),
    }
  }

  return (name, wish, detail) => {
    const locale = messages.negotiate({ chosen: wish })
    const parts = partsOf(name, locale, detail)
    return {
      subject: messages.translator(locale)(`mail.${name}.subject`, { product: brand.name }),
      text: toText(parts),
      html: renderer.text('mail/notice', locale, { ...parts, accent: brand.accent }),
      notAfter: (detail as AnyDetail).expiresAt,
    }
  }
}
