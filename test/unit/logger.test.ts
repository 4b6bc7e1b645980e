import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogger } from '../../src/platform/logger.ts'

function capture(options: { level?: string; isPretty?: boolean } = {}) {
  const lines: string[] = []
  const destination = { write: (line: string) => lines.push(line) }
  return { lines, logger: createLogger({ level: 'info', isPretty: false, ...options, destination }) }
}

test('a line for machines is one JSON object with level, time, message and details', () => {
  const { lines, logger } = capture()
  logger.info({ requestId: 'r1', status: 303 }, 'request')
  const [line = ''] = lines
  const { time, ...rest } = JSON.parse(line)
  assert.equal(typeof time, 'number')
  assert.deepEqual(rest, { level: 30, requestId: 'r1', status: 303, msg: 'request' })
  assert.ok(line.endsWith('}\n'))
})

test('a line for people is short and readable', () => {
  const { lines, logger } = capture({ isPretty: true })
  logger.warn({ requestId: 'r1', status: 503 }, 'not ready')
  assert.match(lines.join(''), /^\d\d:\d\d:\d\d warn not ready requestId=r1 status=503\n$/)
})

test('nothing below the level is written', () => {
  const { lines, logger } = capture({ level: 'warn' })
  logger.info('quiet')
  logger.error('loud')
  assert.equal(lines.length, 1)
  const silent = capture({ level: 'silent' })
  silent.logger.fatal('never')
  assert.deepEqual(silent.lines, [])
})

test('an error keeps its message, stack and cause in both kinds of line', () => {
  for (const isPretty of [false, true]) {
    const { lines, logger } = capture({ isPretty })
    logger.error({ err: new Error('no answer', { cause: new Error('connection refused') }) }, 'fault')
    assert.match(lines.join(''), /no answer/)
    assert.match(lines.join(''), /connection refused/)
    assert.match(lines.join(''), /logger\.test\.ts/)
  }
})

test('what could carry a secret is struck out wherever a caller puts it', () => {
  for (const isPretty of [false, true]) {
    const { lines, logger } = capture({ isPretty })
    const names = ['password', 'token', 'secret', 'cookie', 'code', 'headers', 'body', 'query']
    for (const name of names) {
      logger.info({ [name]: 'hunter2' }, 'a')
      logger.info({ request: { [name]: 'hunter2' } }, 'b')
      logger.child({ [name]: 'hunter2' }).info('c')
    }
    assert.equal(lines.length, names.length * 3)
    assert.doesNotMatch(lines.join(''), /hunter2/)
  }
})

test('of an error nothing is written that a library hung on it, wherever it stands', () => {
  const { lines, logger } = capture()
  const error = Object.assign(new Error('refused'), { options: { headers: { authorization: 'Bearer hunter2' } } })
  logger.error({ err: error, other: error, nested: { error } }, 'fault')
  const { err, other, nested } = JSON.parse(lines.join(''))
  for (const described of [err, other, nested.error]) assert.match(described.stack, /refused/)
  assert.doesNotMatch(lines.join(''), /hunter2/)
})

test('headers of a whole request or answer are not written', () => {
  const { lines, logger } = capture()
  const headers = { cookie: 'hunter2', authorization: 'Bearer hunter2' }
  logger.info(
    { req: { method: 'GET', headers }, res: { status: 200, headers: { 'set-cookie': 'hunter2' } } },
    'request',
  )
  assert.equal(lines.length, 1)
  assert.doesNotMatch(lines.join(''), /hunter2/)
})
