import { randomInt } from 'node:crypto'
import { hashSecret, newId } from '../../../platform/ids.ts'

/** 20 bits (ASVS 6.5.4): enough for three tries within five minutes. */
const DIGITS = 6

/** What is kept of a code that was sent. */
export interface KeptCode {
  readonly salt: string
  readonly hash: string
}

const hashCode = (code: string, salt: string) => hashSecret(`sms-code ${salt} ${code}`)

/** A new code, every one as likely as any other (ASVS 6.5.3), and what is kept of it. */
export function newCode(): { readonly code: string; readonly kept: KeptCode } {
  const code = String(randomInt(10 ** DIGITS)).padStart(DIGITS, '0')
  const salt = newId()
  return { code, kept: { salt, hash: hashCode(code, salt) } }
}

/** Whether this is the code that was sent. */
export const isCode = (typed: string, { salt, hash }: KeptCode): boolean => hashCode(typed, salt) === hash

/** What a person types as a code, spaces and hyphens aside. */
export const readCode = (typed: string): string => typed.replace(/[\s-]/g, '')
