import { readFile } from 'node:fs/promises'
import { CommandError, type Shell } from '../shell.ts'

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The client metadata in this file, or on standard input for `-`. @throws CommandError */
export async function readMetadata(file: string, shell: Shell): Promise<Record<string, unknown>> {
  const content = file === '-' ? shell.readInput() : readFile(file, 'utf8')
  const text = await content.catch((error: NodeJS.ErrnoException) => {
    throw new CommandError('file.unreadable', `${file} cannot be read (${error.code ?? 'unreadable'}).`)
  })
  let metadata: unknown
  try {
    metadata = JSON.parse(text)
  } catch (error) {
    throw new CommandError(
      'file.invalid',
      `${file === '-' ? 'Standard input' : file} is not JSON: ${(error as Error).message}`,
    )
  }
  if (!isObject(metadata)) throw new CommandError('file.invalid', 'Client metadata must be a JSON object.')
  return metadata
}
