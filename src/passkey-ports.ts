import type { Config } from './config/index.ts'
import type { Logger } from './platform/logger.ts'
import { chooseRelyingParty, type RelyingParty, type SignIn } from './sign-in/index.ts'

/** What passkeys are made for. */
export function relyingPartyOf({ server, brand, signIn }: Config): RelyingParty {
  return chooseRelyingParty({ ...signIn.passkey, issuer: server.issuer, productName: brand.name })
}

/** Passkeys are made for one host name and are good for no other: says so at a start after which none of them is. */
export async function warnOfOrphans(
  { logger, relyingParty }: { readonly logger: Logger; readonly relyingParty: RelyingParty },
  { rememberRpId }: SignIn,
): Promise<void> {
  const before = await rememberRpId()
  if (before)
    logger.warn({ before, now: relyingParty.id }, 'passkeys made so far are orphaned: signIn.passkey.rpId has changed')
}
