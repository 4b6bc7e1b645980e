import { createHash } from 'node:crypto'
import type { HttpClient } from '../../../platform/http-client/index.ts'
import { OutboundError } from '../../../platform/http-client/index.ts'

/** Whether a password is known from a breach; `unknown` with the reason when nobody could say. */
export type BreachVerdict = 'clean' | 'breached' | { readonly unknown: string }

/** Asks whether a password is known from a breach. Never throws: who cannot be asked has no say. */
export type FindBreach = (password: string) => Promise<BreachVerdict>

const TIMEOUT_MS = 2000
const MAX_BYTES = 512 * 1024
const PREFIX_LENGTH = 5
const LINE = /^([0-9A-F]{35}):(\d{1,12})$/i

/** The counts in a range by the rest of the hash. Undefined when this is no such range. */
function parseRange(text: string): Map<string, number> | undefined {
  const lines = text.split(/\r?\n/).filter((line) => line !== '')
  const entries = lines.map((line) => LINE.exec(line))
  if (!entries.every((entry) => entry !== null) || lines.length === 0) return undefined
  return new Map(entries.map(([, rest = '', count]) => [rest.toUpperCase(), Number(count)]))
}

/**
 * The check by the range API of Have I Been Pwned: five characters of a SHA-1 leave the house, the password's own stays
 * here among the hundreds that share them, and padding hides from the length of the answer which range it was.
 */
export function createBreachCheck({ http, url }: { http: HttpClient; url: string }): FindBreach {
  const ask = async (prefix: string): Promise<string | { unknown: string }> => {
    const { status, body } = await http.request({
      url: `${url.replace(/\/$/, '')}/range/${prefix}`,
      headers: { 'Add-Padding': 'true', 'User-Agent': 'gatehouse', Accept: 'text/plain' },
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_BYTES,
    })
    return status === 200 ? body.toString('latin1') : { unknown: `status ${status}` }
  }

  return async (password) => {
    // Not for keeping: SHA-1 is what the API's ranges are made of.
    const hash = createHash('sha1').update(password).digest('hex').toUpperCase()
    try {
      const answer = await ask(hash.slice(0, PREFIX_LENGTH))
      if (typeof answer !== 'string') return answer
      const range = parseRange(answer)
      if (!range) return { unknown: 'not a range' }
      // Padding has a count of zero.
      return (range.get(hash.slice(PREFIX_LENGTH)) ?? 0) > 0 ? 'breached' : 'clean'
    } catch (error) {
      if (error instanceof OutboundError) return { unknown: error.reason }
      throw error
    }
  }
}
