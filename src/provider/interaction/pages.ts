import type { Context } from 'koa'
import type { SignInView } from '../../sign-in/index.ts'
import { type InteractionDependencies, presentClient, type Seam } from './seam.ts'
import { inOrderOfUse } from './used-ways.ts'

/** What every page of a sign-in is given. */
const commonData = (seam: Seam, { csrf }: InteractionDependencies) => ({
  client: presentClient(seam.client),
  csrf: csrf.token(seam.uid),
  cancel: `/interaction/${seam.uid}/abort`,
  beginAction: `/interaction/${seam.uid}/begin`,
  switchAction: `/interaction/${seam.uid}/begin`,
})

/** Too many wrong second steps: the page of the first one says why it is back. */
const startedOver = { titleKey: 'problems.startedOver', detailKey: 'problems.startedOverDetail', fields: [] }

/** Answers that it was too much for now. @returns the seconds after which trying again makes sense */
function tellRetry(ctx: Context, retryAt: Date): number {
  const seconds = Math.max(1, Math.ceil((retryAt.getTime() - Date.now()) / 1000))
  ctx.status = 429
  ctx.set('Retry-After', String(seconds))
  return seconds
}

/** The session that the sign-in began in has ended meanwhile. */
const sessionEnded = { titleKey: 'problems.sessionEnded', detailKey: 'problems.sessionEndedDetail', fields: [] }

/** Why the sign-in is at its beginning again. */
function restartOf({ notice }: SignInView['attempt']) {
  if (notice?.reason === 'started_over') return startedOver
  return notice?.reason === 'session_ended' ? sessionEnded : undefined
}

/** Coming back from another site was of no use: the ways are shown again, that one too. */
function elsewhereProblem({ cause, method }: NonNullable<SignInView['attempt']['notice']>) {
  const isPersons = cause === 'access_denied' || cause === 'user_cancelled_authorize'
  const what = isPersons ? 'cancelled' : 'failed'
  return { titleKey: `problems.elsewhere.${what}.${method}`, detailKey: 'problems.elsewhere.detail', fields: [] }
}

/** The choices as they were used in this browser, and which was the last. */
function shownWays(ctx: Context, { choices }: SignInView, { usedWays }: InteractionDependencies) {
  const used = usedWays.find(ctx)
  return { choices: inOrderOfUse(choices, used), lastUsed: used[0] }
}

/** What was used last in this browser, where that is one of several things: beside a method that may not be theirs at all. */
function lastUsedChoice(ctx: Context, { choices }: SignInView, { usedWays }: InteractionDependencies) {
  const [method = '', id] = usedWays.find(ctx)[0]?.split('.') ?? []
  const last = choices[method]?.filter((choice) => choice.id === id) ?? []
  return last.length > 0 ? { choices: { [method]: last }, lastUsed: `${method}.${id}` } : {}
}

/** Asks who it is. */
export function showIdentifier(ctx: Context, view: SignInView, seam: Seam, deps: InteractionDependencies): void {
  const { attempt, current } = view
  const { notice, suggestedIdentifier } = attempt
  const data = commonData(seam, deps)
  const isInvalid = notice?.reason === 'identifier_invalid'
  const invalid = { titleKey: 'problems.check', fields: [{ name: 'identifier', messageKey: 'problems.identifier' }] }
  deps.render(ctx, 'sign-in/identifier', {
    ...data,
    action: data.beginAction,
    identifier: suggestedIdentifier,
    accountsHref: deps.knownAccounts.list(ctx).length > 0 ? `/interaction/${seam.uid}/accounts` : undefined,
    registerHref: deps.registration.isOpen ? `/interaction/${seam.uid}/register` : undefined,
    current,
    ...shownWays(ctx, view, deps),
    newcomer: attempt.newcomer,
    cause: attempt.notice?.cause,
    currentAction: current && `/interaction/${seam.uid}/${current.name}`,
    problem: isInvalid ? invalid : problemOf(view, deps),
  })
}

const usedUp = { titleKey: 'problems.usedUp', detailKey: 'problems.usedUpDetail', fields: [] }

/** Nothing more is sent for now; what was sent before can be used. */
function nothingSent({ reason, retryAt = new Date() }: NonNullable<SignInView['attempt']['notice']>) {
  const count = Math.max(1, Math.ceil((retryAt.getTime() - Date.now()) / 60_000))
  const isBefore = reason === 'sent_before'
  const titleKey = isBefore ? 'problems.sentBefore' : 'problems.notSent'
  return { titleKey, detailKey: 'problems.sendAgain', params: { count }, fields: [] }
}

/** What was wrong with the last try of this method. */
function problemOf({ attempt, current }: SignInView, { signIn }: InteractionDependencies) {
  const { notice } = attempt
  const restart = restartOf(attempt)
  if (restart) return restart
  if (notice?.reason === 'sent_before' || notice?.reason === 'not_sent') return nothingSent(notice)
  if (notice?.reason === 'failed' && notice.method && signIn.returnOf(notice.method) === 'answer')
    return elsewhereProblem(notice)
  // One that waited and is gone, used up or expired: there is nothing to answer, and the ways are shown again.
  if (notice?.reason === 'used_up' || (notice?.reason === 'failed' && !current)) return usedUp
  if (!current || notice?.method !== current.name) return undefined
  const { name, field = name } = current
  if (notice.cause === 'no_challenge')
    return { titleKey: 'problems.expired', detailKey: 'problems.expiredDetail', fields: [] }
  if (notice.reason !== 'failed') return undefined
  return {
    titleKey: 'problems.mismatch',
    detailKey: `problems.details.${name}`,
    fields: [{ name: field, messageKey: `problems.${name}` }],
  }
}

/** Asks for a proof, or how the person would like to prove it. */
export function showMethod(ctx: Context, view: SignInView, seam: Seam, deps: InteractionDependencies): void {
  const { attempt, account, current, plan } = view
  const methods = plan.step === 'prove' ? plan.methods : []
  const isSecondStep = plan.step === 'prove' && plan.isSecondStep
  // Whose account it is shows only once something was proved: a passkey may have named somebody else than was typed.
  const identifier = isSecondStep ? account?.email : attempt.identifier
  const { newcomer } = attempt
  const { keepSignedIn } = deps.config.sessions
  const data = { ...commonData(seam, deps), identifier, newcomer, isSecondStep, problem: problemOf(view, deps) }
  if (attempt.notice?.reason === 'not_sent') tellRetry(ctx, attempt.notice.retryAt ?? new Date())
  if (!current) return void deps.render(ctx, 'sign-in/choose', { ...data, methods, ...shownWays(ctx, view, deps) })
  deps.render(ctx, `sign-in/${current.name}`, {
    ...data,
    method: current.name,
    action: `/interaction/${seam.uid}/${current.name}`,
    ...(isSecondStep ? {} : lastUsedChoice(ctx, view, deps)),
    chooseAction: methods.length > 1 ? data.beginAction : undefined,
    forgotHref: deps.recovery.isOffered ? `/interaction/${seam.uid}/forgot` : undefined,
    trustDays: isSecondStep && view.mayTrust ? deps.signIn.trustedDevices.days : undefined,
    keepDays: isSecondStep || !keepSignedIn.isOffered ? undefined : keepSignedIn.days,
    challenge: current.challenge,
    cause: attempt.notice?.cause,
  })
}

/** Something has to be added to the account before this sign-in can go on: which, or how. */
export async function showEnrol(
  ctx: Context,
  view: SignInView,
  seam: Seam,
  deps: InteractionDependencies,
): Promise<void> {
  const { attempt, account, plan } = view
  const methods = plan.step === 'enrol' ? plan.methods : []
  const [only] = methods
  const method = methods.includes(attempt.method ?? '') ? attempt.method : methods.length === 1 ? only : undefined
  const data = { ...commonData(seam, deps), identifier: account?.email, methods }
  const challenge = account && method ? await deps.signIn.enrolment.findPending(account.id, method) : undefined
  const asks = method === undefined ? undefined : deps.signIn.enrolment.asks(method)
  const isAsked = asks !== undefined && method === attempt.method
  if (!method || (!challenge && !isAsked)) return void deps.render(ctx, 'sign-in/enrol', data)
  deps.render(ctx, 'sign-in/enrol-add', {
    ...data,
    method,
    part: challenge ? method : `${method}-start`,
    challenge,
    action: `/interaction/${seam.uid}/enrol/${method}`,
    startAction: data.beginAction,
    startVerb: 'enrol',
    problem: enrolProblemOf(attempt, method, asks, challenge !== undefined),
  })
}

/** What keeps a credential from being added. */
function enrolProblemOf(
  { notice }: SignInView['attempt'],
  method: string,
  asks: string | undefined,
  isPending: boolean,
) {
  if (notice?.reason === 'failed') {
    const wrong = { titleKey: 'problems.mismatch', fields: [{ name: 'code', messageKey: `problems.enrol.${method}` }] }
    return isPending ? wrong : usedUp
  }
  if (notice?.reason !== 'enrolment_refused') return undefined
  const messageKey = `refusals.${notice.code}`
  return isPending || !asks
    ? { titleKey: messageKey, fields: [] }
    : { titleKey: 'problems.check', fields: [{ name: asks, messageKey }] }
}

/** It has to wait. */
export function showWait(
  ctx: Context,
  retryAt: Date,
  view: SignInView,
  seam: Seam,
  deps: InteractionDependencies,
): void {
  const seconds = tellRetry(ctx, retryAt)
  deps.render(ctx, 'sign-in/wait', {
    ...commonData(seam, deps),
    identifier: view.attempt.identifier,
    retryAt,
    retryMinutes: Math.ceil(seconds / 60),
    restartHref: `/interaction/${seam.uid}`,
  })
}

/** The account cannot be used; told only to somebody who proved that it is theirs. */
export function showRefused(
  ctx: Context,
  reason: 'suspended' | 'closed',
  seam: Seam,
  deps: InteractionDependencies,
): void {
  ctx.status = 403
  deps.render(ctx, 'sign-in/refused', { ...commonData(seam, deps), reason })
}
