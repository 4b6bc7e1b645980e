import { Provider } from 'oidc-provider'
import type { AccountsAhead } from './account-adapter.ts'
import type { Artifacts, Foresee } from './storage/artifacts.ts'

/** The routes that go on to ask whose it is. */
const ASKING: ReadonlySet<unknown> = new Set(['token', 'userinfo', 'authorization'])

/**
 * Reads together what the library asks for one after the other: what is presented, its grant, its session and its
 * account. A wait less is worth more than a read that nobody asked for.
 */
export function createForesight({
  accounts,
  artifacts,
}: {
  readonly accounts: Pick<AccountsAhead, 'begin'>
  readonly artifacts: Pick<Artifacts, 'expect'>
}): Foresee {
  return (related) => {
    const { ctx } = Provider
    if (!ctx) return
    const { accountId, grantId, sessionUid, grants } = related
    // A session has a grant for each client: the one is asked for that the request names.
    artifacts.expect({ grantId: grants ? grants[String(ctx.query.client_id)] : grantId, sessionUid })
    if (accountId && ASKING.has(ctx.oidc.route)) accounts.begin(accountId)
  }
}
