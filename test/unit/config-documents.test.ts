import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { documentOptions, exampleEnvironment, loadConfig } from '../../src/config/index.ts'
import { options } from '../../src/config/options.ts'
import { configDir, problemsOf } from '../support/config-files.ts'
import { scratchFolder } from '../support/scratch.ts'

const root = join(import.meta.dirname, '../..')
const read = (name: string) => readFileSync(join(root, name), 'utf8')
/** Options and audit events are written alike: `mail.from` and `mail.refused`. */
const isAuditEvent = (name: string) => read('src/audit/events.ts').includes(`'${name}'`)

test('the table of options in the README is what the schema says (npm run docs)', () => {
  assert.equal(read('README.md'), documentOptions(read('README.md'), configDir))
})

test('.env.example is what the schema says (npm run docs)', () => {
  assert.equal(read('.env.example'), exampleEnvironment(configDir))
})

test('what stands around the table is left as it is', () => {
  const before = 'Costs $& and $1.\n<!-- options:start -->\nold\n<!-- options:end -->\nThe end.\n'
  const after = documentOptions(before, configDir)
  assert.ok(after.startsWith('Costs $& and $1.\n<!-- options:start -->\n| Environment |'))
  assert.ok(after.endsWith('|\n<!-- options:end -->\nThe end.\n'))
  assert.equal(documentOptions(after, configDir), after)
})

test('a README without a place for the table is refused', () => {
  assert.throws(() => documentOptions('# Gatehouse\n', configDir), /options:start/)
})

test('every option is described, has a name of its own and stands in default.yaml', () => {
  const defaults = read('config/default.yaml')
  for (const { path, description } of options.filter((option) => option.path !== 'environment')) {
    assert.match(description, /^[A-Z`].*\.$/, path)
    assert.match(defaults, new RegExp(`^ *(# )?${path.split('.').at(-1)}:`, 'm'), path)
  }
  assert.equal(new Set(options.map(({ env }) => env)).size, options.length)
})

test('the example, with every # taken off, starts as if nothing was set', (t) => {
  const dataDir = scratchFolder(t)
  const lines = exampleEnvironment(configDir)
    .split('\n')
    .filter((line) => /^#[A-Z0-9_]+=/.test(line))
  assert.equal(lines.length, options.length)
  const env = Object.fromEntries(
    lines.map((line) => [line.slice(1, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
  assert.deepEqual(
    loadConfig({ env: { ...env, DATA_DIR: dataDir }, configDir }),
    loadConfig({ env: { DATA_DIR: dataDir }, configDir }),
  )
})

test('the files for development and test are fine as they are', (t) => {
  for (const environment of ['development', 'test']) {
    assert.deepEqual(problemsOf({ env: { NODE_ENV: environment, DATA_DIR: scratchFolder(t) }, configDir }), [])
  }
})

for (const name of ['README.md', 'docs/production.md', 'SECURITY.md', 'CONTRIBUTING.md']) {
  test(`${name} speaks of options that there are`, () => {
    const known = new Set(options.flatMap(({ env, path }) => [env, `${env}_FILE`, path]))
    const text = read(name)
    for (const [env] of text.matchAll(/\bGATEHOUSE_[A-Z_]+[A-Z]\b/g)) assert.ok(known.has(env), env)
    const sections = new Set(options.map(({ path }) => path.split('.')[0]))
    for (const [, path = ''] of text.matchAll(/`([a-z]\w+(?:\.[a-z]\w+)+)`/g)) {
      const isSection = options.some((option) => option.path.startsWith(`${path}.`))
      if (sections.has(path.split('.')[0]) && !/\.(ts|yaml|md)$/.test(path) && !isAuditEvent(path))
        assert.ok(known.has(path) || isSection, path)
    }
  })

  test(`${name} leads to files that there are`, () => {
    for (const [, target = ''] of read(name).matchAll(/\]\((?!https?:|#)([^)#]+)/g))
      assert.ok(existsSync(join(root, name, '..', target)), target)
  })
}
