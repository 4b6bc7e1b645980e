import type Router from '@koa/router'
import type { Context } from 'koa'
import { type Account, normaliseIdentifier } from '../../accounts/index.ts'
import { formBody, readForm } from '../../web/index.ts'
import { readHintedSubject } from '../id-token-hint.ts'
import { openAttempt } from './attempt.ts'
import { readSession } from './lost-session.ts'
import {
  handOver,
  type InteractionDependencies,
  openSeam,
  presentClient,
  type Seam,
  seeOther,
  showEnded,
  textParam,
} from './seam.ts'

/** An account on the page that lists them. */
interface Listed {
  readonly account: Account
  readonly isSignedIn: boolean
  /** Whether the app has named this one. */
  readonly isHinted: boolean
}

const pathOf = ({ uid }: Seam) => `/interaction/${uid}/accounts`

/** Whom the app has in mind: by an ID token of its own, or by what people sign in with. */
async function findHinted({ interaction, client }: Seam, { provider }: InteractionDependencies) {
  const hint = textParam(interaction, 'login_hint')
  return {
    subject: await readHintedSubject(provider(), interaction.params.id_token_hint, client),
    identifier: hint && normaliseIdentifier(hint),
  }
}

/** The accounts of this browser that can be used: who is signed in, and who did with it before. */
async function listAccounts(ctx: Context, seam: Seam, deps: InteractionDependencies): Promise<readonly Listed[]> {
  const session = await readSession(ctx, deps)
  const ids = [...new Set([...(session.accountId ? [session.accountId] : []), ...deps.knownAccounts.list(ctx)])]
  if (ids.length === 0) return []
  const [hinted, found] = await Promise.all([findHinted(seam, deps), Promise.all(ids.map(deps.accounts.find))])
  const listed = found.flatMap((account) => {
    if (account?.status !== 'active') return []
    const isHinted = account.id === hinted.subject || normaliseIdentifier(account.email) === hinted.identifier
    return [{ account, isHinted, isSignedIn: account.id === session.accountId }]
  })
  return listed.sort((one, other) => Number(other.isHinted) - Number(one.isHinted))
}

/** Lists the accounts of this browser. @returns false where there are none, so that somebody just signs in */
export async function showAccounts(ctx: Context, seam: Seam, deps: InteractionDependencies): Promise<boolean> {
  const listed = await listAccounts(ctx, seam, deps)
  if (listed.length === 0) return false
  deps.render(ctx, 'sign-in/accounts', {
    client: presentClient(seam.client),
    csrf: deps.csrf.token(seam.uid),
    action: pathOf(seam),
    cancel: `/interaction/${seam.uid}/abort`,
    accounts: listed.map(({ account: { id, name, email }, ...rest }) => ({ id, name, email, ...rest })),
  })
  return true
}

/** Whether this interaction begins with choosing an account, and that was not done yet. */
export async function isChoosing({ uid, interaction }: Seam, { signIn }: InteractionDependencies): Promise<boolean> {
  return interaction.prompt.name === 'select_account' && (await signIn.find(uid)) === undefined
}

/** This one: if it is signed in and nothing more was asked for, it goes on; otherwise it is to be proved. */
async function choose(ctx: Context, seam: Seam, accountId: string, deps: InteractionDependencies): Promise<void> {
  const { uid, interaction } = seam
  const chosen = (await listAccounts(ctx, seam, deps)).find(({ account }) => account.id === accountId)
  if (!chosen) return seeOther(ctx, pathOf(seam))
  if (chosen.isSignedIn && interaction.prompt.name === 'select_account') {
    const result = { select_account: {} }
    return seeOther(ctx, await handOver(ctx, seam, result, deps))
  }
  await deps.signIn.identify(await openAttempt(ctx, seam, deps), chosen.account.email)
  seeOther(ctx, `/interaction/${uid}`)
}

/** Somebody who is not in the list: they say who they are. */
async function useAnother(ctx: Context, seam: Seam, deps: InteractionDependencies): Promise<void> {
  const attempt = await openAttempt(ctx, seam, deps)
  if (attempt.identifier || attempt.evidence.length > 0) await deps.signIn.forget(attempt)
  seeOther(ctx, `/interaction/${seam.uid}`)
}

/** The page on which people choose between the accounts of this browser (OpenID Connect Core, `select_account`). */
export function mountAccounts(router: Router, deps: InteractionDependencies): void {
  const begin = (seam: Seam) => `/interaction/${seam.uid}`

  router.get('/accounts', async (ctx) => {
    const seam = await openSeam(ctx, deps)
    if (!seam) return showEnded(ctx, deps)
    if (seam.interaction.prompt.name === 'consent' || !(await showAccounts(ctx, seam, deps)))
      return seeOther(ctx, begin(seam))
  })

  router.post('/accounts', formBody(), async (ctx) => {
    const seam = await openSeam(ctx, deps)
    if (!seam) return showEnded(ctx, deps)
    const { csrf, action, account = '' } = readForm(ctx)
    deps.csrf.verify(ctx, seam.uid, csrf)
    if (seam.interaction.prompt.name === 'consent') return seeOther(ctx, begin(seam))
    if (action === 'choose') return choose(ctx, seam, account, deps)
    if (action === 'other') return useAnother(ctx, seam, deps)
    if (action === 'remove') deps.knownAccounts.forget(ctx, account)
    seeOther(ctx, (await listAccounts(ctx, seam, deps)).length > 0 ? pathOf(seam) : begin(seam))
  })
}
