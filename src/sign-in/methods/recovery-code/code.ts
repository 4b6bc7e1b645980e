import { randomInt } from 'node:crypto'
import { hashSecret } from '../../../platform/ids.ts'

/** Crockford's base32: nothing that is mistaken for something else. 16 characters are 80 bits (R-39: 64 at least). */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const LENGTH = 16
const GROUP = /(.{4})(?=.)/g

/** How many codes are made at once. */
export const CODE_COUNT = 10

const newCode = () => Array.from({ length: LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')

/** New codes as they are shown, in groups of four. */
export const newCodes = (): string[] => Array.from({ length: CODE_COUNT }, () => newCode().replace(GROUP, '$1-'))

/** A code however it was typed: any case, with or without hyphens, letters for the digits they look like. */
const normaliseCode = (typed: string): string =>
  typed.toUpperCase().replace(/[\s-]/g, '').replace(/O/g, '0').replace(/[IL]/g, '1')

/** What is stored of a code. It is random and long: one SHA-256 is enough. */
export const hashCode = (typed: string): string => hashSecret(`recovery-code ${normaliseCode(typed)}`)
