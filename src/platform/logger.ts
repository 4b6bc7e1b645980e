import { type DestinationStream, type Logger, pino } from 'pino'

export type { Logger } from 'pino'

/** How the log is written. */
export interface LoggerOptions {
  readonly level: string
  /** Short lines for people instead of JSON for machines. */
  readonly isPretty: boolean
  /** Where lines go; standard output when nothing is given. */
  readonly destination?: DestinationStream
}

const NAMES: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
}

/** One line for people: time, level, message, and what belongs to it. */
function formatForPeople(line: string): string {
  const { level, time, msg, err, ...rest } = JSON.parse(line)
  const details = Object.entries(rest).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  const stack = err?.stack ? `\n${err.stack}` : ''
  return (
    `${new Date(time).toISOString().slice(11, 19)} ${NAMES[level] ?? level} ${msg ?? ''} ${details.join(' ')}`.trimEnd() +
    stack +
    '\n'
  )
}

/**
 * A logger. Secrets are kept out by not being handed in; the names that could carry one are struck out all the same.
 */
export function createLogger({ level, isPretty, destination = pino.destination(1) }: LoggerOptions): Logger {
  const options = {
    level,
    base: undefined,
    redact: {
      paths: ['password', 'token', 'secret', 'cookie', 'code', 'headers', 'body', 'query'].flatMap((name) => [
        name,
        `*.${name}`,
      ]),
      censor: '[removed]',
    },
  }
  const people: DestinationStream = { write: (line) => destination.write(formatForPeople(line)) }
  return pino(options, isPretty ? people : destination)
}
