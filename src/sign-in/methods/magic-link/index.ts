// Magic link: a mailed link that signs in the browser that asked for it; opened elsewhere it shows a code to type there.
// Owns what such a proof is worth: somebody reads this mailbox. How a mailbox is proved is not its business.
import { z } from 'zod'
import type { Account } from '../../../accounts/index.ts'
import type { MethodContext, SignInMethod, Strength } from '../../method.ts'

/** Proof of a mailbox, by a mailed link and, in another browser, the code that the link shows. */
export interface LinkMailbox {
  /** Whether mail can be sent at all. */
  readonly isAvailable: boolean
  /**
   * Mails a link; an earlier one of the same owner is worth nothing from then on. Without an account it takes the same
   * time, and nothing that was mailed proves anything.
   */
  start(link: {
    readonly owner: string
    readonly account: Account | undefined
    readonly identifier: string
    readonly browser: string
    readonly returnPath: string
    readonly locale: string | undefined
  }): Promise<void>
  /** The code that the link shows in another browser was typed. */
  typeCode(owner: string, code: string, origin: MethodContext['origin']): Promise<boolean>
  /** Whether the link was followed in this browser; a proof is used once. */
  take(owner: string): Promise<boolean>
}

interface Pending {
  /** The account that the link was mailed to; nobody's when there was none. */
  readonly accountId: string | undefined
}

const NAME = 'magic-link'
/** Another channel was used; a mailbox is somebody else's word, and no factor beside knowledge (R-38, ASVS 6.3.6). */
const PROVES: Strength = { factors: ['delegated'], amr: ['mca'] }
const SECONDS = 15 * 60
/** Of the code; the link itself cannot be guessed. */
const TRIES = 3
/** No sign-in has this id. */
const NOBODY = ''
const form = z.union([z.object({ proved: z.literal('yes') }), z.object({ code: z.string().min(1).max(20) })])

/** Makes the method. */
export function createMagicLink(mailbox: LinkMailbox): SignInMethod<z.output<typeof form>, Pending> {
  return {
    name: NAME,
    field: 'code',
    identifies: false,
    step: 'any',
    proves: PROVES,
    sendLimit: { points: 3, windowSeconds: 60 * 60 },
    available: async () => mailbox.isAvailable,

    async begin({ uid, identifier = '', account, browser, returnUrl, locale }) {
      const returnPath = `${new URL(returnUrl).pathname}?proved=yes`
      await mailbox.start({ owner: uid, account, identifier, browser: browser(), returnPath, locale })
      const challenge = { kind: 'sentTo', hint: account && identifier === '' ? account.email : identifier } as const
      return { challenge, state: { accountId: account?.id }, tries: TRIES + 1, expiresInSeconds: SECONDS }
    },
    parse: (body) => form.parse(body),

    async verify({ uid, account, origin }, input, state) {
      // A try too many must not use up the proof of one in time: it is looked for where nobody has any.
      const owner = state ? uid : NOBODY
      if ('code' in input && !(await mailbox.typeCode(owner, input.code, origin))) {
        return { isProved: false, reason: 'mismatch' }
      }
      if (!(await mailbox.take(owner))) return { isProved: false, reason: 'not_proved' }
      if (!account || account.id !== state?.accountId) return { isProved: false, reason: 'unknown_account' }
      return { isProved: true, accountId: account.id, ...PROVES }
    },
  }
}
