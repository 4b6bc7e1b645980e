// What everything is measured against: oidc-provider as it comes, everything in memory, nothing kept, nothing checked
// beyond the protocol, one account for everybody, no log.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { exportJWK, generateKeyPair } from 'jose'
import { type Adapter, type AdapterPayload, type Configuration, Provider } from 'oidc-provider'
import { newId, newSecret } from '../src/platform/ids.ts'
import { findFreePort } from '../test/support/world.ts'
import { answer, createAnswers } from './answers.ts'
import { type Announcement, API, CLIENT_NAME, REDIRECT_URI } from './target.ts'

/** The library's own keeps a thousand records at most; this one forgets nothing during a run. */
class Memory implements Adapter {
  readonly #records = new Map<string, AdapterPayload>()
  readonly #byUid = new Map<string, string>()
  readonly #byGrant = new Map<string, Set<string>>()

  async upsert(id: string, payload: AdapterPayload) {
    this.#records.set(id, payload)
    if (payload.uid) this.#byUid.set(payload.uid, id)
    if (payload.grantId) this.#byGrant.set(payload.grantId, (this.#byGrant.get(payload.grantId) ?? new Set()).add(id))
  }
  async find(id: string) {
    return this.#records.get(id)
  }
  async findByUid(uid: string) {
    return this.#records.get(this.#byUid.get(uid) ?? '')
  }
  async findByUserCode() {
    return undefined
  }
  async consume(id: string) {
    const found = this.#records.get(id)
    if (found) found.consumed = Math.floor(Date.now() / 1000)
  }
  async destroy(id: string) {
    this.#records.delete(id)
  }
  async revokeByGrantId(grantId: string) {
    for (const id of this.#byGrant.get(grantId) ?? []) this.#records.delete(id)
    this.#byGrant.delete(grantId)
  }
}

async function signingKey(alg: string) {
  const { privateKey } = await generateKeyPair(alg, { extractable: true })
  return { ...(await exportJWK(privateKey)), kid: newId(), alg, use: 'sig' }
}

function configure(client: object, keys: object[]): Configuration {
  return {
    adapter: Memory,
    clients: [client as never],
    jwks: { keys: keys as never },
    cookies: { keys: [newSecret()] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: async (_ctx, who, token) => token.clientId === who.clientId },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: (_ctx, _client, oneOf) => oneOf ?? [],
        useGrantedResource: async () => false,
        getResourceServerInfo: async () => ({
          audience: API,
          scope: 'read:posts',
          // Signed as the library does when nothing else is said: with RS256.
          accessTokenFormat: 'jwt',
        }),
      },
    },
    claims: { openid: ['sub'], email: ['email'], profile: ['name'] },
    scopes: ['openid', 'offline_access', 'email', 'profile'],
    ttl: { AccessToken: 1800, AuthorizationCode: 60, RefreshToken: 604_800, Session: 3600, Grant: 604_800 },
    rotateRefreshToken: true,
    issueRefreshToken: async (_ctx, who) => who.grantTypeAllowed('refresh_token'),
    findAccount: async (_ctx, id) => ({
      accountId: id,
      claims: async () => ({ sub: id, email: 'ada@example.com', name: 'Ada Byron' }),
    }),
    loadExistingGrant: async ({ oidc }) => {
      const { session, client: who, provider } = oidc
      const known = who && session?.grantIdFor(who.clientId)
      if (known) return provider.Grant.find(known)
      const grant = new provider.Grant({ accountId: session?.accountId, clientId: who?.clientId })
      grant.addOIDCScope('openid offline_access email profile')
      await grant.save()
      return grant
    },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
  }
}

const port = await findFreePort()
const issuer = `http://localhost:${port}`
const clientSecret = newSecret()
const client = {
  client_id: CLIENT_NAME,
  client_secret: clientSecret,
  redirect_uris: [REDIRECT_URI],
  grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
  response_types: ['code'],
}
const provider = new Provider(issuer, configure(client, [await signingKey('RS256'), await signingKey('ES256')]))
const handle = provider.callback()
const signIn = (request: IncomingMessage, response: ServerResponse) =>
  provider.interactionFinished(request, response, { login: { accountId: newId() } })
createServer((request, response) => {
  void (request.url?.startsWith('/interaction/') ? signIn(request, response) : handle(request, response))
}).listen(port)

answer({ ...createAnswers(), stop: async () => process.exit(0) })
process.send?.({ issuer, clientId: CLIENT_NAME, clientSecret, people: [] } satisfies Announcement)
