import type Router from '@koa/router'
import type { Context } from 'koa'
import { Refusal } from '../../platform/refusal.ts'
import type { Registered, Registering, Registrant } from '../../registration/index.ts'
import { formBody, presentProblem, readForm } from '../../web/index.ts'
import { openAttempt, pageOf } from './attempt.ts'
import { finish } from './finish.ts'
import { createAccount } from './newcomer.ts'
import { type InteractionDependencies, openSeam, presentClient, type Seam, seeOther, showEnded } from './seam.ts'

/** The field that each refusal is about. */
const fields: Readonly<Record<string, string>> = {
  'account.identifier_invalid': 'identifier',
  'account.name_invalid': 'name',
  'registration.domain_not_allowed': 'identifier',
  'registration.code_wrong': 'code',
  'password.refused': 'password',
}

/** Refusals that are about the whole page. */
const aboutAll = new Set([
  'registration.limited',
  'registration.gone',
  'registration.passkey_refused',
  'account.exists',
])

type Form = Readonly<Record<string, string>>

/** What a page shows again after a refusal. */
interface Again {
  readonly refusal?: Refusal
  readonly form?: Form
}

const pathOf = ({ uid }: Seam) => `/interaction/${uid}/register`

function problemOf(refusal: Refusal | undefined) {
  const titleKey = `refusals.${refusal?.code}`
  return refusal && (presentProblem(refusal, fields) ?? { titleKey, params: refusal.params, fields: [] })
}

async function show(ctx: Context, seam: Seam, deps: InteractionDependencies, { refusal, form }: Again = {}) {
  const { registration } = deps
  const at: Registering = await registration.find(seam.uid)
  const newcomer = (await deps.signIn.find(seam.uid))?.newcomer
  const isChoosing = at.step === 'credential' && !newcomer
  const passkey = isChoosing ? await registration.offerPasskey(registrantOf(ctx, seam, deps)) : undefined
  if (refusal) ctx.status = refusal.status
  if (refusal?.retryAfterSeconds) ctx.set('Retry-After', String(refusal.retryAfterSeconds))
  const page = newcomer && at.step === 'credential' ? 'vouched' : at.step
  deps.render(ctx, `register/${page}`, {
    client: presentClient(seam.client),
    csrf: deps.csrf.token(seam.uid),
    action: pathOf(seam),
    cancel: `/interaction/${seam.uid}/abort`,
    signInHref: `/interaction/${seam.uid}`,
    identifier: at.step === 'address' ? (form?.identifier ?? newcomer?.email) : at.email,
    from: newcomer?.from,
    name: form?.name ?? newcomer?.name,
    needsInvitation: registration.needsInvitation,
    passkey,
    rules: deps.signIn.password.rules,
    problem: problemOf(refusal),
  })
}

const registrantOf = (ctx: Context, { uid, origin, clientId }: Seam, deps: InteractionDependencies): Registrant => ({
  uid,
  origin,
  clientId,
  locale: deps.localeOf(ctx),
})

/** The account is there: the person signs in with what they just chose, by the same road as everybody. */
async function signInWith(
  ctx: Context,
  seam: Seam,
  { account, proved }: Registered,
  password: string,
  deps: InteractionDependencies,
) {
  const { uid, origin, clientId } = seam
  const { signIn } = deps
  const opened = await openAttempt(ctx, seam, deps)
  const attempt = proved ? opened : await signIn.identify(opened, account.email)
  if (!attempt) return showEnded(ctx, deps)
  const page = pageOf(ctx, seam, deps)
  const after = proved
    ? await signIn.enter({ ...proved, attempt, account, origin, clientId })
    : await signIn.submit({ attempt, method: 'password', body: { password }, origin, clientId, page })
  if (after?.plan.step === 'enough') return finish(ctx, seam, { attempt: after.attempt, plan: after.plan }, deps)
  seeOther(ctx, `/interaction/${uid}`)
}

/** What each button does. What is refused is thrown. */
async function act(ctx: Context, seam: Seam, form: Form, deps: InteractionDependencies): Promise<void> {
  const { registration } = deps
  const registrant = registrantOf(ctx, seam, deps)
  const { action, identifier = '', code = '', name, password = '' } = form
  const at = await registration.find(seam.uid)
  if (action === 'send' || action === 'again') {
    const typed = action === 'again' && at.step === 'mailbox' ? at.email : identifier
    const browser = deps.browsers.mark(ctx)
    await registration.start({ ...registrant, typed, browser, returnPath: pathOf(seam) })
  } else if (action === 'confirm') await registration.typeCode(registrant, code)
  else if (action === 'other') await registration.cancel(seam.uid)
  else if (action === 'create' || action === 'passkey') {
    const newcomer = (await deps.signIn.find(seam.uid))?.newcomer
    if (newcomer) return createAccount(ctx, seam, newcomer, name, deps)
    const chosen = action === 'create' ? { password } : { passkey: form }
    return signInWith(ctx, seam, await registration.finish({ ...registrant, name, chosen }), password, deps)
  }
  seeOther(ctx, pathOf(seam))
}

/** The pages on which somebody makes an account on the way to an application; one address, what it shows is stored. */
export function mountRegistration(router: Router, deps: InteractionDependencies): void {
  const { registration } = deps

  router.get('/register', async (ctx) => {
    if (!registration.isOpen) return ctx.throw(404)
    const seam = await openSeam(ctx, deps)
    if (!seam) return showEnded(ctx, deps)
    await show(ctx, seam, deps)
  })

  router.post('/register', formBody(), async (ctx) => {
    if (!registration.isOpen) return ctx.throw(404)
    const seam = await openSeam(ctx, deps)
    if (!seam) return showEnded(ctx, deps)
    const { csrf, ...form } = readForm(ctx)
    deps.csrf.verify(ctx, seam.uid, csrf)
    try {
      await act(ctx, seam, form, deps)
    } catch (refusal) {
      if (!(refusal instanceof Refusal) || !isShown(refusal)) throw refusal
      // What was typed stays, the password does not.
      await show(ctx, seam, deps, { refusal, form })
    }
  })
}

/** Refusals that belong on the page, and not on one of their own. */
const isShown = ({ code }: Refusal) => fields[code] !== undefined || aboutAll.has(code)
