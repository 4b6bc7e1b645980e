import { z } from 'zod'
import { maskPhoneNumber } from '../../../platform/sms/index.ts'
import type { Credential, Credentials } from '../../credentials.ts'
import type { SendLimit, SignInMethod } from '../../method.ts'
import { isCode, type KeptCode, newCode, readCode } from './code.ts'
import { CODE_SECONDS, composeMessage, type Texting } from './texting.ts'
import { NAME, PROVES } from './worth.ts'

/** What is kept while a code is awaited. Without a phone nothing was sent, and no code is right. */
interface Awaited {
  readonly kept: KeptCode
  readonly phoneId?: string | undefined
}

/** How often one person may be sent something. */
export const SEND_LIMIT: SendLimit = { points: 5, windowSeconds: 60 * 60, coolDownSeconds: 60 }

const TRIES = 3
/** An account that nobody has: looking up its phones takes as long as with any other. */
const NOBODY = 'nobody'
const proofForm = z.object({ code: z.string().max(20).transform(readCode).pipe(z.string().min(1)) })
const choiceForm = z.object({ phone: z.string().optional() })

const lastUse = ({ lastUsedAt, createdAt }: Credential) => (lastUsedAt ?? createdAt).getTime()

/** The half that proves: a code goes to a phone of the account, and comes back on our page. */
export function createProof(credentials: Credentials, texting: Texting): SignInMethod<{ code: string }, Awaited> {
  /** The phone that was used last first. */
  const listPhones = async (accountId = NOBODY) =>
    (await credentials.list(accountId, NAME)).sort((a, b) => lastUse(b) - lastUse(a))

  return {
    name: NAME,
    field: 'code',
    identifies: false,
    step: 'any',
    proves: PROVES,
    sendLimit: SEND_LIMIT,
    available: async (account) => account === undefined || credentials.has(account.id, NAME),

    async begin({ account, isSecondStep, locale }, input) {
      const phones = await listPhones(account?.id)
      const { phone: wish } = choiceForm.safeParse(input).data ?? {}
      const phone = (isSecondStep && phones.find(({ id }) => id === wish)) || phones[0]
      const { code, kept } = newCode()
      const begun = { state: { kept, phoneId: phone?.id }, tries: TRIES, expiresInSeconds: CODE_SECONDS }
      const number = phone?.hidden ?? ''
      const message = composeMessage(texting, number, code, locale)
      if (!isSecondStep) {
        // The answer is the same, and as fast, whether or not there is a phone to send to.
        if (phone && account?.status === 'active')
          texting.sender.post(message, { accountId: phone.accountId, purpose: 'first' })
        return { ...begun, challenge: { kind: 'sentTo', hint: '' } }
      }
      const outcome = phone && (await texting.sender.send(message, { accountId: phone.accountId, purpose: 'second' }))
      const others = phones
        .filter((other) => other !== phone)
        .map(({ id, name, hidden = '' }) => ({ id, label: name ?? maskPhoneNumber(hidden) }))
      const data = { isUndelivered: outcome?.kind !== 'sent', phoneId: phone?.id, others }
      return { ...begun, challenge: { kind: 'sentTo', hint: maskPhoneNumber(number), data } }
    },

    parse: (body) => proofForm.parse(body),

    async verify({ account }, { code }, state) {
      const phones = await listPhones(account?.id)
      if (!state || !isCode(code, state.kept)) return { isProved: false, reason: 'mismatch' }
      // Removed meanwhile, or never there.
      const phone = phones.find(({ id }) => id === state.phoneId)
      if (!account || !phone) return { isProved: false, reason: 'unknown_account' }
      await credentials.touch(phone.id)
      return { isProved: true, accountId: account.id, ...PROVES }
    },
  }
}
