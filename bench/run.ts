// npm run bench: Gatehouse on MongoDB beside a bare oidc-provider in memory, in turns, as ratios.
import { parseArgs } from 'node:util'
import { bringTogether, setApart } from './cores.ts'
import { type Load, type Measured, measure } from './load.ts'
import { createPerson, type Person } from './person.ts'
import { type Scenario, scenarios } from './scenarios.ts'
import { measureHashing, measureSignIns } from './sign-ins.ts'
import { startTarget, type Target } from './target.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    'warm-up': { type: 'string', default: '3' },
    connections: { type: 'string', default: '32' },
    only: { type: 'string', default: '' },
    fill: { type: 'string', default: '' },
    apart: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
  },
})
const load: Load = { connections: Number(values.connections), seconds: Number(values.seconds) }
const rounds = Array.from({ length: Number(values.rounds) }, (_, index) => index)
const chosen = scenarios.filter(({ name }) => name.includes(values.only))

const say = (...cells: readonly string[]) => {
  process.stdout.write(`${cells.map((cell, index) => (index === 0 ? cell.padEnd(28) : cell.padStart(12))).join('')}\n`)
}
const median = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0
const rate = (perSecond: number) => perSecond.toFixed(perSecond < 100 ? 1 : 0)

interface Side {
  readonly target: Target
  readonly people: readonly Person[]
}

async function openSide(target: Target): Promise<Side> {
  const people: Person[] = []
  for (let index = 0; index < load.connections; index += 1) {
    people.push(await createPerson(target, target.people[index] ?? ''))
  }
  return { target, people }
}

/** The engine makes code fast that has run for a while: what is measured is a program that is at work, not one that starts. */
async function warmUp(scenario: Scenario, sides: readonly Side[]): Promise<void> {
  const seconds = Number(values['warm-up'])
  if (seconds === 0) return
  for (const { target, people } of sides) await measure(scenario, target, people, { ...load, seconds })
}

async function measureProfiled(scenario: Scenario, { target, people }: Side): Promise<Measured> {
  if (values.profile) await target.ask('profile')
  const measured = await measure(scenario, target, people, load)
  if (values.profile) say(`${target.name}: ${await target.ask('profiled')}`)
  return measured
}

/** One scenario, in turns: what else the machine does meanwhile hits both alike. */
async function compare(scenario: Scenario, bare: Side, ours: Side): Promise<void> {
  const measured: { bare: Measured; ours: Measured }[] = []
  await warmUp(scenario, [bare, ours])
  for (const _ of rounds) {
    measured.push({ bare: await measureProfiled(scenario, bare), ours: await measureProfiled(scenario, ours) })
  }
  const ratioOf = (of: (round: (typeof measured)[number]) => number) => median(measured.map(of)).toFixed(2)
  say(
    scenario.name,
    rate(median(measured.map((round) => round.bare.perSecond))),
    rate(median(measured.map((round) => round.ours.perSecond))),
    ratioOf((round) => round.ours.perSecond / round.bare.perSecond),
    ratioOf((round) => round.bare.cpuMs / round.ours.cpuMs),
    scenario.aim?.toFixed(2) ?? '',
  )
}

/** A hash takes long: with fewer of them it would count how many are just not done when the time is over. */
const SIGN_INS_LONGER = 4

async function compareSignIns(target: Target): Promise<void> {
  const seconds = load.seconds * SIGN_INS_LONGER
  const measured: { hashing: number; signIns: number }[] = []
  for (const _ of rounds) {
    const hashing = await measureHashing(seconds)
    measured.push({ hashing, signIns: await measureSignIns(target, seconds) })
  }
  const ratio = median(measured.map(({ hashing, signIns }) => signIns / hashing))
  const rates = [median(measured.map(({ hashing }) => hashing)), median(measured.map(({ signIns }) => signIns))]
  say('password sign-in : hashing', ...rates.map(rate), ratio.toFixed(2), '', '0.90')
}

/** The same scenario in programs that have more and more stored, in turns. */
async function compareFillings(fillings: readonly number[]): Promise<void> {
  const sides: (Side & { readonly stored: number })[] = []
  try {
    for (const filling of fillings) {
      const target = await startTarget(`Gatehouse with ${filling}`, 'bench/gatehouse.ts')
      sides.push({ ...(await openSide(target)), stored: Number(await target.ask('fill', filling)) })
    }
    for (const scenario of chosen.filter(({ isStored }) => isStored)) {
      const measured: Measured[][] = []
      await warmUp(scenario, sides)
      for (const _ of rounds) {
        const round: Measured[] = []
        for (const { target, people } of sides) round.push(await measure(scenario, target, people, load))
        measured.push(round)
      }
      const ofAll = (of: (one: Measured, first: Measured) => number, index: number) =>
        median(measured.map((round) => of(round[index] as Measured, round[0] as Measured)))
      for (const [index, { stored }] of sides.entries()) {
        const perSecond = ofAll((one) => one.perSecond, index)
        const ratio = ofAll((one, first) => one.perSecond / first.perSecond, index)
        const byCpu = ofAll((one, first) => first.cpuMs / one.cpuMs, index)
        say(scenario.name, String(stored), rate(perSecond), ratio.toFixed(2), byCpu.toFixed(2))
      }
    }
  } finally {
    await Promise.all(sides.map(({ target }) => target.stop()))
  }
}

async function compareWithBare(): Promise<void> {
  const targets = [await startTarget('bare', 'bench/bare.ts'), await startTarget('Gatehouse', 'bench/gatehouse.ts')]
  try {
    const [bare, ours] = await Promise.all(targets.map(openSide))
    if (!bare || !ours) throw new Error('nothing was started')
    const measured = targets.map(({ pid }) => pid)
    const everythingElse = [process.pid, Number(await ours.target.ask('databasePid'))]
    if (values.apart) setApart(measured, everythingElse)
    say('', 'bare', 'Gatehouse', 'ratio', 'by CPU', 'aim')
    for (const scenario of chosen) await compare(scenario, bare, ours)
    // Hashing is for all cores.
    if (values.apart) bringTogether([...measured, ...everythingElse])
    if ('password sign-in'.includes(values.only)) await compareSignIns(ours.target)
  } finally {
    await Promise.all(targets.map((target) => target.stop()))
  }
}

if (values.fill) {
  say('', 'stored', 'a second', 'to first', 'by CPU')
  await compareFillings(values.fill.split(',').map(Number))
} else {
  await compareWithBare()
}
