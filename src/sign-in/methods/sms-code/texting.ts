/** Whose message it is, and what for; numbers are counted apart by the purpose. */
export interface TextAbout {
  readonly accountId: string
  readonly purpose: 'first' | 'second' | 'enrolment'
}

/** A text message with a code. */
interface CodeMessage {
  readonly to: string
  readonly text: string
  readonly goodForSeconds: number
}

/** How codes leave, to whom, and in which words. */
export interface Texting {
  /** Countries that are written to, ISO 3166-1; none: any. */
  readonly countries: readonly string[]
  /** The host name of our pages. */
  readonly host: string
  /** One sentence with the code in it, in this language. */
  readonly compose: (code: string, locale: string | undefined) => string
  readonly sender: {
    send(message: CodeMessage, about: TextAbout): Promise<{ readonly kind: string }>
    /** The same, when the answer to the request is given. */
    post(message: CodeMessage, about: TextAbout): void
  }
}

/** So long a code is good (NIST SP 800-63B-4 section 3.1.3: 10 minutes at most). */
export const CODE_SECONDS = 5 * 60

/** The message: words for people, and a last line by which browsers fill in the code on our pages only (WebOTP). */
export function composeMessage({ compose, host }: Texting, to: string, code: string, locale?: string): CodeMessage {
  return { to, text: `${compose(code, locale)}\n\n@${host} #${code}`, goodForSeconds: CODE_SECONDS }
}
