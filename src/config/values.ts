import { z } from 'zod'
import { isAddressRange } from '../platform/address.ts'
import { parseSealingKey } from '../platform/seal.ts'

/** A whole number of seconds between two bounds. */
export const seconds = (min: number, max: number) => z.int().min(min).max(max)

/** An address of the web. */
export const webUrl = z.url({ protocol: /^https?$/, error: 'must be an https or http address' })

/** What keeps a text from being an issuer, if anything does. */
function findIssuerProblem(value: string): string | undefined {
  if (!URL.canParse(value) || !/^https?:\/\//.test(value)) return 'must be an address like https://id.example.com'
  const url = new URL(value)
  if (url.username || url.password) return 'must not hold a name or password'
  if (/[?#]/.test(value)) return 'must not have a query or fragment'
  if (url.pathname !== '/') return 'must not have a path: Gatehouse needs a host name (or port) of its own'
  if (value !== url.origin)
    return 'must be written as browsers write it: lower case, no default port, no slash at the end'
  return undefined
}

/**
 * An issuer identifier (OpenID Connect Discovery section 3): an origin, without query, fragment or credentials, and
 * spelled as it will be compared, byte for byte. A path is not supported.
 */
export const issuer = z.string().superRefine((value, context) => {
  const message = findIssuerProblem(value)
  if (message) context.addIssue({ code: 'custom', message })
})

/** A host name as browsers write it, without scheme or port. */
export const hostName = z
  .string()
  .refine((value) => URL.parse(`https://${value}`)?.host === value && !value.includes('*'), {
    error: 'must be a host name',
  })

/** One address or a CIDR range. IPv4 in four parts only: '10' is an address to some parsers (0.0.0.10). */
export const proxyRange = z
  .string()
  .refine((value) => isAddressRange(value) && (value.includes(':') || value.split('.').length === 4), {
    error: 'must be an IP address or a CIDR range',
  })

/**
 * What of an address of MongoDB decides how surely something is kept and read again, and what alone it may say there.
 * The program sees to each of these itself; an address that says otherwise would not be heeded, so it is refused.
 */
const CERTAIN: ReadonlyMap<string, string | undefined> = new Map([
  ['readpreference', 'primary'],
  ['readpreferencetags', undefined],
  ['readconcernlevel', 'majority'],
  ['w', 'majority'],
  ['journal', 'true'],
  ['j', 'true'],
  ['fsync', 'true'],
  ['retrywrites', 'true'],
])

/** The options of an address that say otherwise, by name only: what stands before them is a password. */
const findUncertain = (address: string) =>
  [...new URLSearchParams(address.slice(address.lastIndexOf('?') + 1))]
    .filter(([name, value]) => CERTAIN.has(name.toLowerCase()) && CERTAIN.get(name.toLowerCase()) !== value)
    .map(([name]) => name)

/** Where MongoDB is. */
export const mongodbAddress = z
  .string()
  .regex(/^mongodb(\+srv)?:\/\//, 'must begin with mongodb:// or mongodb+srv://')
  .superRefine((value, context) => {
    const names = findUncertain(value)
    if (names.length === 0) return
    const message = `must not set ${names.join(', ')}: Gatehouse reads from the primary and waits for the majority's disks; leave it out`
    context.addIssue({ code: 'custom', message })
  })

/** A key that signs cookies. */
export const cookieKey = z.string().min(32, 'must have at least 32 characters')

/** 32 bytes as base64url; `openssl rand -base64 32` will do. The marked ones that were made for developing too. */
export const sealingKey = z
  .string()
  .refine((value) => /^(development-)?[\w\-+/]{43}=?$/.test(value) && parseSealingKey(value) !== undefined, {
    error: 'must be 32 bytes as base64url (43 characters)',
  })

/** An SMTP server. It is an address and nothing more: everything else about the connection is an option of its own. */
export const smtpUrl = z.string().refine(
  (value) => {
    const url = URL.canParse(value) ? new URL(value) : undefined
    return (
      /^smtps?:$/.test(url?.protocol ?? '') &&
      url?.hostname !== '' &&
      /^\/?$/.test(url?.pathname ?? '-') &&
      !/[?#]/.test(value)
    )
  },
  { error: 'must be like smtp://name:password@mail.example.com:587 or smtps://…' },
)

/** The address of a mailbox, without a name. */
export const mailbox = z
  .string()
  .regex(/^[^\s@<>",;:]+@[a-z0-9-]+(\.[a-z0-9-]+)*$/i, { error: 'must be an e-mail address' })

/** Contrast that text of any size needs (WCAG 2.2, 1.4.3). */
const MIN_CONTRAST = 4.5

function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((start) => Number.parseInt(hex.slice(start, start + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** A colour that white text can be read on. */
export const accent = z
  .string()
  .regex(/^#[0-9a-f]{6}$/i, { error: 'must be a colour like #4338ca', abort: true })
  .refine((value) => 1.05 / (luminance(value) + 0.05) >= MIN_CONTRAST, { error: 'is too light to read white text on' })
