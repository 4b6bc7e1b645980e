import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** A connection says the same with each of its requests, and taking an address apart costs more than all of the edge. */
const known = new Map<string, string | undefined>()
const MOST_KNOWN = 1000

/** The address in its shortest spelling; an IPv4 address that was mapped into IPv6 as IPv4. Undefined when it is none. */
export function normaliseAddress(address: string): string | undefined {
  if (known.has(address)) return known.get(address)
  if (known.size >= MOST_KNOWN) known.clear()
  const normalised = parseAddress(address)
  known.set(address, normalised)
  return normalised
}

function parseAddress(address: string): string | undefined {
  // Some proxies add the port, and brackets around IPv6.
  const trimmed = address
    .trim()
    .replace(/^\[(.*)\](:\d+)?$/, '$1')
    .replace(/^([\d.]+):\d+$/, '$1')
  return ipaddr.isValid(trimmed) ? ipaddr.process(trimmed).toString() : undefined
}

/** Whether this is one address, or a range of them in CIDR notation. */
export function isAddressRange(range: string): boolean {
  return range.includes('/') ? ipaddr.isValidCIDR(range) : ipaddr.isValid(range)
}

function isWithin(address: string, range: string): boolean {
  const parsed = ipaddr.process(address)
  const [base, bits] = range.includes('/')
    ? ipaddr.parseCIDR(range)
    : [ipaddr.process(range), parsed.kind() === 'ipv4' ? 32 : 128]
  return parsed.kind() === base.kind() && parsed.match(base, bits)
}

/**
 * Who is calling. X-Forwarded-For is walked from the right, through proxies we trust and no further: everything to the
 * left of the first stranger can be made up by them (RFC 9700 section 4.13).
 */
export function clientAddress(
  socketAddress: string | undefined,
  forwardedFor: string | undefined,
  trustedProxies: readonly string[],
): string {
  const isTrusted = (address: string) => trustedProxies.some((range) => isWithin(address, range))
  const hops = (forwardedFor ?? '').split(',').filter((hop) => hop.trim() !== '')
  let address = normaliseAddress(socketAddress ?? '') ?? '0.0.0.0'
  while (isTrusted(address) && hops.length > 0) {
    const next = normaliseAddress(hops.pop() ?? '')
    if (!next) break
    address = next
  }
  return address
}

/** What is counted as one address: an IPv4 address, or the /64 of an IPv6 address, which one household has to itself. */
export function limitKey(address: string): string {
  const normalised = normaliseAddress(address)
  if (!normalised) return address
  const parsed = ipaddr.parse(normalised)
  if (parsed.kind() === 'ipv4') return normalised
  return `${parsed.toNormalizedString().split(':').slice(0, 4).join(':')}::/64`
}

/** Addresses that are given out to the world: IPv6 outside of 2000::/3 is not (IANA registry, RFC 4291 section 2.4). */
const GLOBAL_IPV6 = '2000::/3'

/**
 * Whether this is an address of the public internet, and none with a use of its own (private networks, this machine,
 * link-local, multicast, documentation, addresses with another one inside: RFC 6890).
 */
export function isPublicAddress(address: string): boolean {
  // Stricter than the parser, to which 1.2.3 is an address too.
  if (isIP(address) === 0) return false
  const parsed = ipaddr.process(address)
  if (parsed.range() !== 'unicast') return false
  return parsed.kind() === 'ipv4' || isWithin(address, GLOBAL_IPV6)
}

/** Whether an address is in one of these ranges. */
export function isInRanges(address: string, ranges: readonly string[]): boolean {
  return isIP(address) !== 0 && ranges.some((range) => isWithin(address, range))
}
