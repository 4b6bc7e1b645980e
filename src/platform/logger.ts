import { type DestinationStream, type Logger, pino } from 'pino'

export type { Logger } from 'pino'

/** How the log is written. */
export interface LoggerOptions {
  readonly level: string
  /** Short lines for people instead of JSON for machines. */
  readonly isPretty: boolean
  /** What every line carries. */
  readonly fields?: Readonly<Record<string, unknown>> | undefined
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

interface DescribedError {
  readonly message?: string
  readonly stack?: string
  readonly cause?: DescribedError
}

/** The stack of an error, and under it those of what caused it. */
function stackOf({ stack, message = '', cause }: DescribedError): string {
  return `${stack ?? message}${cause ? `\ncaused by ${stackOf(cause)}` : ''}`
}

/** One line for people: time, level, message, and what belongs to it. */
function formatForPeople(line: string): string {
  const { level, time, msg, err, ...rest } = JSON.parse(line)
  const details = Object.entries(rest).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  const stack = err ? `\n${stackOf(err)}` : ''
  return (
    `${new Date(time).toISOString().slice(11, 19)} ${NAMES[level] ?? level} ${msg ?? ''} ${details.join(' ')}`.trimEnd() +
    stack +
    '\n'
  )
}

/** Names that could carry a secret. They are struck out wherever they stand, as a second line of defence. */
const SECRETS: ReadonlySet<string> = new Set([
  'password',
  'token',
  'accessToken',
  'refreshToken',
  'idToken',
  'secret',
  'clientSecret',
  'cookie',
  'authorization',
  'headers',
  'body',
  'query',
  'uri',
  'code',
])
const CENSOR = '[removed]'
/** Nothing of ours is nested deeper; a circle ends here. */
const MAX_DEPTH = 5

/**
 * What is written of a value: the same without what could be a secret. By hand, since it runs for every line and pino's
 * own redaction costs as much as the rest of a line. Errors are described, wherever they stand.
 */
function withoutSecrets(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Error) return describeError(value)
  if (depth > MAX_DEPTH) return '[more]'
  if (Array.isArray(value)) return value.map((one) => withoutSecrets(one, depth + 1))
  if ('toJSON' in value && typeof value.toJSON === 'function') return withoutSecrets(value.toJSON(), depth + 1)
  const kept: Record<string, unknown> = {}
  for (const [key, one] of Object.entries(value)) kept[key] = SECRETS.has(key) ? CENSOR : withoutSecrets(one, depth + 1)
  return kept
}

/** What the log keeps of an error: no properties that a library hung on it. */
function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) }
  const { name, message, stack, cause } = error
  const { code } = error as { code?: unknown }
  return {
    name,
    message,
    stack,
    ...(code === undefined ? {} : { code }),
    ...(cause === undefined ? {} : { cause: describeError(cause) }),
  }
}

/**
 * For people line by line. For machines some lines at once, a fifth of a second late at most and all of them before the
 * process ends: a system call for each request's line costs a busy process more than writing it.
 */
const standardOutput = (isPretty: boolean) =>
  isPretty ? pino.destination(1) : pino.destination({ dest: 1, sync: false, minLength: 12_288, periodicFlush: 200 })

/** A logger. Secrets are kept out by not being handed in; the names that could carry one are struck out all the same. */
export function createLogger({
  level,
  isPretty,
  fields,
  destination = standardOutput(isPretty),
}: LoggerOptions): Logger {
  const strike = (line: object) => withoutSecrets(line) as Record<string, unknown>
  const options = {
    level,
    base: fields,
    // Errors are described by then; what was thrown may be something else.
    serializers: { err: (thrown: unknown) => (typeof thrown === 'object' ? thrown : describeError(thrown)) },
    formatters: { log: strike },
    // What a child logger carries does not pass the formatter.
    redact: { paths: [...SECRETS], censor: CENSOR },
  }
  const people: DestinationStream = { write: (line) => destination.write(formatForPeople(line)) }
  return pino(options, isPretty ? people : destination)
}
