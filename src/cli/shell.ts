import { type App, createApp } from '../app.ts'
import { type Config, loadConfig } from '../config/index.ts'
import { createLogger } from '../platform/logger.ts'

/** What a command has of the outside world. */
export interface Shell {
  readonly root: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** All of standard input. */
  readonly readInput: () => Promise<string>
  readonly out: (line: string) => void
  readonly err: (line: string) => void
}

/** What a command says when it is done: for people, and for programs. */
export interface Outcome {
  readonly text: string
  readonly json: unknown
}

/** What a command may be refused for. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** Exit codes that scripts can rely on. */
export const EXIT = { done: 0, refused: 1, usage: 2, configuration: 3, fault: 70 } as const

/** The configuration of this shell. @throws ConfigError */
export const configOf = ({ env, root }: Shell): Config => loadConfig({ env, configDir: `${root}/config` })

/** Opens the program without its doors, beside a running one or alone, and leaves again. */
export async function withApp<T>(shell: Shell, work: (app: App, config: Config) => Promise<T>): Promise<T> {
  const config = configOf(shell)
  const logger = createLogger({
    level: 'fatal',
    isPretty: true,
    destination: { write: (line) => shell.err(line.trimEnd()) },
  })
  const app = await createApp({ config, logger, root: shell.root, path: shell.env.PATH, report: shell.err })
  try {
    const result = await work(app, config)
    // Clients hear of the ends of sessions before the command ends; who cannot be told now is told by the program later.
    await app.logouts.settle()
    return result
  } finally {
    await app.close()
  }
}

/** Makes sure of what cannot be taken back. @throws CommandError when --yes was not given; `consequence` says why it wants it */
export function insist(isMeant: boolean | undefined, consequence: string): void {
  if (!isMeant) throw new CommandError('usage', `${consequence} Add --yes to do it.`)
}

/** Rows in aligned columns, below these headings if there are any, or what to say when there are no rows. */
export function toTable(rows: readonly (readonly string[])[], none: string, headings?: readonly string[]): string {
  return rows.length > 0 ? toColumns(headings ? [headings, ...rows] : rows) : none
}

/** Rows in aligned columns. */
export function toColumns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
