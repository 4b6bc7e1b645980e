import type { Connection } from 'mongoose'
import type { Account } from '../accounts/index.ts'
import type { Sealer } from '../platform/seal.ts'
import type { Credentials } from './credentials.ts'
import type { EnrollableMethod } from './enrollable.ts'
import type { SignInMethod } from './method.ts'
import { createMagicLink, type LinkMailbox } from './methods/magic-link/index.ts'
import { createPasskeys, type RelyingParty } from './methods/passkey/index.ts'
import { createPasswordMethod, type PasswordDependencies } from './methods/password/index.ts'
import { createRecoveryCodes } from './methods/recovery-code/index.ts'
import { createSmsCode, type Texting } from './methods/sms-code/index.ts'
import { createTotp } from './methods/totp/index.ts'
import { createUpstream, type UpstreamProvider } from './methods/upstream/index.ts'

/** What the methods are made of. */
export interface MethodDependencies {
  readonly connection: Connection
  readonly credentials: Credentials
  readonly productName: string
  readonly linkMailbox: LinkMailbox
  /** Without it there are no passkeys. */
  readonly relyingParty: RelyingParty | undefined
  readonly onRecoveryCodeUsed: (account: Account, left: number) => Promise<void>
  readonly password: PasswordDependencies
  /** How codes leave by text message; without it there are none. */
  readonly texting?: Texting | undefined
  readonly sealer: Sealer
  readonly issuer: string
  /** Other providers whose accounts people can sign in with. */
  readonly providers: readonly UpstreamProvider[]
  /** The provider that an organization names for people of its domain. */
  readonly findProviderOf: (domain: string) => Promise<string | undefined>
}

/** A method as this list has it: how it proves, and how its credentials are added by their owner, where they can be. */
export interface MethodEntry {
  readonly signIn?: SignInMethod
  readonly enrol?: EnrollableMethod
}

/** The methods in the order in which they are offered. A new method adds one line here. */
export function createMethods(deps: MethodDependencies) {
  const password = createPasswordMethod(deps.password)
  const { relyingParty } = deps
  const passkeys = relyingParty && createPasskeys({ ...deps, relyingParty })
  const { entry: upstream, door: upstreamReturn } = createUpstream(deps)
  const entries: readonly MethodEntry[] = [
    { signIn: password as SignInMethod },
    ...(passkeys ? [{ signIn: passkeys.signIn, enrol: passkeys.enrol } as MethodEntry] : []),
    { signIn: createMagicLink(deps.linkMailbox) as SignInMethod },
    upstream,
    createTotp(deps) as MethodEntry,
    ...(deps.texting ? [createSmsCode({ ...deps, texting: deps.texting })] : []),
    createRecoveryCodes({ ...deps, onUsed: deps.onRecoveryCodeUsed }) as MethodEntry,
  ]
  return { entries, password, rememberRpId: async () => passkeys?.rememberRpId(), upstreamReturn }
}
