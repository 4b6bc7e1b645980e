import { z } from 'zod'
import { isAddressRange } from '../platform/address.ts'
import { parseSealingKey } from '../platform/seal.ts'

/** A whole number of seconds between two bounds. */
export const seconds = (min: number, max: number) => z.int().min(min).max(max)

/** An address of the web. */
export const webUrl = z.url({ protocol: /^https?$/ })

/**
 * An issuer identifier (OpenID Connect Discovery section 3): an origin, without query, fragment or credentials, and
 * spelled as it will be compared, byte for byte. A path is not supported.
 */
export const issuer = z
  .string()
  .refine((value) => URL.canParse(value) && new URL(value).origin === value && /^https?:/.test(value), {
    error: 'must be the origin that people see, like https://id.example.com: no path, no query, no slash at the end',
  })

/** One address or a CIDR range. */
export const proxyRange = z.string().refine(isAddressRange, { error: 'must be an IP address or a CIDR range' })

/** 32 bytes as base64url. */
export const sealingKey = z.string().refine((value) => parseSealingKey(value) !== undefined, {
  error: 'must be 32 bytes as base64url (43 characters)',
})

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
  .regex(/^#[0-9a-f]{6}$/i, 'must be a colour like #4338ca')
  .refine((value) => 1.05 / (luminance(value) + 0.05) >= MIN_CONTRAST, { error: 'is too light to read white text on' })
