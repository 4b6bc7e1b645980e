/** Longer addresses are cut off by something on the way sooner or later. */
const MAX_LENGTH = 2048
/** What RFC 3986 lets an address consist of. A parser repairs anything else, and comparing is left to chance. */
const CHARACTERS = /^[\w\-.~:/?#[\]@!$&'()*+,;=%]+$/
/** A scheme with an authority written out: parsers add slashes that are missing, and take away ones too many. */
const WEB_FORM = /^https?:\/\/[^/?#@]+(?:[/?#]|$)/i
const CREDENTIALS = /^[^/?#]+:\/\/[^/?#]*@/
const LOOPBACKS = new Set(['localhost', '127.0.0.1', '[::1]'])

const isWeb = ({ protocol }: URL) => protocol === 'https:' || protocol === 'http:'

function findFlaw(text: string): string | undefined {
  if (text.length > MAX_LENGTH) return `has more than ${MAX_LENGTH} characters`
  if (!CHARACTERS.test(text)) return 'has characters that an address cannot have'
  const url = URL.parse(text)
  if (!url) return 'is not an address'
  if (CREDENTIALS.test(text)) return 'must not hold a name or password'
  if (isWeb(url) && !WEB_FORM.test(text)) return 'is not written as an address of the web'
  if (url.hostname.includes('*')) return 'must name one host'
  return undefined
}

/** Where an address may be, besides https. */
export interface UriTerms {
  /** Production insists on https everywhere but at home in a native app. */
  readonly isProduction: boolean
}

/**
 * What speaks against a redirect URI, if anything does (RFC 9700 section 2.1, RFC 8252 section 7): https; http only to
 * this very machine, for native apps; a private-use scheme only for native apps, and with a dot, as a domain has.
 */
export function findRedirectUriProblem(
  text: string,
  isNative: boolean,
  { isProduction }: UriTerms,
): string | undefined {
  const flaw = findFlaw(text)
  if (flaw) return flaw
  if (text.includes('#')) return 'must not have a fragment'
  const { protocol, hostname } = new URL(text)
  if (protocol === 'https:') return undefined
  if (protocol === 'http:') {
    if (LOOPBACKS.has(hostname) && (isNative || !isProduction)) return undefined
    return 'must be https (http is for native apps on localhost, 127.0.0.1 or [::1])'
  }
  if (!isNative) return 'must be https (other schemes are for native apps)'
  return protocol.includes('.') ? undefined : 'must have a scheme like com.example.app, named after a domain of yours'
}

/** What speaks against an address that browsers or we are led to, if anything does. */
export function findWebUriProblem(
  text: string,
  { isProduction, canHaveFragment }: UriTerms & { readonly canHaveFragment: boolean },
): string | undefined {
  const flaw = findFlaw(text)
  if (flaw) return flaw
  const { protocol, hostname } = new URL(text)
  const isAtHome = protocol === 'http:' && LOOPBACKS.has(hostname) && !isProduction
  if (protocol !== 'https:' && !isAtHome) return 'must be https'
  return text.includes('#') && !canHaveFragment ? 'must not have a fragment' : undefined
}

/**
 * Whether an address is on one of these hosts or below. A private-use scheme stands for the domain that it is named
 * after (RFC 8252 section 7.1); an app on the person's own machine is on no host, and may be there.
 */
export function isOnHost(text: string, hosts: readonly string[]): boolean {
  const url = URL.parse(text)
  if (!url) return false
  if (url.protocol === 'http:' && LOOPBACKS.has(url.hostname)) return true
  const hostname = isWeb(url) ? url.hostname : url.protocol.slice(0, -1).split('.').reverse().join('.')
  return hosts.some((host) => hostname === host || hostname.endsWith(`.${host}`))
}
