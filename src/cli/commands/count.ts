import { CommandError } from '../shell.ts'

/** A whole number from 1 to `max`, as an option was given it. @throws CommandError */
export function parseCount(option: string, text: string, max: number): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (count < 1 || count > max) throw new CommandError('usage', `${option} must be a whole number from 1 to ${max}.`)
  return count
}
