import { compactVerify, importJWK, type JWK } from 'jose'
import { type Client, type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider'

/** An assertion is used at once: one that is good for longer would have to be remembered for as long. */
const MAX_SECONDS = 3600
/** Keys behind a `jwks_uri` that were fetched longer ago are fetched again: one may have been taken back. */
const KEYS_SECONDS = 600

/** The keys of a client as the library keeps them. */
interface KeyStore {
  /** A minute after they were fetched; until then the library asks for no unknown key. */
  readonly freshUntil?: number
  refresh(): Promise<void>
  selectForVerify(header: { alg: string; kid?: string | undefined }): JWK[]
}

interface Header {
  readonly alg?: unknown
  readonly kid?: unknown
}

const now = () => Math.floor(Date.now() / 1000)

/** The library goes on with the keys it has while they fit. Old ones are fetched anew, and the signature checked by those. */
async function assertKeyStillStands(ctx: KoaContextWithOIDC, { alg, kid }: Header, client: Client): Promise<void> {
  const keys = client.asymmetricKeyStore as KeyStore
  if (!client.jwksUri || keys.freshUntil === undefined || now() - keys.freshUntil < KEYS_SECONDS) return
  await keys.refresh()
  const assertion = String(ctx.oidc.params?.client_assertion)
  const candidates = keys.selectForVerify({ alg: String(alg), kid: typeof kid === 'string' ? kid : undefined })
  const checks = candidates.map(async (key) => compactVerify(assertion, await importJWK(key, String(alg))))
  await Promise.any(checks)
}

/** What an assertion of a client has to be, besides what the library asks (RFC 7523 section 3, R-31). */
export const assertJwtClientAuthClaimsAndHeader: NonNullable<
  Configuration['assertJwtClientAuthClaimsAndHeader']
> = async (ctx, claims, header, client) => {
  // For us and nobody else (draft-ietf-oauth-rfc7523bis): an assertion for other audiences can be replayed elsewhere.
  if (claims.aud !== ctx.oidc.issuer)
    throw new errors.InvalidClientAuth('audience (aud) must equal the issuer identifier url')
  if (Number(claims.exp) > now() + MAX_SECONDS)
    throw new errors.InvalidClientAuth(`expiration (exp) must be within ${MAX_SECONDS} seconds`)
  await assertKeyStillStands(ctx, header as Header, client).catch((cause: Error) => {
    throw new errors.InvalidClientAuth(`the key of the assertion is not known any more (${cause.name})`)
  })
}
