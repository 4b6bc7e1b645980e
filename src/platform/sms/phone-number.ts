import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/mobile'

/** What was typed as a phone number, read. */
export type ReadPhoneNumber =
  | { readonly isGood: true /** E.164. */; readonly number: string }
  | { readonly isGood: false; readonly problem: 'invalid' | 'country' }

/** Whether this is a country that numbers are known of (ISO 3166-1, two letters). */
export const isPhoneCountry = (code: string): code is CountryCode => isSupportedCountry(code)

/**
 * Reads a phone number that can get text messages, however it is written. Numbers that only take calls, or cost their
 * caller extra, are no mobile numbers and refused.
 * @param countries those that may be written to, ISO 3166-1; none: any. The first is meant where no country is typed
 */
export function readPhoneNumber(typed: string, countries: readonly string[]): ReadPhoneNumber {
  const [home] = countries.filter(isPhoneCountry)
  const parsed = parsePhoneNumberFromString(typed.normalize('NFKC'), {
    ...(home ? { defaultCountry: home } : {}),
    extract: false,
  })
  const country = parsed?.country
  if (!parsed?.isValid() || parsed.ext || !country) return { isGood: false, problem: 'invalid' }
  if (countries.length > 0 && !countries.includes(country)) return { isGood: false, problem: 'country' }
  return { isGood: true, number: parsed.number }
}

/** A number as it may be shown to somebody who should know it: its last two digits. */
export const maskPhoneNumber = (number: string): string => `••• ${number.slice(-2)}`
