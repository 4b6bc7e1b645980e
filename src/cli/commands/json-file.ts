import { readFile } from 'node:fs/promises'
import { CommandError, type Shell } from '../shell.ts'

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The JSON object in this file, or on standard input for `-`. @throws CommandError */
export async function readJsonObject(file: string, shell: Shell): Promise<Record<string, unknown>> {
  const content = file === '-' ? shell.readInput() : readFile(file, 'utf8')
  const text = await content.catch((error: NodeJS.ErrnoException) => {
    throw new CommandError('file.unreadable', `${file} cannot be read (${error.code ?? 'unreadable'}).`)
  })
  let value: unknown
  try {
    // Some editors mark a file as UTF-8 with a first character that JSON does not know (RFC 8259 section 8.1).
    value = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    throw new CommandError(
      'file.invalid',
      `${file === '-' ? 'Standard input' : file} is not JSON: ${(error as Error).message}`,
    )
  }
  if (!isObject(value))
    throw new CommandError('file.invalid', `${file === '-' ? 'Standard input' : file} must hold a JSON object.`)
  return value
}
