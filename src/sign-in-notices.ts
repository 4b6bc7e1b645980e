import type { Notices } from './notices/index.ts'
import type { SignInDependencies } from './sign-in/index.ts'

/** Paths on which there was a password before. */
const CHANGES = new Set(['reset', 'change'])

/** What the owner of a credential is told. */
const CREDENTIAL_NOTICES = {
  added: 'credentialAdded',
  removed: 'credentialRemoved',
  renamed: 'credentialRenamed',
} as const

/** Tells people by mail what happened to how they sign in. */
export function signInNotices(
  notices: Notices,
): Pick<SignInDependencies, 'onCredentialChanged' | 'onRecoveryCodeUsed' | 'onPasswordSet' | 'onBrowserTrusted'> {
  return {
    onCredentialChanged: (account, change, which, { address }) =>
      notices.tell(CREDENTIAL_NOTICES[change], account, { ...which, address }),
    onRecoveryCodeUsed: (account, left) => notices.tell('recoveryCodeUsed', account, { left }),
    onBrowserTrusted: (account, { address }) => notices.tell('browserTrusted', account, { address }),
    onPasswordSet: (account, { address }, via) =>
      notices.tell(CHANGES.has(via) ? 'passwordChanged' : 'passwordSet', account, { address }),
  }
}
