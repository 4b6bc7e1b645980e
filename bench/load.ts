import autocannon from 'autocannon'
import type { Person } from './person.ts'
import type { Scenario } from './scenarios.ts'
import type { Target } from './target.ts'

/** How hard, and for how long. */
export interface Load {
  readonly connections: number
  readonly seconds: number
}

/** What came of it. */
export interface Measured {
  /** How often a second it was done. */
  readonly perSecond: number
  /** Milliseconds of processor time of the provider's process, each time. */
  readonly cpuMs: number
}

/**
 * Does this over and over, on so many connections, each for one of the people.
 * @throws Error when anything but success was answered
 */
export async function measure(
  scenario: Scenario,
  target: Target,
  people: readonly Person[],
  { connections, seconds }: Load,
): Promise<Measured> {
  const busy = people.slice(0, connections)
  if (scenario.prepare) await Promise.all(busy.map((person) => scenario.prepare?.(target, person)))
  let next = 0
  const [first] = busy
  if (!first) throw new Error('nobody is signed in')
  const steps = scenario.requests(target, first).length
  const cpuBefore = Number(await target.ask('cpu'))
  const result = await autocannon({
    url: target.issuer,
    connections: busy.length,
    duration: seconds,
    // Each connection is somebody else.
    setupClient: (client) => {
      const person = busy[next++ % busy.length] ?? first
      client.setRequests(scenario.requests(target, person))
    },
    requests: scenario.requests(target, first),
  })
  const cpuMs = Number(await target.ask('cpu')) - cpuBefore
  const bad = result['4xx'] + result['5xx'] + result.errors + result.timeouts
  if (bad > 0) throw new Error(`${target.name}, ${scenario.name}: ${bad} answers were no success`)
  const times = result.requests.total / steps
  return { perSecond: times / result.duration, cpuMs: cpuMs / times }
}
