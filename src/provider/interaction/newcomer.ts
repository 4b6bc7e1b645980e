import type Router from '@koa/router'
import type { Context } from 'koa'
import { Refusal } from '../../platform/refusal.ts'
import type { SignInView } from '../../sign-in/index.ts'
import { formBody, presentProblem, readForm } from '../../web/index.ts'
import { openAttempt } from './attempt.ts'
import { finish } from './finish.ts'
import { type InteractionDependencies, openSeam, presentClient, type Seam, seeOther, showEnded } from './seam.ts'

type Newcomer = NonNullable<SignInView['attempt']['newcomer']>

/** The field that each refusal is about. */
const fields: Readonly<Record<string, string>> = { 'account.name_invalid': 'name' }

/** The account, or where they came from, is somebody's already, or the invitation was withdrawn. */
const overtaken = new Set(['account.exists', 'registration.gone'])

const commonData = (seam: Seam, { from, email, name }: Newcomer, { csrf }: InteractionDependencies) => ({
  client: presentClient(seam.client),
  csrf: csrf.token(seam.uid),
  action: `/interaction/${seam.uid}/newcomer`,
  switchAction: `/interaction/${seam.uid}/begin`,
  cancel: `/interaction/${seam.uid}/abort`,
  from,
  // Whom it is about, as the person knows it.
  who: email ?? name ?? from,
})

/** The address that the provider itself has verified: only then may be said what is known of it here. */
const verifiedEmailOf = ({ email, isEmailVerified }: Newcomer) => (isEmailVerified ? email : undefined)

/** What can be done: connect the account that has the address, make one, prove an address first, or only connect. */
async function findWay(newcomer: Newcomer, { accounts, registration }: InteractionDependencies) {
  const email = verifiedEmailOf(newcomer)
  if (email && (await accounts.findByIdentifier(email))) return 'known'
  if (email && (await registration.admits(email))) return 'create'
  return registration.isOpen ? 'address' : 'closed'
}

/** Asks somebody who is nobody here what they would like: an account, or to connect the one that they have. */
export async function showMeet(
  ctx: Context,
  newcomer: Newcomer,
  seam: Seam,
  deps: InteractionDependencies,
  refusal?: Refusal,
): Promise<void> {
  if (refusal) ctx.status = refusal.status
  deps.render(ctx, 'newcomer/meet', {
    ...commonData(seam, newcomer, deps),
    way: await findWay(newcomer, deps),
    name: newcomer.name,
    registerHref: `/interaction/${seam.uid}/register`,
    problem: refusal && presentProblem(refusal, fields),
  })
}

/** Asks before anything is connected: whoever came from elsewhere may be somebody else who used this browser. */
export function showLink(ctx: Context, { attempt, account }: SignInView, seam: Seam, deps: InteractionDependencies) {
  if (!attempt.newcomer) throw new Error('nobody waits to be connected')
  deps.render(ctx, 'newcomer/link', { ...commonData(seam, attempt.newcomer, deps), identifier: account?.email })
}

type Step = Parameters<InteractionDependencies['signIn']['newcomers']['goOn']>[0]

async function goOn(ctx: Context, seam: Seam, step: Step, deps: InteractionDependencies): Promise<void> {
  const after = await deps.signIn.newcomers.goOn(step)
  if (after) deps.usedWays.remember(ctx, after)
  if (after?.plan.step === 'enough') return finish(ctx, seam, { attempt: after.attempt, plan: after.plan }, deps)
  seeOther(ctx, `/interaction/${seam.uid}`)
}

/** Makes the account of a newcomer, by the address that was proved, there or here. */
export async function createAccount(
  ctx: Context,
  seam: Seam,
  newcomer: Newcomer,
  name: string | undefined,
  deps: InteractionDependencies,
): Promise<void> {
  const { uid, origin, clientId } = seam
  const step = { attempt: await openAttempt(ctx, seam, deps), origin, clientId }
  await deps.registration.finishVouched({
    uid,
    origin,
    clientId,
    locale: deps.localeOf(ctx),
    name,
    verifiedEmail: verifiedEmailOf(newcomer),
    adopt: (account) => deps.signIn.newcomers.admit(step, account),
  })
  await goOn(ctx, seam, step, deps)
}

async function decide(ctx: Context, seam: Seam, isLinked: boolean, deps: InteractionDependencies): Promise<void> {
  const { origin, clientId } = seam
  const step = { attempt: await openAttempt(ctx, seam, deps), origin, clientId }
  await deps.signIn.newcomers.decide(step, isLinked)
  await goOn(ctx, seam, step, deps)
}

interface Arrival {
  readonly newcomer: Newcomer
  /** Whether an account was proved in this sign-in. */
  readonly hasProved: boolean
}

/** What each button does. */
async function act(
  ctx: Context,
  seam: Seam,
  { newcomer, hasProved }: Arrival,
  deps: InteractionDependencies,
): Promise<void> {
  const { uid } = seam
  const { action, name } = readForm(ctx)
  if (action === 'connect' || action === 'skip') return decide(ctx, seam, action === 'connect', deps)
  // Whoever has proved an account by now has one: what came from elsewhere is connected with it, or with none.
  if (action === 'create' && !hasProved) return createAccount(ctx, seam, newcomer, name, deps)
  if (action === 'have-account') {
    const email = (await findWay(newcomer, deps)) === 'known' ? newcomer.email : undefined
    await deps.signIn.newcomers.claim(await openAttempt(ctx, seam, deps), email)
  }
  seeOther(ctx, `/interaction/${uid}`)
}

/** Where people go on who came from another provider and are nobody here yet. */
export function mountNewcomers(router: Router, deps: InteractionDependencies): void {
  router.post('/newcomer', formBody(), async (ctx) => {
    const seam = await openSeam(ctx, deps)
    if (!seam) return showEnded(ctx, deps)
    deps.csrf.verify(ctx, seam.uid, readForm(ctx).csrf)
    const { newcomer, evidence } = await openAttempt(ctx, seam, deps)
    if (!newcomer) return seeOther(ctx, `/interaction/${seam.uid}`)
    try {
      await act(ctx, seam, { newcomer, hasProved: evidence.length > 0 }, deps)
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal
      // Somebody was quicker, perhaps their own second press: what is stored says how it goes on.
      if (overtaken.has(refusal.code)) return seeOther(ctx, `/interaction/${seam.uid}`)
      if (!fields[refusal.code]) throw refusal
      await showMeet(ctx, newcomer, seam, deps, refusal)
    }
  })
}
