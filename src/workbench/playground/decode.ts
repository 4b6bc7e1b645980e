import { compactVerify, createLocalJWKSet, decodeProtectedHeader } from 'jose'
import { type JsonPart, jsonParts } from './json-parts.ts'

/** One thing that a relying party looks at before it believes a token. */
export interface Check {
  readonly name: 'signature' | 'type' | 'issuer' | 'audience' | 'nonce' | 'expiry'
  readonly isRight: boolean
  /** What the token says. */
  readonly found: string
}

/** A token, taken apart and checked. */
export interface DecodedToken {
  readonly header: readonly JsonPart[]
  readonly payload: readonly JsonPart[]
  readonly checks: readonly Check[]
  readonly isSigned: boolean
  readonly expiresAt: Date
}

/** What the relying party knows beforehand. */
export interface Expectation {
  readonly issuer: string
  readonly audience: string
  readonly nonce?: string | undefined
  /** The header's `typ`, where it is prescribed (RFC 9068 section 2.1). */
  readonly type?: string | undefined
}

type Claims = Readonly<Record<string, unknown>>

const pretty = (value: unknown) => jsonParts(JSON.stringify(value, undefined, 2))

const claimsOf = (token: string): Claims =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))

const toDate = (seconds: unknown) => new Date(Number(seconds) * 1000)

/** Whether one of the issuer's published keys made the signature. */
async function isSignedBy(issuer: string, token: string): Promise<boolean> {
  const keys = await (await fetch(`${issuer}/jwks`)).json()
  return compactVerify(token, createLocalJWKSet(keys as Parameters<typeof createLocalJWKSet>[0])).then(
    () => true,
    () => false,
  )
}

function checkClaims({ iss, aud, nonce, exp }: Claims, expected: Expectation): Check[] {
  const audiences = [aud].flat()
  return [
    { name: 'issuer', isRight: iss === expected.issuer, found: String(iss) },
    { name: 'audience', isRight: audiences.includes(expected.audience), found: audiences.join(' ') },
    // A refreshed ID token has none (OpenID Connect Core section 12.2).
    ...(nonce === undefined
      ? []
      : [{ name: 'nonce', isRight: nonce === expected.nonce, found: String(nonce) } as const]),
    { name: 'expiry', isRight: toDate(exp) > new Date(), found: String(exp) },
  ]
}

/** Takes a JWT apart and checks it as an application has to. Undefined for what is no JWT. */
export async function decodeToken(token: string | undefined, expected: Expectation): Promise<DecodedToken | undefined> {
  if (token?.split('.').length !== 3) return undefined
  const [header, claims] = [decodeProtectedHeader(token), claimsOf(token)]
  const isSigned = await isSignedBy(expected.issuer, token)
  const { type } = expected
  return {
    header: pretty(header),
    payload: pretty(claims),
    checks: [
      { name: 'signature', isRight: isSigned, found: `${header.alg}` },
      ...(type ? [{ name: 'type', isRight: header.typ === type, found: String(header.typ) } as const] : []),
      ...checkClaims(claims, expected),
    ],
    isSigned,
    expiresAt: toDate(claims.exp),
  }
}
