import { z } from 'zod'
import type { Account } from '../../../src/accounts/index.ts'
import type { MethodEntry } from '../../../src/sign-in/index.ts'
import type { SignInMethod } from '../../../src/sign-in/method.ts'

const form = z.object({ answer: z.string().min(1).max(100) })

/** The question, and what has to be said. */
export const RIDDLE = { question: 'What walks on four legs in the morning?', answer: 'man' }

/** A way to sign in that nobody should use: whoever solves the riddle knows something. */
const riddle: SignInMethod<z.infer<typeof form>, { readonly answer: string }> = {
  name: 'riddle',
  field: 'answer',
  identifies: false,
  step: 'any',
  proves: { factors: ['knowledge'], amr: ['kba'] },
  available: async () => true,
  begin: async () => ({
    challenge: { kind: 'show', data: { question: RIDDLE.question } },
    state: { answer: RIDDLE.answer },
    tries: 3,
  }),
  parse: (body) => form.parse(body),
  verify: async ({ account }: { readonly account: Account | undefined }, { answer }, state) =>
    account && answer === state?.answer
      ? { isProved: true, accountId: account.id, factors: ['knowledge'], amr: ['kba'] }
      : { isProved: false, reason: 'wrong_answer' },
}

/** Its line among the methods. */
export const toyMethod: MethodEntry = { signIn: riddle as SignInMethod }
