// What is done in one process, on the command line say, reaches the programs that are running.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { runCommandLine } from '../../src/cli/program.ts'
import { startLogoutReceiver } from '../support/logout-receiver.ts'
import { RelyingParty } from '../support/relying-party.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
before(async () => {
  world = await createWorld()
})
after(() => world.close())

/** A command beside the running program, with its database and its keys. */
async function run(args: string) {
  const { cookieKeys, sealingKeys } = world.config.secrets
  const said: string[] = []
  const exitCode = await runCommandLine(args.split(' '), {
    root: '.',
    env: {
      NODE_ENV: 'test',
      MONGODB_URI: world.databaseUri,
      DATA_DIR: '.data/test',
      ISSUER: world.issuer,
      GATEHOUSE_SECRETS_COOKIE_KEYS: cookieKeys.join(),
      GATEHOUSE_SECRETS_SEALING_KEYS: sealingKeys.join(),
    },
    readInput: async () => '',
    out: (line) => said.push(line),
    err: (line) => said.push(line),
  })
  assert.equal(exitCode, 0, said.join('\n'))
}

/** What the token endpoint says to this secret; the token that it sends is of no use. */
async function ask(id: string, secret: string) {
  const response = await fetch(`${world.issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${id}:${secret}`)}` },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'none' }),
  })
  return response.status
}

/** Asks until this is the answer, for half a minute at most. */
async function answers(id: string, secret: string, expected: number) {
  const deadline = performance.now() + 30_000
  while ((await ask(id, secret)) !== expected) assert.ok(performance.now() < deadline, `no ${expected} for 30 s`)
}

test('suspending on the command line tells clients before the command ends', async (t) => {
  await world.addAccount('ada@example.com')
  const { uri, received } = await startLogoutReceiver(t)
  const rp = await RelyingParty.create(world, { backchannel_logout_uri: uri })
  await rp.run('ada@example.com')
  await run('account suspend ada@example.com')
  assert.equal(received.length, 1)
  const [delivered] = await world.events('back_channel_logout.delivered')
  assert.equal(delivered?.clientId, rp.clientId)
})

test('a secret that is added or revoked on the command line counts in the running program within moments', async () => {
  const metadata = { token_endpoint_auth_method: 'client_secret_basic' }
  const { client_id, client_secret = '' } = await world.addClient(metadata)
  await answers(client_id, client_secret, 400)
  const [first] = await world.clients.secrets.list(client_id)
  await run(`client secret add ${client_id}`)
  await run(`client secret revoke ${client_id} ${first?.id} --yes`)
  await answers(client_id, client_secret, 401)
})

test('a client that is deleted on the command line is unknown in the running program within moments', async () => {
  const metadata = { token_endpoint_auth_method: 'client_secret_basic' }
  const { client_id, client_secret = '' } = await world.addClient(metadata)
  await answers(client_id, client_secret, 400)
  await run(`client delete ${client_id} --yes`)
  await answers(client_id, client_secret, 401)
})

test('servers that start at the same moment bring the same client along, once', async () => {
  const metadata = {
    client_name: 'Brought along',
    redirect_uris: ['https://rp.example/callback'],
    token_endpoint_auth_method: 'none',
  }
  const bring = () => world.clients.register(metadata, { via: 'seed', clientId: 'brought-along' })
  const brought = await Promise.all([bring(), bring(), bring()])
  assert.deepEqual([...new Set(brought.map(({ client_id }) => client_id))], ['brought-along'])
  const created = (await world.events('client.created')).filter(({ clientId }) => clientId === 'brought-along')
  assert.equal(created.length, 1)
})
