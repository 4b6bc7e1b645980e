// Recovery codes: ten random codes on paper, each good once, for the day when the phone is gone. Owns how they look and
// how they are used up. A spare for other second steps: having codes alone asks for nothing.
import { z } from 'zod'
import type { Account } from '../../../accounts/index.ts'
import type { Credentials } from '../../credentials.ts'
import type { EnrollableMethod } from '../../enrollable.ts'
import type { SignInMethod, Strength } from '../../method.ts'
import { CODE_COUNT, hashCode, newCodes } from './code.ts'

interface Dependencies {
  readonly credentials: Credentials
  /** Tells the owner that a code was used, and how many are left. */
  readonly onUsed: (account: Account, left: number) => Promise<void>
}

/** What is kept of the codes: the hashes of those that are left. */
interface RecoverySecret {
  readonly hashes: readonly string[]
}

interface Pending {
  readonly codes: readonly string[]
}

const NAME = 'recovery-code'
/** A one-time password from a list that the person keeps (RFC 8176 section 2, `otp`). */
const PROVES: Strength = { factors: ['possession'], amr: ['otp'] }
const proofForm = z.object({ code: z.string().min(1).max(60) })
/** So few left, and the account page says that it is time for new ones. */
const FEW = 3

/** Makes both halves of the method. */
export function createRecoveryCodes({ credentials, onUsed }: Dependencies): {
  readonly signIn: SignInMethod<{ code: string }>
  readonly enrol: EnrollableMethod<object, Pending>
} {
  const find = async (accountId: string) => (await credentials.list<RecoverySecret>(accountId, NAME)).at(-1)

  return {
    signIn: {
      name: NAME,
      field: 'code',
      identifies: false,
      step: 'second',
      proves: PROVES,
      available: async (account) => account !== undefined && ((await find(account.id))?.secret.hashes.length ?? 0) > 0,
      parse: (body) => proofForm.parse(body),
      async verify({ account }, { code }) {
        const kept = account && (await find(account.id))
        if (!account || !kept) return { isProved: false, reason: 'unknown_account' }
        const hash = hashCode(code)
        const left = kept.secret.hashes.filter((candidate) => candidate !== hash)
        if (left.length === kept.secret.hashes.length) return { isProved: false, reason: 'mismatch' }
        // Taken out in one conditional update: of two who use it at once, one gets through.
        if (!(await credentials.take(kept.id, 'hashes', hash))) return { isProved: false, reason: 'replayed' }
        await onUsed(account, left.length)
        return { isProved: true, accountId: account.id, ...PROVES }
      },
    },
    enrol: {
      name: NAME,
      proves: PROVES,
      isBackup: true,
      isSingle: true,
      async begin({ existing }) {
        const codes = newCodes()
        return { challenge: { data: { count: CODE_COUNT, replaces: existing.length > 0 } }, state: { codes } }
      },
      parse: () => ({}),
      async confirm(_context, _input, { codes }) {
        const credential = { secret: { hashes: codes.map(hashCode) } }
        return { isConfirmed: true, credential, strength: PROVES, shown: { codes } }
      },
      present({ secret }) {
        const left = (secret as RecoverySecret).hashes.length
        const notes = [{ key: 'account.recovery-code.left', params: { count: left } }]
        return { left, notes: left <= FEW ? [...notes, { key: 'account.recovery-code.few' }] : notes }
      },
    },
  }
}
