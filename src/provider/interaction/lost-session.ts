import type { Context } from 'koa'
import type { Interaction, Provider } from 'oidc-provider'
import { originOf } from '../../web/index.ts'
import type { InteractionDependencies } from './seam.ts'

type SessionContext = Parameters<Provider['Session']['get']>[0]

/** The session of this browser as it is at this moment; a new one, with nobody in it, when there is none. */
export function readSession(ctx: Context, { provider }: Pick<InteractionDependencies, 'provider'>) {
  return provider().Session.get(ctx as SessionContext)
}

/** From here on the interaction is one that began without a session: the library compares the two when it goes on. */
export async function detachSession(interaction: Interaction): Promise<void> {
  delete (interaction as { session?: unknown }).session
  await interaction.persist()
}

/**
 * Looks whether the session in which this interaction began is still the one of this browser. Once it was signed out,
 * ended from elsewhere, ran out or gave way to another, what it proved is worth nothing: the sign-in asks anew.
 * @returns whether something was proved that is worth nothing now
 */
export async function dropLostSession(
  ctx: Context,
  interaction: Interaction,
  deps: Pick<InteractionDependencies, 'provider' | 'signIn' | 'audit'>,
): Promise<boolean> {
  const began = interaction.session
  if (!began?.uid || (await readSession(ctx, deps)).uid === began.uid) return false
  // In this order: whatever is cut off in between is done again at the next look.
  const wasEvidence = await deps.signIn.forgetSession(interaction.uid)
  await detachSession(interaction)
  const { accountId } = began
  if (wasEvidence) await deps.audit.record('sign_in.session_lost', { accountId, origin: originOf(ctx) }, {})
  return wasEvidence
}
