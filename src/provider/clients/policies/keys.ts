/** More than rotation needs; each one is tried when an assertion names none. */
const MAX_KEYS = 10
const RSA_BITS = { min: 2048, max: 8192 }
const EC_CURVES = new Set(['P-256', 'P-384', 'P-521'])
const PRIVATE_PARTS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

type Key = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Key => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The length of an RSA key: of its modulus, without leading zeros. */
function rsaBits(modulus: unknown): number {
  const hex = Buffer.from(typeof modulus === 'string' ? modulus : '', 'base64url')
    .toString('hex')
    .replace(/^0+/, '')
  return hex === '' ? 0 : hex.length * 4 - Math.clz32(Number.parseInt(hex[0] ?? '0', 16)) + 28
}

function findKeyProblem(key: unknown): string | undefined {
  if (!isObject(key)) return 'holds something that is not a key'
  if (PRIVATE_PARTS.some((name) => name in key)) return 'holds a private or shared key: send the public half only'
  if (key.kty === 'EC')
    return EC_CURVES.has(String(key.crv)) ? undefined : 'holds a key on a curve that is not known here'
  if (key.kty === 'OKP') return key.crv === 'Ed25519' ? undefined : 'holds a key on a curve that is not known here'
  if (key.kty !== 'RSA') return 'holds a key of a kind that is not known here (RSA, EC and OKP are)'
  const bits = rsaBits(key.n)
  if (bits < RSA_BITS.min || bits > RSA_BITS.max)
    return `holds an RSA key of ${bits} bits (${RSA_BITS.min} to ${RSA_BITS.max} are good)`
  return undefined
}

/** What speaks against a client's key set (RFC 7517 section 5), if anything does. */
export function findJwksProblem(jwks: unknown): string | undefined {
  if (!isObject(jwks) || !Array.isArray(jwks.keys)) return 'is not a key set'
  const { keys } = jwks
  if (keys.length === 0 || keys.length > MAX_KEYS) return `must hold 1 to ${MAX_KEYS} keys`
  const problem = keys.map(findKeyProblem).find((found) => found !== undefined)
  if (problem) return problem
  const ids = keys.flatMap(({ kid }: { kid?: unknown }) => (kid === undefined ? [] : [kid]))
  return new Set(ids).size < ids.length ? 'holds two keys of the same kid' : undefined
}
