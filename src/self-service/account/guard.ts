import type { Context } from 'koa'
import type { Account, Accounts } from '../../accounts/index.ts'
import { newSecret } from '../../platform/ids.ts'
import { OWN_RETURN_PATH, type OwnPages, type OwnSession, type SignInWanted } from '../../provider/index.ts'
import { type Csrf, createCookie, formBody, readForm, safeReturn } from '../../web/index.ts'

/** What knowing who is signed in needs. */
export interface GuardDependencies {
  readonly own: OwnPages
  readonly accounts: Accounts
  readonly csrf: Csrf
  readonly issuer: string
}

/** The person whose page this is. */
export interface Owner {
  readonly account: Account
  readonly session: OwnSession
  /** The token of this session's forms. */
  readonly csrf: string
}

type Page = (ctx: Context, owner: Owner) => Promise<void> | void
type Change = (ctx: Context, owner: Owner, form: Readonly<Record<string, string>>) => Promise<void> | void

/** Changes ask for a sign-in that is no older (ASVS 7.5.3); people go on where they were. */
const FRESH_SECONDS = 10 * 60

/** Who may see account pages, and change what is on them. */
export interface AccountGuard {
  /** A page of whoever is signed in. Others sign in first and come back. */
  readonly page: (page: Page) => (ctx: Context) => Promise<void>
  /** A page that begins a change: whoever signed in too long ago does so again, and comes back. */
  readonly freshPage: (page: Page) => (ctx: Context) => Promise<void>
  /** A change: by form, by the owner, freshly signed in. `backTo` is where people go on who have to sign in again. */
  readonly change: (
    backTo: (ctx: Context) => string,
    change: Change,
  ) => ((ctx: Context, next: () => Promise<void>) => Promise<void>)[]
  /** Leads to choosing another account, and back to these pages. */
  readonly switchAccount: (ctx: Context) => void
  /** Where the sign-in leads back to. */
  readonly comeBack: (ctx: Context) => void
}

/** Makes the guard. */
export function createGuard({ own, accounts, csrf, issuer }: GuardDependencies): AccountGuard {
  const cookie = createCookie({ issuer, name: 'return', path: OWN_RETURN_PATH })

  const findOwner = async (ctx: Context): Promise<Owner | undefined> => {
    const session = await own.findSession(ctx)
    const account = session && (await accounts.find(session.accountId))
    if (!session || account?.status !== 'active') return undefined
    return { account, session, csrf: csrf.token(session.uid) }
  }
  // A browser that is trusted does not stand in for the second factor where the account itself is changed.
  const isFresh = ({ session }: Owner) =>
    !session.isByTrust && Date.now() - session.signedInAt.getTime() <= FRESH_SECONDS * 1000
  const afresh = ({ session }: Owner) => ({ maxAgeSeconds: FRESH_SECONDS, isComplete: session.isByTrust })
  const signIn = (ctx: Context, path: string, how?: SignInWanted) => {
    const state = newSecret(16)
    cookie.set(ctx, `${state}:${path}`)
    ctx.redirect(own.signInHref(state, how))
    ctx.status = 303
  }

  const guarded = (isFreshNeeded: boolean, page: Page) => async (ctx: Context) => {
    const owner = await findOwner(ctx)
    if (!owner) return signIn(ctx, ctx.path)
    if (isFreshNeeded && !isFresh(owner)) return signIn(ctx, ctx.path, afresh(owner))
    await page(ctx, owner)
  }

  return {
    page: (page) => guarded(false, page),
    freshPage: (page) => guarded(true, page),
    change: (backTo, change) => [
      formBody(),
      async (ctx) => {
        const owner = await findOwner(ctx)
        if (!owner) return signIn(ctx, backTo(ctx))
        const { csrf: token, ...form } = readForm(ctx)
        csrf.verify(ctx, owner.session.uid, token)
        if (!isFresh(owner)) return signIn(ctx, backTo(ctx), afresh(owner))
        await change(ctx, owner, form)
      },
    ],
    switchAccount: (ctx) => signIn(ctx, '/account', { isChosen: true }),
    // Only the browser that was sent away comes back, and only to where it was (RFC 9700 section 4.7).
    comeBack(ctx) {
      const [state = '', path = ''] = (cookie.get(ctx) ?? '').split(':')
      cookie.clear(ctx)
      const isOurs = state !== '' && ctx.query.state === state
      ctx.redirect(isOurs ? safeReturn(path) : '/account')
      ctx.status = 303
    },
  }
}
