import type { Context } from 'koa'
import type { SignInView } from '../../sign-in/index.ts'
import { showConsent } from './consent.ts'
import { finish } from './finish.ts'
import { type InteractionDependencies, openSeam, presentClient, type Seam, showEnded, textParam } from './seam.ts'

/** Reasons for which the person in the session is asked to prove it is them once more, and not who they are. */
const SAME_PERSON = new Set(['login_prompt', 'max_age'])

/** Who the page may take the person for without being told: whoever this browser is signed in as. */
async function findPresumed({ interaction }: Seam, { accounts }: InteractionDependencies): Promise<string | undefined> {
  const accountId = interaction.session?.accountId
  const { reasons } = interaction.prompt
  if (!accountId || textParam(interaction, 'login_hint') || !reasons.every((reason) => SAME_PERSON.has(reason)))
    return undefined
  const account = await accounts.find(accountId)
  return account?.status === 'active' ? account.email : undefined
}

/** The attempt of this interaction; the first page opens it. */
export async function openAttempt(seam: Seam, deps: InteractionDependencies) {
  const { uid, interaction, clientId, origin } = seam
  const { attempt, isNew } = await deps.signIn.open({
    uid,
    request: { ...interaction.params },
    expiresAt: new Date(interaction.exp * 1000),
    identifier: await findPresumed(seam, deps),
    suggestedIdentifier: textParam(interaction, 'login_hint')?.slice(0, 254),
  })
  if (isNew)
    await deps.audit.record('sign_in.started', { clientId, origin }, { reasons: [...interaction.prompt.reasons] })
  return attempt
}

/** What every page of a sign-in is given. */
const commonData = (seam: Seam, { csrf }: InteractionDependencies) => ({
  client: presentClient(seam.client),
  csrf: csrf.token(seam.uid),
  cancel: `/interaction/${seam.uid}/abort`,
  beginAction: `/interaction/${seam.uid}/begin`,
})

function showIdentifier(ctx: Context, view: SignInView, seam: Seam, deps: InteractionDependencies): void {
  const { notice, suggestedIdentifier } = view.attempt
  const isInvalid = notice?.reason === 'identifier_invalid'
  const data = commonData(seam, deps)
  const problem = isInvalid
    ? { titleKey: 'problems.check', fields: [{ name: 'identifier', messageKey: 'problems.identifier' }] }
    : undefined
  deps.render(ctx, 'sign-in/identifier', {
    ...data,
    action: data.beginAction,
    identifier: suggestedIdentifier,
    problem,
  })
}

function showMethod(ctx: Context, view: SignInView, seam: Seam, deps: InteractionDependencies): void {
  const { attempt, current, plan } = view
  const methods = plan.step === 'prove' ? plan.methods : []
  const data = { ...commonData(seam, deps), identifier: attempt.identifier }
  const switchAction = data.beginAction
  if (!current) {
    const choices = methods.map((name) => ({ name, action: data.beginAction }))
    return void deps.render(ctx, 'sign-in/choose', { ...data, switchAction, methods: choices })
  }
  const problem =
    attempt.notice?.reason === 'failed'
      ? {
          titleKey: 'problems.mismatch',
          detailKey: 'problems.mismatchDetail',
          fields: [{ name: current.name, messageKey: `problems.${current.name}` }],
        }
      : undefined
  deps.render(ctx, `sign-in/${current.name}`, {
    ...data,
    switchAction,
    action: `/interaction/${seam.uid}/${current.name}`,
    chooseAction: methods.length > 1 ? data.beginAction : undefined,
    challenge: current.challenge,
    problem,
  })
}

function showWait(ctx: Context, retryAt: Date, view: SignInView, seam: Seam, deps: InteractionDependencies): void {
  const seconds = Math.max(1, Math.ceil((retryAt.getTime() - Date.now()) / 1000))
  ctx.status = 429
  ctx.set('Retry-After', String(seconds))
  deps.render(ctx, 'sign-in/wait', {
    ...commonData(seam, deps),
    switchAction: `/interaction/${seam.uid}/begin`,
    identifier: view.attempt.identifier,
    retryAt,
    retryMinutes: Math.ceil(seconds / 60),
    restartHref: `/interaction/${seam.uid}`,
  })
}

async function showSignIn(ctx: Context, seam: Seam, deps: InteractionDependencies): Promise<void> {
  const view = await deps.signIn.view(await openAttempt(seam, deps))
  const { plan, attempt } = view
  if (plan.step === 'enough') return finish(ctx, seam, plan, deps)
  if (plan.step === 'refuse') {
    ctx.status = 403
    return deps.render(ctx, 'sign-in/refused', { ...commonData(seam, deps), reason: plan.reason })
  }
  const { notice } = attempt
  if (notice?.reason === 'limited' && notice.retryAt && notice.retryAt > new Date())
    return showWait(ctx, notice.retryAt, view, seam, deps)
  if (plan.step === 'identify') return showIdentifier(ctx, view, seam, deps)
  showMethod(ctx, view, seam, deps)
}

/** `GET /interaction/:uid`: the one dispatcher. Reads what is stored and shows what is next. */
export function createShow(deps: InteractionDependencies) {
  return async (ctx: Context): Promise<void> => {
    const seam = await openSeam(ctx, deps)
    if (!seam) return showEnded(ctx, deps)
    await (seam.interaction.prompt.name === 'consent' ? showConsent(ctx, seam, deps) : showSignIn(ctx, seam, deps))
  }
}
