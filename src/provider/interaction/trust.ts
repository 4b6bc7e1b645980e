import type { Context } from 'koa'
import { hashSecret, newSecret } from '../../platform/ids.ts'
import type { Attempt, Plan } from '../../sign-in/index.ts'
import { browserName } from '../../web/index.ts'
import type { InteractionDependencies, Seam } from './seam.ts'

/** The cookie that holds the secret of a trusted browser. */
export const DEVICE_COOKIE = 'device'

const DAY_SECONDS = 86_400

/** What an attempt knows this browser by: the hash of the secret of one that is trusted, by whomever. */
export function findDevice(ctx: Context, { deviceCookie }: InteractionDependencies): string | undefined {
  const secret = deviceCookie.get(ctx)
  return secret && hashSecret(secret)
}

/** The person has just proved a second factor and would rather not again in this browser. */
async function trustDevice(ctx: Context, { origin }: Seam, accountId: string, deps: InteractionDependencies) {
  const { deviceCookie, knownAccounts, signIn } = deps
  // One secret a browser, whoever uses it: what is kept is bound to the account as well. A new one each time, and the
  // others go along, or somebody who had copied it before would have this trust too.
  const secret = newSecret()
  const before = findDevice(ctx, deps)
  deviceCookie.set(ctx, secret, signIn.trustedDevices.days * DAY_SECONDS)
  for (const id of before ? new Set([accountId, ...knownAccounts.list(ctx)]) : [])
    await signIn.trustedDevices.move({ accountId: id, device: before ?? '' }, hashSecret(secret))
  const name = browserName(ctx.get('user-agent')) ?? ''
  await signIn.trustedDevices.trust({ accountId, device: hashSecret(secret) }, name, origin)
}

/**
 * At the end of a sign-in: trusts this browser where the person asked for that, and says whether trust has spared them
 * the second factor. What was proved stays what it was.
 */
export async function settleTrust(
  ctx: Context,
  seam: Seam,
  { attempt, plan }: { attempt: Attempt; plan: Extract<Plan, { step: 'enough' }> },
  deps: InteractionDependencies,
): Promise<{ isByTrust: boolean }> {
  const { signIn, config } = deps
  const [twoFactor = ''] = config.assurance.twoFactor
  const { accountId, amr } = plan
  const isTwoFactor = signIn.assurance.isMet(twoFactor, amr)
  if (!(isTwoFactor ? attempt.trusts : attempt.device)) return { isByTrust: false }
  const view = await signIn.view(attempt)
  if (isTwoFactor) {
    if (view.mayTrust) await trustDevice(ctx, seam, accountId, deps)
    return { isByTrust: false }
  }
  const { wishedAcrs } = attempt
  // Asked for two and nothing more to be had: this is as good as it gets. A weaker wish that was met has stopped the asking.
  const isInVain = wishedAcrs.includes(twoFactor) && !wishedAcrs.some((acr) => signIn.assurance.isMet(acr, amr))
  const isByTrust = view.isTrusted && !isInVain
  if (isByTrust && attempt.device) await signIn.trustedDevices.use({ accountId, device: attempt.device }, seam.origin)
  return { isByTrust }
}
