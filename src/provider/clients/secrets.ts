import { timingSafeEqual } from 'node:crypto'
import type { Audit, EventSubject } from '../../audit/index.ts'
import { hashSecret, newId, newSecret } from '../../platform/ids.ts'
import type { ClientSecret } from './model.ts'
import { refusals } from './refusals.ts'
import type { ClientStore } from './store.ts'

/** As many secrets work at once: the old one and the new one, while an app changes over. */
const MAX_SECRETS = 2
const DAY_MS = 86_400_000
const SECRET_METHODS = new Set(['client_secret_basic', 'client_secret_post'])

/** Whether a client of this metadata proves itself with a secret; that is what a client does that says nothing else. */
export function provesItselfBySecret({
  token_endpoint_auth_method = 'client_secret_basic',
}: object & {
  readonly token_endpoint_auth_method?: unknown
}): boolean {
  return SECRET_METHODS.has(String(token_endpoint_auth_method))
}

/** A new secret in plain, to be shown once, and what is stored of it. */
export function issueSecret(expiresAt?: Date): { secret: string; stored: ClientSecret } {
  const secret = newSecret()
  const stored = {
    id: `sec_${newId()}`,
    hash: hashSecret(secret),
    createdAt: new Date(),
    ...(expiresAt ? { expiresAt } : {}),
  }
  return { secret, stored }
}

/** The part of a secret that decides whether another text is the same. */
export interface ComparableSecret {
  readonly id: string
  readonly hash: string
  readonly expiresAt?: Date | string | undefined
}

/** The one of these that this is the plain text of, if it still works. All are looked at, whichever it is. */
export function findSecret<T extends ComparableSecret>(secrets: readonly T[], plain: string): T | undefined {
  const given = Buffer.from(hashSecret(plain))
  const matching = secrets.filter(({ hash }) => timingSafeEqual(Buffer.from(hash), given))
  return matching.find(({ expiresAt }) => expiresAt === undefined || new Date(expiresAt) > new Date())
}

/** What can be told of a secret. */
export type SecretInfo = Omit<ClientSecret, 'hash'>

/** Changing a client's secret without a moment in which it has none that works. */
export interface ClientSecrets {
  /** @throws Refusal `client.unknown` */
  readonly list: (clientId: string) => Promise<SecretInfo[]>
  /**
   * One more secret, shown this once.
   * @throws Refusal `client.unknown`, `client.takes_no_secret`, `client.secrets_full`
   */
  readonly add: (
    clientId: string,
    options: { readonly days?: number | undefined; readonly subject?: EventSubject },
  ) => Promise<SecretInfo & { readonly secret: string }>
  /** @throws Refusal `client.unknown`, `client.secret_unknown`, `client.last_secret` */
  readonly revoke: (clientId: string, secretId: string, subject?: EventSubject) => Promise<void>
}

const withoutHash = ({ hash: _, ...info }: ClientSecret): SecretInfo => info
const system: EventSubject = { actor: { type: 'system' } }

/** The secrets of clients in this store. */
export function createSecrets({ store, audit }: { store: ClientStore; audit: Audit }): ClientSecrets {
  const get = async (id: string) => {
    const client = await store.find(id)
    if (!client) throw refusals.unknown(id)
    return client
  }
  return {
    list: async (clientId) => (await get(clientId)).secrets.map(withoutHash),
    async add(clientId, { days, subject = system }) {
      if (!provesItselfBySecret((await get(clientId)).metadata)) throw refusals.noSecret(clientId)
      const { secret, stored } = issueSecret(days === undefined ? undefined : new Date(Date.now() + days * DAY_MS))
      if (!(await store.addSecret(clientId, stored, MAX_SECRETS))) throw refusals.secretsFull(MAX_SECRETS)
      await audit.record('client.secret_added', { ...subject, clientId }, { secretId: stored.id })
      return { ...withoutHash(stored), secret }
    },
    async revoke(clientId, secretId, subject = system) {
      const { secrets } = await get(clientId)
      if (!secrets.some(({ id }) => id === secretId)) throw refusals.secretUnknown(secretId)
      if (!(await store.removeSecret(clientId, secretId))) throw refusals.lastSecret()
      await audit.record('client.secret_revoked', { ...subject, clientId }, { secretId })
    },
  }
}
