// Passkeys (WebAuthn): a key that a device or password manager keeps for our address alone, so that no other site can
// ask for its proof. Owns what is kept of them and every rule about them.
import type { Connection } from 'mongoose'
import type { Credentials } from '../../credentials.ts'
import { createAuthentication } from './authentication.ts'
import { createRegistration } from './registration.ts'
import type { RelyingParty } from './relying-party.ts'
import { rememberedRpId } from './rp-id.model.ts'

export { chooseRelyingParty, type RelyingParty } from './relying-party.ts'

interface Dependencies {
  readonly connection: Connection
  readonly credentials: Credentials
  readonly relyingParty: RelyingParty
}

/** Makes both halves of the method. */
export function createPasskeys(deps: Dependencies) {
  const remember = rememberedRpId(deps.connection)
  return {
    signIn: createAuthentication(deps),
    enrol: createRegistration(deps),
    /** Keeps the relying party id, and says what it was before if that was another: its passkeys are orphaned. */
    rememberRpId: () => remember(deps.relyingParty.id),
  }
}
