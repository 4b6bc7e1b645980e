import type { Config } from './config/index.ts'
import type { HttpClient } from './platform/http-client/index.ts'
import type { PasswordHasher } from './platform/password-hash.ts'
import type { PasswordStrength } from './platform/password-strength/index.ts'
import { choosePolicy, createBreachCheck } from './sign-in/index.ts'

/** What they are made of. */
interface Parts {
  readonly config: Config
  readonly hasher: PasswordHasher
  readonly strength: PasswordStrength
  readonly http: HttpClient
}

/** What new passwords are checked with and kept by. */
export function passwordPorts({ config, hasher, strength, http }: Parts) {
  const { breaches, ...choice } = config.signIn.password
  return {
    hasher,
    strength,
    // Where a role or an app alone wants a second factor, the password still counts alone elsewhere.
    policy: choosePolicy({ ...choice, isWithinMfa: config.assurance.secondFactor === 'always' }),
    findBreach: breaches.areChecked ? createBreachCheck({ http, url: breaches.url }) : undefined,
    productName: config.brand.name,
  }
}
