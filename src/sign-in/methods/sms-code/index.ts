// SMS code: six digits to a phone that the account has proved to have. Owns the codes, the numbers (kept sealed), and that
// nobody learns from it who has an account or a phone. How messages leave, and how many, is decided elsewhere.
import type { Credentials } from '../../credentials.ts'
import type { EnrollableMethod } from '../../enrollable.ts'
import type { SignInMethod } from '../../method.ts'
import { createAdding } from './add.ts'
import { createProof } from './prove.ts'
import type { Texting } from './texting.ts'

export type { TextAbout, Texting } from './texting.ts'

/** Makes both halves of the method. */
export function createSmsCode(deps: { readonly credentials: Credentials; readonly texting: Texting }): {
  readonly signIn: SignInMethod
  readonly enrol: EnrollableMethod
} {
  return {
    signIn: createProof(deps.credentials, deps.texting) as SignInMethod,
    enrol: createAdding(deps.texting) as EnrollableMethod,
  }
}
