// Authenticator app: a key that an app on the person's phone shares with us, and a code every 30 seconds (RFC 6238).
// Owns its keys, which are kept sealed, and the rule that no step is accepted twice.
import { z } from 'zod'
import type { Credential, Credentials } from '../../credentials.ts'
import type { EnrollableMethod } from '../../enrollable.ts'
import type { SignInMethod, Strength } from '../../method.ts'
import { findStep, keyUri, newKey, readCode } from './code.ts'
import { drawQr } from './qr.ts'

interface Dependencies {
  readonly credentials: Credentials
  /** What authenticator apps call us. */
  readonly productName: string
}

/** What is kept of an app beside its key: the last step that a code was accepted for. */
interface TotpSecret {
  readonly lastStep: number
}

interface Pending {
  readonly key: string
}

const NAME = 'totp'
const PROVES: Strength = { factors: ['possession'], amr: ['otp'] }
const MAX_APPS = 10
/** For whoever takes the suggested name away. */
const DEFAULT_NAME = 'Authenticator app'
const code = z.string().max(20).transform(readCode)
const proofForm = z.object({ code: code.pipe(z.string().min(1)) })
const addForm = z.object({
  code: code.pipe(z.string().min(1)),
  name: z.string().trim().max(100).optional(),
})
/** Groups of four are easier to type. */
const inGroups = (key: string) => key.replace(/(.{4})(?=.)/g, '$1 ')

/** Makes both halves of the method. */
export function createTotp({ credentials, productName }: Dependencies): {
  readonly signIn: SignInMethod<{ code: string }>
  readonly enrol: EnrollableMethod<{ code: string; name?: string | undefined }, Pending>
} {
  /** Whether the code is right and its step was not used before, by one conditional update. */
  const accept = async ({ id, hidden = '', secret }: Credential<TotpSecret>, typed: string) => {
    const step = await findStep(hidden, typed)
    if (step === undefined) return 'mismatch'
    const isNew =
      step > secret.lastStep && (await credentials.change(id, { lastStep: { $lt: step } }, { lastStep: step }))
    return isNew ? 'accepted' : 'replayed'
  }

  return {
    signIn: {
      name: NAME,
      field: 'code',
      identifies: false,
      step: 'second',
      proves: PROVES,
      available: async (account) => account !== undefined && credentials.has(account.id, NAME),
      parse: (body) => proofForm.parse(body),
      async verify({ account }, { code: typed }) {
        if (!account) return { isProved: false, reason: 'unknown_account' }
        const outcomes = []
        for (const app of await credentials.list<TotpSecret>(account.id, NAME)) outcomes.push(await accept(app, typed))
        if (outcomes.includes('accepted')) return { isProved: true, accountId: account.id, ...PROVES }
        return { isProved: false, reason: outcomes.includes('replayed') ? 'replayed' : 'mismatch' }
      },
    },
    enrol: {
      name: NAME,
      proves: PROVES,
      async begin({ account, existing }) {
        const key = newKey()
        const uri = keyUri(key, productName, account.email)
        const picture = drawQr(uri)
        return { challenge: { data: { picture, key: inGroups(key), uri, count: existing.length } }, state: { key } }
      },
      parse: (body) => addForm.parse(body),
      async confirm({ existing }, { code: typed, name }, { key }) {
        if (existing.length >= MAX_APPS) return { isConfirmed: false, reason: 'too_many' }
        const step = await findStep(key, typed)
        if (step === undefined) return { isConfirmed: false, reason: 'mismatch' }
        // The step of this code is used up: whoever saw it typed cannot sign in with it.
        const credential = { name: name || DEFAULT_NAME, secret: { lastStep: step }, hidden: key }
        return { isConfirmed: true, credential, strength: PROVES }
      },
      present: () => ({}),
    },
  }
}
