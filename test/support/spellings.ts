/** A text as one character a byte, which is how everything is searched: text and binary alike. */
export const toBytes = (text: string): string => Buffer.from(text).toString('latin1')

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

function decodeBase32(text: string): Buffer {
  const bits = [...text].map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, '0')).join('')
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
}

/** The bytes that a secret is the text of, if it looks like one. */
function decodings(secret: string): Buffer[] {
  return [
    ...(/^[\w-]{22,}$/.test(secret) ? [Buffer.from(secret, 'base64url')] : []),
    ...(/^([\da-f]{2}){16,}$/i.test(secret) ? [Buffer.from(secret, 'hex')] : []),
    ...(/^[A-Z2-7]{26,}$/.test(secret) ? [decodeBase32(secret)] : []),
  ]
}

/** What of the base64 of a longer text is owed to these bytes alone, wherever in it they begin. */
function insideBase64(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), bytes])
    const begin = Math.ceil((before * 8) / 6)
    const end = Math.floor((whole.length * 8) / 6)
    return (['base64', 'base64url'] as const).map((alphabet) => whole.toString(alphabet).slice(begin, end))
  })
}

const quote = (text: string) => JSON.stringify(text).slice(1, -1)
const SIGNS: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (sign) => SIGNS[sign] ?? sign)

/**
 * Everything that gives a secret away to whoever sees it: as it is, escaped for JSON (once and twice), addresses, forms
 * and HTML, in hexadecimal or base64, alone or amid other text; and the bytes it is the text of, in all of these.
 */
export function spellingsOf(secret: string): ReadonlySet<string> {
  const escaped = [quote(secret), quote(quote(secret)), encodeURIComponent(secret), escapeHtml(secret)]
  const inForm = new URLSearchParams({ '': secret }).toString().slice(1)
  const encoded = [Buffer.from(secret), ...decodings(secret)].flatMap((bytes) => {
    const hex = bytes.toString('hex')
    return [bytes.toString('latin1'), hex, hex.toUpperCase(), ...insideBase64(bytes)]
  })
  return new Set([
    ...[secret, ...escaped, encodeURIComponent(encodeURIComponent(secret)), inForm].map(toBytes),
    ...encoded,
  ])
}
