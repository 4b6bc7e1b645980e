import type { Provider as LibraryProvider } from 'oidc-provider'
import { Provider } from 'oidc-provider'
import { hashSecret } from '../../platform/ids.ts'
import type { Sealer } from '../../platform/seal.ts'
import type { Artifacts, Use } from './artifacts.ts'

/**
 * Refresh tokens are used up by refreshing (RFC 9700 section 4.14.2). An answer can get lost on the way, so a retry by
 * the same client shortly after gets the very same successor: there is never a second branch of the family.
 */
export interface Rotation {
  /** The value that follows this refresh token. It is made of the token and our keys, so that a retry finds it again. */
  successorOf(id: string): string
  /** Whether this use, of a token that was used before, is such a retry. @param use the first use */
  isRetry(id: string, use: Use): Promise<boolean>
  /** From now on, in this request, that token is followed by this value. */
  choose(id: string, successor: string): void
  /** Lets a new instance of the library name successors. */
  readonly adjust: (provider: LibraryProvider) => void
}

interface Dependencies {
  readonly artifacts: Artifacts
  readonly sealer: Sealer
  /** How long after its use a token may be presented again; 0: not at all. */
  readonly graceSeconds: number
}

const CONTEXT = 'refresh token successor'

type RefreshTokenPrototype = { generateTokenId(): string }

/** Whether the library is refreshing for the client that the token was given to. */
function refreshesFor(clientId: string | undefined): boolean {
  const oidc = Provider.ctx?.oidc
  return oidc?.route === 'token' && oidc.params?.grant_type === 'refresh_token' && oidc.client?.clientId === clientId
}

/** Rotation of refresh tokens. */
export function createRotation({ artifacts, sealer, graceSeconds }: Dependencies): Rotation {
  /** For a request: the token that it uses, and what comes after it. */
  const chosen = new WeakMap<object, { readonly id: string; readonly successor: string }>()

  const choose = (id: string, successor: string) => {
    if (Provider.ctx) chosen.set(Provider.ctx, { id, successor })
  }

  /** The successor that was named at the first use, by whichever of our keys was the first one then. */
  const recall = (id: string, { successorHash }: Use) =>
    sealer.derive(id, CONTEXT).find((value) => hashSecret(value) === successorHash)

  return {
    successorOf: (id) => sealer.derive(id, CONTEXT)[0],
    choose,
    async isRetry(id, use) {
      const isInTime = Date.now() < use.at.getTime() + graceSeconds * 1000
      const successor = recall(id, use)
      if (!isInTime || !successor || !refreshesFor(use.clientId)) return false
      // Who used the successor has the answer. One that is not there yet was on its way when the first request ended.
      if (await artifacts.findUse('RefreshToken', successor)) return false
      choose(id, successor)
      return true
    },
    adjust(provider) {
      const prototype = provider.RefreshToken.prototype as unknown as RefreshTokenPrototype
      const generate = prototype.generateTokenId
      prototype.generateTokenId = function () {
        const ctx = Provider.ctx
        const { id, successor } = (ctx && chosen.get(ctx)) ?? {}
        const isSuccession = successor !== undefined && ctx?.oidc.entities.RotatedRefreshToken?.jti === id
        return isSuccession ? successor : generate.call(this)
      }
    },
  }
}
