import type { Config } from './config/index.ts'
import type { Logger } from './platform/logger.ts'
import { chooseRelyingParty, type RelyingParty, type SignIn } from './sign-in/index.ts'

/** What passkeys are made for; undefined where there cannot be any. */
export function relyingPartyOf({ server, brand, signIn }: Config): RelyingParty | undefined {
  return chooseRelyingParty({ ...signIn.passkey, issuer: server.issuer, productName: brand.name })
}

/** Passkeys are made for one host name and are good for no other: says so at a start after which none of them is. */
export async function warnOfPasskeys(
  { logger, relyingParty }: { readonly logger: Logger; readonly relyingParty: RelyingParty | undefined },
  { rememberRpId }: SignIn,
): Promise<void> {
  if (!relyingParty) return logger.warn('there are no passkeys: the host of the issuer is an address, and no host name')
  const before = await rememberRpId()
  if (before)
    logger.warn({ before, now: relyingParty.id }, 'passkeys made so far are orphaned: signIn.passkey.rpId has changed')
}
