import { OPERATOR_ONLY } from './policies/index.ts'
import type { RegisteredClient } from './register.ts'
import type { StoredClient } from './store.ts'

const epoch = (at: Date) => Math.floor(at.getTime() / 1000)

/** What a client is told of itself: not what the operator decided about it, which it could not send back. */
const tell = (metadata: object) =>
  Object.fromEntries(Object.entries(metadata).filter(([name]) => !OPERATOR_ONLY.some((only) => only === name)))

/** The answer to a registration or a change (RFC 7591 section 3.2.1): secrets that are new, this once. */
export function presentRegistered(registered: RegisteredClient, uri: string) {
  const { client_id, client_secret, registration_access_token, metadata, createdAt } = registered
  return {
    ...tell(metadata),
    client_id,
    client_id_issued_at: epoch(createdAt),
    ...(client_secret ? { client_secret, client_secret_expires_at: 0 } : {}),
    registration_access_token,
    registration_client_uri: uri,
  }
}

/** The answer to a look (RFC 7592 section 3). The token is the one that was used; the secret is known to the client alone. */
export function presentRead({ id, metadata, createdAt }: StoredClient, uri: string, token: string) {
  return {
    ...tell(metadata),
    client_id: id,
    client_id_issued_at: epoch(createdAt),
    registration_access_token: token,
    registration_client_uri: uri,
  }
}
