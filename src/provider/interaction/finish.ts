import type { Context } from 'koa'
import { type Attempt, type Plan, SESSION_EVIDENCE } from '../../sign-in/index.ts'
import type { SessionLimited } from '../session-limits.ts'
import { endSession } from '../sign-out.ts'
import { detachSession, dropLostSession, readSession } from './lost-session.ts'
import { handOver, type InteractionDependencies, type Seam, seeOther } from './seam.ts'
import { settleTrust } from './trust.ts'

/** Somebody else signs in where an account is signed in already: the earlier session ends before the new one begins. */
async function leaveOtherAccount(
  ctx: Context,
  seam: Seam,
  accountId: string,
  deps: InteractionDependencies,
): Promise<void> {
  const session = await readSession(ctx, deps)
  if (!session.accountId || session.accountId === accountId) return
  await endSession(session, 'another account signed in', deps.audit, seam.origin)
  await detachSession(seam.interaction)
}

/** A new sign-in stays as the person wished; one that adds to a session leaves that as it is. */
async function staysSignedIn(
  ctx: Context,
  { evidence, keeps }: Attempt,
  accountId: string,
  deps: InteractionDependencies,
) {
  const isStepUp = evidence.some(({ method }) => method === SESSION_EVIDENCE)
  if (!isStepUp) return { isStepUp, remember: deps.config.sessions.keepSignedIn.isOffered && keeps }
  const session: SessionLimited = await readSession(ctx, deps)
  return { isStepUp, remember: session.accountId === accountId && session.isKept === true }
}

/** A sign-in of which the plan says that it is enough. */
export interface Complete {
  readonly attempt: Attempt
  readonly plan: Extract<Plan, { step: 'enough' }>
}

/** It is enough: hands the result to the protocol and leads back to it. Doing it twice does no harm. */
export async function finish(
  ctx: Context,
  seam: Seam,
  { attempt, plan }: Complete,
  deps: InteractionDependencies,
): Promise<void> {
  const { accountId, acr, amr, at } = plan
  // A proof takes its time, and the session that it adds to may have ended meanwhile.
  if (await dropLostSession(ctx, seam.interaction, deps)) return seeOther(ctx, `/interaction/${seam.uid}`)
  const kept = await staysSignedIn(ctx, attempt, accountId, deps)
  const trust = await settleTrust(ctx, seam, { attempt, plan }, deps)
  await leaveOtherAccount(ctx, seam, accountId, deps)
  deps.knownAccounts.remember(ctx, accountId)
  const chosen = deps.chosenLocaleOf(ctx)
  if (chosen) await deps.accounts.chooseLanguage(accountId, chosen)
  // Whether the cookie outlives the browser's own session; how long that lasts is decided on the server.
  const login = { accountId, acr, amr: [...amr], ts: Math.floor(at.getTime() / 1000), ...kept, ...trust }
  seeOther(ctx, await handOver(ctx, seam, { login, select_account: {} }, deps))
}

/** What the client insists on cannot be reached with this account: that is for the client to know, and never a loop. */
export async function finishUnattainable(ctx: Context, seam: Seam, deps: InteractionDependencies): Promise<void> {
  const error = 'unmet_authentication_requirements'
  const result = { error, error_description: 'the requested authentication context cannot be reached' }
  seeOther(ctx, await handOver(ctx, seam, result, deps))
}
