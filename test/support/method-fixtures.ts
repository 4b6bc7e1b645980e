import type { Account } from '../../src/accounts/index.ts'
import { newId } from '../../src/platform/ids.ts'
import type { Attempt } from '../../src/sign-in/index.ts'
import { Authenticator, type Options } from './authenticator.ts'
import { Browser } from './browser.ts'
import { codeSentTo } from './phone.ts'
import { codeOf } from './two-factor.ts'
import { asGoogle, type RunningUpstream, startUpstreamProvider } from './upstream-provider.ts'
import { PASSWORD, type World } from './world.ts'

/** What a fixture is given: a world, and an account that has a password. */
export interface FixtureContext {
  readonly world: World
  readonly account: Account
}

/** A method as the contract suite drives it, for one account. */
export interface PreparedMethod {
  /** The form of a valid proof in this attempt, whose challenge was made if it needs one. */
  readonly prove: (attempt: Attempt) => Promise<Record<string, string>>
  /** A form that looks like a proof and is none. */
  readonly wrong: Record<string, string>
}

/** How the contract suite drives a method. */
export interface MethodFixture {
  /** Whether a challenge has to be made first. */
  readonly isBegun: boolean
  /** Whether a proof is worth something once only. */
  readonly isSingleUse: boolean
  /** Whether it comes after another proof only. */
  readonly isSecondStep: boolean
  /** Gives the account what it needs. */
  readonly prepare: (context: FixtureContext) => Promise<PreparedMethod>
}

let phones = 0
let upstream: RunningUpstream | undefined

/** The outside world that some methods need. @returns what the program has to be told of it */
export async function openSurroundings() {
  const provider = await startUpstreamProvider()
  upstream = provider
  return { env: asGoogle(provider), close: provider.close }
}

/** Where the challenge of this attempt leads. */
async function redirectOf({ world }: FixtureContext, { uid }: Attempt): Promise<string> {
  const page = { returnUrlFor: () => world.issuer, browser: newId }
  const attempt = (await world.signIn.find(uid)) as Attempt
  const challenge = await world.signIn.begin({ attempt, method: 'upstream', input: {}, page, origin })
  return challenge?.kind === 'redirect' ? challenge.url : ''
}

/** What somebody brings back who is signed in there. */
async function answerOf(address: string): Promise<Record<string, string>> {
  const back = await upstream?.visit(address)
  return Object.fromEntries(new URL(back?.location ?? 'nowhere:').searchParams)
}

const origin = { requestId: 'contract', address: '203.0.113.9' }

async function enrol(
  { world, account }: FixtureContext,
  method: string,
  confirm: (data: object) => Promise<object>,
  input: Record<string, string> = {},
) {
  const request = { account, method, origin }
  const challenge = await world.signIn.enrolment.begin(request, input)
  const outcome = await world.signIn.enrolment.confirm(request, await confirm(challenge?.data ?? {}))
  if (outcome.outcome !== 'added') throw new Error(`${method} was not added: ${outcome.outcome}`)
  return { challenge, outcome }
}

/** The code that the newest mailed link shows in another browser. */
async function codeOfLink({ world, account }: FixtureContext): Promise<string> {
  const [mail] = await world.mails(account.email)
  const link = /http\S+\/confirm\/[\w-]+/.exec(mail?.text ?? '')?.[0] ?? ''
  const phone = new Browser(world.issuer)
  const shown = await phone.press(await phone.open(link), 'confirm')
  return /shown-code">(\d{6})</.exec(shown.text)?.[1] ?? ''
}

/** One fixture a method, by the name of its folder. */
export const fixtures: Readonly<Record<string, MethodFixture>> = {
  password: {
    isBegun: false,
    isSingleUse: false,
    isSecondStep: false,
    prepare: async () => ({ prove: async () => ({ password: PASSWORD }), wrong: { password: 'a wrong password' } }),
  },
  'magic-link': {
    isBegun: true,
    isSingleUse: true,
    isSecondStep: false,
    prepare: async (context) => ({
      prove: async () => ({ code: await codeOfLink(context) }),
      wrong: { code: '00000x' },
    }),
  },
  passkey: {
    isBegun: true,
    isSingleUse: true,
    isSecondStep: false,
    async prepare(context) {
      const { issuer, signIn } = context.world
      const optionsIn = (data: unknown) => (data as { options: Options }).options
      const authenticator = new Authenticator(issuer)
      await enrol(context, 'passkey', async (data) => ({ response: authenticator.create(optionsIn(data)) }))
      const prove = async (attempt: Attempt) => {
        const { current } = await signIn.view(attempt)
        if (current?.challenge?.kind !== 'show') throw new Error('no passkey is asked for')
        return { response: authenticator.get(optionsIn(current.challenge.data)) }
      }
      const unknown = new Authenticator(issuer)
      return { prove, wrong: { response: unknown.get({ challenge: 'AAAA', rpId: 'localhost' }) } }
    },
  },
  totp: {
    isBegun: false,
    isSingleUse: true,
    isSecondStep: true,
    async prepare(context) {
      let key = ''
      await enrol(context, 'totp', async (data) => {
        key = (data as { key: string }).key
        return { code: await codeOf(key) }
      })
      // The next one, which is good already: whenever a step ends meanwhile, both are.
      return { prove: async () => ({ code: await codeOf(key, 1) }), wrong: { code: 'abcdef' } }
    },
  },
  'sms-code': {
    isBegun: true,
    isSingleUse: true,
    isSecondStep: false,
    async prepare(context) {
      phones += 1
      const phone = `+4915112345${String(phones).padStart(3, '0')}`
      const prove = async () => ({ code: await codeSentTo(context.world, phone) })
      await enrol(context, 'sms-code', prove, { phone })
      return { prove, wrong: { code: '00000x' } }
    },
  },
  upstream: {
    isBegun: true,
    isSingleUse: true,
    isSecondStep: false,
    async prepare(context) {
      const { account, world } = context
      const request = { account, method: 'upstream', origin }
      const person = { sub: account.id, email: account.email, email_verified: true }
      if (upstream) upstream.person = person
      const challenge = await world.signIn.enrolment.begin(request, {})
      await world.signIn.enrolment.confirm(request, await answerOf(challenge?.url ?? ''))
      const prove = async (attempt: Attempt) => {
        if (upstream) upstream.person = person
        return answerOf(await redirectOf(context, attempt))
      }
      return { prove, wrong: { state: 'another-state', code: 'no-code-at-all' } }
    },
  },
  'recovery-code': {
    isBegun: false,
    isSingleUse: true,
    isSecondStep: true,
    async prepare(context) {
      const { outcome } = await enrol(context, 'recovery-code', async () => ({}))
      const [code = ''] = (outcome.shown as { codes: string[] }).codes
      return { prove: async () => ({ code }), wrong: { code: 'AAAA-AAAA-AAAA-AAAA' } }
    },
  },
}
