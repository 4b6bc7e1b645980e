import type { SignInMethod } from './method.ts'
import { createPasswordMethod, type PasswordDependencies, type PasswordMethod } from './methods/password/index.ts'

/** What the methods are made of. */
export interface MethodDependencies {
  readonly password: PasswordDependencies
}

/** The methods in the order in which they are offered. A new method adds one line here. */
export function createMethods(deps: MethodDependencies) {
  const password: PasswordMethod = createPasswordMethod(deps.password)
  const all: readonly SignInMethod[] = [password as SignInMethod]
  return { all, password }
}
