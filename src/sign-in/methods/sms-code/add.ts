import { z } from 'zod'
import { hashSecret } from '../../../platform/ids.ts'
import { maskPhoneNumber, readPhoneNumber } from '../../../platform/sms/index.ts'
import type { EnrollableMethod } from '../../enrollable.ts'
import { isCode, type KeptCode, newCode, readCode } from './code.ts'
import { SEND_LIMIT } from './prove.ts'
import { refusals } from './refusals.ts'
import { CODE_SECONDS, composeMessage, type Texting } from './texting.ts'
import { NAME, PROVES } from './worth.ts'

interface Pending {
  readonly number: string
  readonly kept: KeptCode
}

const TRIES = 3
const MAX_PHONES = 5
const numberForm = z.object({ phone: z.string().min(1).max(40) })
const codeForm = z.object({ code: z.string().max(20).transform(readCode).pipe(z.string().min(1)) })

/** The half that adds a phone: its number, then the code that was sent there. It counts for nothing before. */
export function createAdding(texting: Texting): EnrollableMethod<{ code: string }, Pending> {
  /** @throws Refusal of status 422 */
  const readNumber = (input: unknown): string => {
    const typed = numberForm.safeParse(input).data?.phone
    const read = typed === undefined ? undefined : readPhoneNumber(typed, texting.countries)
    if (!read?.isGood) throw read?.problem === 'country' ? refusals.country() : refusals.invalid()
    return read.number
  }

  return {
    name: NAME,
    proves: PROVES,
    asks: 'phone',
    sendLimit: SEND_LIMIT,
    async begin({ account, existing, locale, reserveSend }, input) {
      const number = readNumber(input)
      if (existing.some(({ hidden }) => hidden === number)) throw refusals.known()
      if (existing.length >= MAX_PHONES) throw refusals.tooMany()
      await reserveSend()
      const { code, kept } = newCode()
      const message = composeMessage(texting, number, code, locale)
      const outcome = await texting.sender.send(message, { accountId: account.id, purpose: 'enrolment' })
      if (outcome.kind !== 'sent') throw refusals.undelivered()
      const challenge = { data: { phone: number } }
      return { challenge, state: { number, kept }, tries: TRIES, expiresInSeconds: CODE_SECONDS }
    },
    parse: (body) => codeForm.parse(body),
    async confirm({ account, existing }, { code }, { number, kept }) {
      if (!isCode(code, kept)) return { isConfirmed: false, reason: 'mismatch' }
      if (existing.length >= MAX_PHONES) return { isConfirmed: false, reason: 'too_many' }
      // An account has a number once. Others may have it too: phones are shared, and numbers change hands.
      const handle = hashSecret(`${account.id} ${number}`)
      const credential = { name: maskPhoneNumber(number), handle, secret: {}, hidden: number }
      return { isConfirmed: true, credential, strength: PROVES }
    },
    present: ({ hidden = '' }) => ({
      notes: [{ key: 'account.sms-code.number', params: { number: maskPhoneNumber(hidden) } }],
    }),
  }
}
