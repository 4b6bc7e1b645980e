import { domainToASCII } from 'node:url'

/** RFC 5321 section 4.5.3.1.3: a path is at most 256 octets, two of which are the angle brackets. */
const MAX_LENGTH = 254

/**
 * The one spelling of an e-mail address under which an account is found: NFKC, lower case, the domain as ASCII.
 * @returns undefined when it is no e-mail address
 */
export function normaliseIdentifier(typed: string): string | undefined {
  const trimmed = typed.normalize('NFKC').trim().toLowerCase()
  const at = trimmed.lastIndexOf('@')
  const local = trimmed.slice(0, Math.max(at, 0))
  const typedDomain = trimmed.slice(at + 1)
  // Read as the host of a URL: what ends one there, or is decoded, would silently become another domain.
  const domain = /[/\\?#:%[\]]/.test(typedDomain) ? '' : domainToASCII(typedDomain)
  const isPlausible = /^[^\s@"<>\p{Cc}]+$/u.test(local) && /^[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z][a-z0-9-]*$/.test(domain)
  const identifier = `${local}@${domain}`
  return isPlausible && Buffer.byteLength(identifier) <= MAX_LENGTH ? identifier : undefined
}
