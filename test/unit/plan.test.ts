import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createAssurance, evidenceOfSession, oneFactorOf } from '../../src/sign-in/assurance.ts'
import type { Evidence, Strength } from '../../src/sign-in/method.ts'
import { type PlanInput, plan } from '../../src/sign-in/plan.ts'

const policy = {
  oneFactor: ['one'],
  twoFactor: ['two', 'mfa'],
  phishingResistant: ['strong'],
  secondFactor: 'when-enrolled',
  secondFactorRoles: ['admin'],
} as const
const assurance = createAssurance(policy)
const relaxed = createAssurance({ ...policy, secondFactor: 'never' })
const strengths = {
  password: { factors: ['knowledge'], amr: ['pwd'] },
  totp: { factors: ['possession'], amr: ['otp'] },
  passkey: { factors: ['possession', 'inherence'], amr: ['pop', 'user'] },
  touch: { factors: ['possession'], amr: ['pop'] },
  link: { factors: ['delegated'], amr: ['mca'] },
} as const satisfies Record<string, Strength>
type Name = keyof typeof strengths

const at = new Date(1_000_000)
const proof = (name: Name, accountId = 'ada'): Evidence => ({ method: name, accountId, at, ...strengths[name] })
const method = (name: Name) => ({
  name,
  identifies: name === 'passkey',
  step: name === 'totp' ? ('second' as const) : ('any' as const),
  proves: strengths[name],
})
const ask = (given: {
  proofs?: readonly Evidence[]
  methods?: readonly Name[]
  enrollable?: readonly Name[]
  minimumAcr?: string
  wishedAcrs?: readonly string[]
  roles?: readonly string[]
  needsSecondFactor?: boolean
  hasSecondFactor?: boolean
  isTrusted?: boolean
  status?: 'active' | 'suspended' | 'closed'
  identifier?: string
  newcomer?: PlanInput['newcomer']
  policy?: typeof assurance
}) =>
  plan({
    identifier: given.identifier ?? 'ada@example.com',
    evidence: given.proofs ?? [],
    account: { id: 'ada', status: given.status ?? 'active' },
    methods: (given.methods ?? ['password', 'totp', 'passkey', 'link']).map(method),
    enrollable: (given.enrollable ?? []).map(method),
    requirement: (given.policy ?? assurance).requirementFor({
      minimumAcr: given.minimumAcr,
      wishedAcrs: given.wishedAcrs ?? [],
      account: { roles: given.roles ?? [], needsSecondFactor: given.needsSecondFactor ?? false },
      hasSecondFactor: given.hasSecondFactor ?? false,
      isTrusted: given.isTrusted ?? false,
    }),
    newcomer: given.newcomer,
    levels: (given.policy ?? assurance).levels,
  } satisfies PlanInput)

const pick = ({ step, ...rest }: ReturnType<typeof plan>) =>
  step === 'enough' ? [step, 'acr' in rest ? rest.acr : ''] : [step, 'methods' in rest ? rest.methods : rest]

test('before anything is proved only first methods are offered, whoever it is about', () => {
  assert.deepEqual(pick(ask({})), ['prove', ['password', 'passkey', 'link']])
  assert.deepEqual(pick(ask({ hasSecondFactor: true, status: 'suspended' })), [
    'prove',
    ['password', 'passkey', 'link'],
  ])
})

test('one factor is enough where nothing more is asked for', () => {
  for (const name of ['password', 'link', 'touch'] as const)
    assert.deepEqual(pick(ask({ proofs: [proof(name)] })), ['enough', 'one'])
})

test('a second factor follows every first one when the account has one', () => {
  assert.deepEqual(pick(ask({ proofs: [proof('password')], hasSecondFactor: true })), ['prove', ['totp', 'passkey']])
  assert.deepEqual(pick(ask({ proofs: [proof('link')], hasSecondFactor: true })), ['prove', ['totp', 'passkey']])
  const both = [proof('password'), proof('totp')]
  assert.deepEqual(pick(ask({ proofs: both, hasSecondFactor: true })), ['enough', 'two'])
})

test('a mailbox does not add to a password, and a second possession not to the first', () => {
  const mailed = [proof('password'), proof('link')]
  assert.deepEqual(pick(ask({ proofs: mailed, hasSecondFactor: true })), ['prove', ['totp', 'passkey']])
  const twice = [proof('totp'), proof('touch')]
  assert.deepEqual(pick(ask({ proofs: twice, minimumAcr: 'two' })), ['prove', ['password', 'passkey', 'link']])
})

test('a passkey with user verification is two factors, without it one', () => {
  assert.deepEqual(pick(ask({ proofs: [proof('passkey')], hasSecondFactor: true })), ['enough', 'strong'])
  assert.deepEqual(pick(ask({ proofs: [proof('touch')], hasSecondFactor: true, methods: ['password'] })), [
    'prove',
    ['password'],
  ])
  assert.deepEqual(pick(ask({ proofs: [proof('touch'), proof('password')] })), ['enough', 'strong'])
})

test('a role can demand a second factor; who has none adds one, or cannot go on', () => {
  const only = { proofs: [proof('password')], methods: ['password'] as const, roles: ['admin'] }
  assert.deepEqual(pick(ask({ ...only, enrollable: ['totp', 'passkey'] })), ['enrol', ['totp', 'passkey']])
  assert.deepEqual(ask(only), { step: 'refuse', reason: 'unattainable' })
})

for (const [what, given, expected] of [
  ['whoever belongs to no strict organization gets along with one factor', {}, ['enough', 'one']],
  ['a member of a strict one proves a second', { needsSecondFactor: true }, ['prove', ['totp', 'passkey']]],
  [
    'a member who has none adds one',
    { needsSecondFactor: true, methods: ['password'], enrollable: ['totp'] },
    ['enrol', ['totp']],
  ],
  ['what an API wants counts as what a client wants', { minimumAcr: 'two' }, ['prove', ['totp', 'passkey']]],
  [
    'of an organization and an API the stricter one counts',
    { needsSecondFactor: true, minimumAcr: 'strong' },
    ['prove', ['passkey']],
  ],
] as const) {
  test(`policies: ${what}`, () => assert.deepEqual(pick(ask({ proofs: [proof('password')], ...given })), expected))
}

test('before something is added everything is proved that the account has', () => {
  const asked = {
    minimumAcr: 'strong',
    methods: ['password', 'totp'],
    enrollable: ['passkey'],
    hasSecondFactor: true,
  } as const
  assert.deepEqual(pick(ask({ ...asked, proofs: [proof('password')] })), ['prove', ['totp']])
  assert.deepEqual(pick(ask({ ...asked, proofs: [proof('password'), proof('totp')] })), ['enrol', ['passkey']])
})

test('what a client wishes for is reached if the account can, and done without if not', () => {
  const proofs = [proof('password')]
  assert.deepEqual(pick(ask({ proofs, wishedAcrs: ['strong'], methods: ['password', 'totp'] })), ['enough', 'one'])
  assert.deepEqual(pick(ask({ proofs, wishedAcrs: ['strong'] })), ['prove', ['passkey']])
  assert.deepEqual(pick(ask({ proofs, wishedAcrs: ['strong', 'two'], methods: ['password', 'totp'] })), [
    'prove',
    ['totp'],
  ])
})

test('the acr that is told is one that was named, where one of those was met', () => {
  const proofs = [proof('passkey')]
  assert.deepEqual(pick(ask({ proofs, wishedAcrs: ['two'] })), ['enough', 'two'])
  assert.deepEqual(pick(ask({ proofs, wishedAcrs: ['one'] })), ['enough', 'one'])
})

test('standing is told only after a proof', () => {
  assert.deepEqual(ask({ proofs: [proof('password')], status: 'suspended' }), { step: 'refuse', reason: 'suspended' })
})

test('somebody from elsewhere is met first, proves as much as adding takes, and is asked before anything is connected', () => {
  const met = ask({ identifier: '', newcomer: { hasAccount: false } })
  assert.equal(met.step, 'meet')
  const claimed = ask({ identifier: '', newcomer: { hasAccount: true } })
  assert.equal(claimed.step, 'identify')
  const newcomer = { hasAccount: true }
  assert.equal(ask({ newcomer }).step, 'prove')
  assert.equal(ask({ newcomer, proofs: [proof('password')] }).step, 'link')
  // Even where a password alone would do for signing in.
  const half = { newcomer, methods: ['password', 'totp'], hasSecondFactor: true, policy: relaxed } as const
  assert.deepEqual(ask({ ...half, proofs: [proof('password')] }), {
    step: 'prove',
    methods: ['totp'],
    isSecondStep: true,
  })
  assert.equal(ask({ ...half, proofs: [proof('password'), proof('totp')] }).step, 'link')
  assert.equal(ask({ newcomer, proofs: [proof('password')], status: 'suspended' }).step, 'refuse')
})

test('the proof of another account counts for nothing', () => {
  assert.equal(ask({ proofs: [proof('password', 'bob')] }).step, 'prove')
})

test('what a session proves is what its amr says', () => {
  const session = evidenceOfSession({ accountId: 'ada', amr: ['pwd', 'otp', 'mfa'], at })
  assert.deepEqual([...session.factors].sort(), ['knowledge', 'possession'])
  assert.ok(assurance.isMet('two', session.amr))
  assert.ok(!assurance.isMet('strong', session.amr))
  assert.ok(!assurance.isMet('unheard-of', session.amr))
})

const trusted = { hasSecondFactor: true, isTrusted: true } as const
const further = ['prove', ['totp', 'passkey']]
for (const [what, given, expected] of [
  ['spares the account its own second factor, and is worth none', {}, ['enough', 'one']],
  ['spares nothing where an app or API wants two', { minimumAcr: 'two' }, further],
  ['spares nothing where an app wishes for two', { wishedAcrs: ['two'] }, further],
  ['spares nothing where a role wants two', { roles: ['admin'] }, further],
  ['spares nothing where an organization wants two', { needsSecondFactor: true }, further],
  ['is nothing to one that cannot be phished', { minimumAcr: 'strong' }, ['prove', ['passkey']]],
  [
    'does not do before something is added',
    { minimumAcr: 'strong', methods: ['password', 'totp'], enrollable: ['passkey'] },
    ['prove', ['totp']],
  ],
] as const) {
  test(`a trusted browser ${what}`, () => {
    assert.deepEqual(pick(ask({ ...trusted, proofs: [proof('password')], ...given })), expected)
  })
}

for (const [amr, expected] of [
  [['pwd'], ['pwd']],
  [['pwd', 'otp', 'mfa'], ['pwd']],
  [['mca', 'otp', 'mfa'], ['mca']],
  [['pop', 'user'], ['user']],
  [['pop', 'user', 'mfa', 'pwd'], ['pwd']],
  [['sms'], ['sms']],
  [['pop'], []],
  [['unheard-of'], []],
] as const) {
  test(`with time ${amr.join(' and ')} wears off to ${expected.join() || 'nothing'}`, () => {
    assert.deepEqual(oneFactorOf(amr), expected)
    assert.ok(!assurance.isMet('two', oneFactorOf(amr)))
  })
}

test('whatever is proved in whatever order, enough is never said below the minimum', () => {
  const names = Object.keys(strengths) as Name[]
  const anyProofs = fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(anyProofs, fc.constantFrom('one', 'two', 'strong'), (proved, minimumAcr) => {
      const next = ask({ proofs: proved.map((name) => proof(name)), minimumAcr, methods: names })
      if (next.step !== 'enough') return true
      return assurance.isMet(minimumAcr, next.amr)
    }),
  )
})
