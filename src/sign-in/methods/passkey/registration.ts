import { generateRegistrationOptions, verifyRegistrationResponse } from '@simplewebauthn/server'
import type { Credential, Credentials, NewCredential } from '../../credentials.ts'
import type { Confirmation, EnrollableMethod } from '../../enrollable.ts'
import { nameOf } from './names.ts'
import {
  ALGORITHMS,
  CHALLENGE_SECONDS,
  handleOf,
  NAME,
  type Passkey,
  PROVES,
  strengthOf,
  toBytes,
  userHandleOf,
} from './passkey.ts'
import type { RelyingParty } from './relying-party.ts'
import { isCrossOrigin, type RegistrationForm, registrationForm } from './response.ts'

interface Dependencies {
  readonly credentials: Credentials
  readonly relyingParty: RelyingParty
}

interface Pending {
  readonly challenge: string
  /** Whether it has to count alone, because the account has nothing else. */
  readonly isVerificationNeeded: boolean
  readonly isShortcut: boolean
}

const MAX_PASSKEYS = 20
const secretOf = (credential: Credential) => credential.secret as Passkey

/** Checks the answer. @returns undefined when anything is not as it has to be */
async function verify({ response }: RegistrationForm, pending: Pending, { id, origins }: RelyingParty) {
  if (isCrossOrigin(response.response.clientDataJSON)) return undefined
  // The library throws for whatever is wrong; which it was is of no use to anybody but an attacker.
  const verified = await verifyRegistrationResponse({
    response,
    expectedChallenge: pending.challenge,
    expectedOrigin: [...origins],
    expectedRPID: id,
    requireUserVerification: pending.isVerificationNeeded,
    // A browser that makes one by itself says that nobody was there; only after a password, and never as a proof.
    requireUserPresence: !pending.isShortcut,
    supportedAlgorithmIDs: ALGORITHMS,
  }).catch(() => undefined)
  return verified?.verified ? verified.registrationInfo : undefined
}

type Registered = NonNullable<Awaited<ReturnType<typeof verify>>>

function toCredential(
  registered: Registered,
  { browser, response }: RegistrationForm,
  { rpId, isShortcut }: Pick<Passkey, 'rpId' | 'isShortcut'>,
): NewCredential {
  const { credential, aaguid, fmt, userVerified, credentialDeviceType, credentialBackedUp } = registered
  const secret: Passkey = {
    credentialId: credential.id,
    publicKey: Buffer.from(credential.publicKey).toString('base64url'),
    counter: credential.counter,
    aaguid,
    fmt,
    isSyncable: credentialDeviceType === 'multiDevice',
    isBackedUp: credentialBackedUp,
    isUserVerified: userVerified,
    transports: response.response.transports,
    isShortcut,
    rpId,
  }
  return { name: nameOf(aaguid, browser), handle: handleOf(credential.id), secret }
}

/** Making a passkey: for any authenticator, one that is found without a name, and without asking for its maker's word. */
export function createRegistration(deps: Dependencies): EnrollableMethod<RegistrationForm, Pending> {
  const { credentials, relyingParty } = deps

  const present = ({ isBackedUp, isShortcut, rpId }: Passkey) => [
    { key: isBackedUp ? 'account.passkey.synced' : 'account.passkey.onDevice' },
    ...(isShortcut ? [{ key: 'account.passkey.shortcut' }] : []),
    ...(rpId === relyingParty.id ? [] : [{ key: 'account.passkey.orphaned', params: { host: rpId } }]),
  ]

  return {
    name: NAME,
    proves: PROVES,
    parse: (body) => registrationForm.parse(body),

    async begin({ account, existing, isShortcut }) {
      const all = await credentials.list(account.id)
      const isVerificationNeeded = all.every(({ method }) => method === NAME)
      const options = await generateRegistrationOptions({
        rpID: relyingParty.id,
        rpName: relyingParty.name,
        userID: toBytes(userHandleOf(account.id)),
        userName: account.email,
        userDisplayName: account.name ?? account.email,
        timeout: CHALLENGE_SECONDS * 1000,
        attestationType: 'none',
        excludeCredentials: existing.map(secretOf).map(({ credentialId, transports }) => ({
          id: credentialId,
          transports: [...transports],
        })),
        authenticatorSelection: {
          residentKey: 'required',
          userVerification: isVerificationNeeded ? 'required' : 'preferred',
        },
        supportedAlgorithmIDs: ALGORITHMS,
      })
      const state = { challenge: options.challenge, isVerificationNeeded, isShortcut }
      return { challenge: { data: { options } }, state, tries: 1, expiresInSeconds: CHALLENGE_SECONDS }
    },

    async confirm({ existing, isShortcut }, form, pending): Promise<Confirmation> {
      if (existing.length >= MAX_PASSKEYS) return { isConfirmed: false, reason: 'too_many' }
      const registered = await verify(form, pending, relyingParty)
      if (!registered || isShortcut !== pending.isShortcut) return { isConfirmed: false, reason: 'mismatch' }
      const credential = toCredential(registered, form, { rpId: relyingParty.id, isShortcut })
      return { isConfirmed: true, credential, strength: strengthOf(registered.userVerified) }
    },

    present: ({ secret }) => ({ notes: present(secret as Passkey) }),

    // So that browsers can forget what was removed, and show what the account is called now.
    signalled: ({ account, existing }) => ({
      rpId: relyingParty.id,
      userId: userHandleOf(account.id),
      name: account.email,
      displayName: account.name ?? account.email,
      credentialIds: existing.map((credential) => secretOf(credential).credentialId),
    }),
  }
}
