import { importPKCS8, SignJWT } from 'jose'
import type { ClientAuth } from 'openid-client'
import type { Config } from '../../../../config/index.ts'
import type { HttpClient } from '../../../../platform/http-client/index.ts'
import { createOpenIdConnect, type Profile, standardProfile } from '../openid-connect.ts'
import type { UpstreamAnswer } from '../provider.ts'

const ALGORITHM = 'ES256'
/** Made anew for each request: it need not outlive one. Apple takes up to six months. */
const SECRET_SECONDS = 5 * 60

interface Key {
  readonly clientId: string
  readonly teamId: string
  readonly keyId: string
  /** PKCS #8, as Apple's `.p8` file has it. */
  readonly privateKey: string
  readonly issuer: string
}

/** Hands in a secret that is signed with the team's key instead of one that has to be kept and renewed. */
function signedSecret({ clientId, teamId, keyId, privateKey, issuer }: Key): ClientAuth {
  return async (_as, _client, body) => {
    // In an environment variable lines often end in a written \n.
    const key = await importPKCS8(privateKey.replaceAll('\\n', '\n'), ALGORITHM)
    const secret = await new SignJWT()
      .setProtectedHeader({ alg: ALGORITHM, kid: keyId })
      .setIssuer(teamId)
      .setSubject(clientId)
      .setAudience(issuer)
      .setIssuedAt()
      .setExpirationTime(`${SECRET_SECONDS} seconds`)
      .sign(key)
    body.set('client_id', clientId)
    body.set('client_secret', secret)
  }
}

/** The name, which the browser brings along the first time somebody consents, and never again. It is only suggested. */
function nameIn({ user }: UpstreamAnswer): string | undefined {
  try {
    const { name } = JSON.parse(user ?? '{}') as { name?: { firstName?: unknown; lastName?: unknown } }
    const parts = [name?.firstName, name?.lastName].filter((part) => typeof part === 'string')
    return parts.join(' ').trim() || undefined
  } catch {
    return undefined
  }
}

/** Sign in with Apple. Whoever asks for name or e-mail gets the answer as a form. */
export function createApple({ apple }: Config['upstream'], http: HttpClient) {
  const { clientId, teamId, keyId, privateKey, issuer, ...options } = apple
  if (!clientId || !teamId || !keyId || !privateKey) return undefined
  return createOpenIdConnect(
    {
      ...options,
      id: 'apple',
      label: 'Apple',
      issuer,
      scopes: ['openid', 'email', 'name'],
      parameters: { response_mode: 'form_post' },
      // Whoever goes there confirms it with their device or password each time.
      anewParameters: {},
      clientId,
      authentication: signedSecret({ clientId, teamId, keyId, privateKey, issuer }),
      profileOf: (claims, answer): Profile => ({ ...standardProfile(claims), name: nameIn(answer) }),
    },
    http,
  )
}
