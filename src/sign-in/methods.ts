import type { PasswordHasher } from '../platform/password-hash.ts'
import type { Credentials } from './credentials.ts'
import type { SignInMethod } from './method.ts'
import { createPasswordMethod, type PasswordMethod, type PasswordPolicy } from './methods/password/index.ts'

/** What the methods are made of. */
export interface MethodDependencies {
  readonly credentials: Credentials
  readonly hasher: PasswordHasher
  readonly passwordPolicy: PasswordPolicy
}

/** The methods in the order in which they are offered. A new method adds one line here. */
export function createMethods({ credentials, hasher, passwordPolicy }: MethodDependencies) {
  const password: PasswordMethod = createPasswordMethod({ credentials, hasher, policy: passwordPolicy })
  const all: readonly SignInMethod[] = [password as SignInMethod]
  return { all, password }
}
