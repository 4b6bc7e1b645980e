import type { AdapterPayload } from 'oidc-provider'

/** What is asked for after a record was found: it hangs together with it. */
export interface Related {
  readonly kind: string
  readonly accountId?: string | undefined
  readonly grantId?: string | undefined
  /** Of what ends with its session: which one that is. */
  readonly sessionUid?: string | undefined
  /** Of a session: its grants, by client. */
  readonly grants?: { readonly [clientId: string]: string | undefined } | undefined
}

/** Records that come of a grant, after which the library asks for it and for the session. */
const GRANTED: ReadonlySet<unknown> = new Set(['AccessToken', 'RefreshToken', 'AuthorizationCode'])

/** What hangs together with this record, if the library asks for that next. */
export function relatedOf(payload: AdapterPayload): Related | undefined {
  const { kind = '', accountId, grantId, sessionUid, expiresWithSession, authorizations = {} } = payload
  if (GRANTED.has(kind)) return { kind, accountId, grantId, sessionUid: expiresWithSession ? sessionUid : undefined }
  if (kind !== 'Session' || !accountId) return undefined
  const grants = Object.entries(authorizations).map(([clientId, given]) => [clientId, given?.grantId])
  return { kind, accountId, grants: Object.fromEntries(grants) }
}
