import assert from 'node:assert/strict'
import cluster from 'node:cluster'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createLogger } from '../../src/platform/logger.ts'
import { superviseWorkers } from '../../src/workers.ts'
import { scratchFolder } from '../support/scratch.ts'

// Without the arguments that this process was started with: what they name is not in the folders that are used here.
const exec = fileURLToPath(new URL('../support/bare-worker.ts', import.meta.url))

interface Line {
  readonly msg: string
  readonly worker?: number
  readonly err?: { readonly code: string }
}

/** Looks after bare workers. Its log can be waited for. */
function supervise(t: TestContext, count: number) {
  const lines: Line[] = []
  const waiting = new Set<() => void>()
  const write = (line: string) => {
    lines.push(JSON.parse(line))
    for (const look of waiting) look()
  }
  const stopped = Promise.withResolvers<string>()
  const ended = superviseWorkers({
    count,
    drainSeconds: 1,
    logger: createLogger({ level: 'info', isPretty: false, destination: { write } }),
    stopped: stopped.promise,
  })
  t.after(() => {
    stopped.resolve('the test is over')
    return ended
  })
  /** Resolves when so many lines are as asked. */
  const logged = (atLeast: number, is: (line: Line) => boolean) =>
    new Promise<Line[]>((resolve) => {
      const look = () => {
        const found = lines.filter(is)
        if (found.length >= atLeast) resolve(found)
      }
      waiting.add(look)
      look()
    })
  return { logged, ended, stop: () => stopped.resolve('asked to') }
}

const isStart = ({ msg }: Line) => msg === 'worker started'

test('a machine that gives no process leaves the other workers alone, and is asked again until it gives one', async (t) => {
  cluster.setupPrimary({ exec, execArgv: [], cwd: scratchFolder(t) })
  const { logged, ended, stop } = supervise(t, 2)
  const [one, two] = await logged(2, isStart)
  // Stands for too many processes: making one fails in the same way where its folder is gone.
  cluster.setupPrimary({ exec, execArgv: [], cwd: '/nowhere' })
  cluster.workers?.[two?.worker ?? 0]?.process.kill('SIGKILL')
  const failures = await logged(3, ({ err }) => err !== undefined)
  assert.ok(failures.every(({ err, msg }) => err?.code === 'ENOENT' && msg.startsWith('worker ended')))
  assert.ok(cluster.workers?.[one?.worker ?? 0]?.isConnected(), 'the other one serves on')

  cluster.setupPrimary({ exec, execArgv: [], cwd: scratchFolder(t) })
  assert.equal((await logged(3, isStart)).length, 3)
  stop()
  assert.equal(await ended, 0)
})

test('when not even the first process can be made, the program ends and has said why', async (t) => {
  cluster.setupPrimary({ exec, execArgv: [], cwd: '/nowhere' })
  const { logged, ended } = supervise(t, 2)
  assert.equal(await ended, 1)
  const [line] = await logged(1, ({ msg }) => msg === 'no worker can be started')
  assert.equal(line?.err?.code, 'ENOENT')
})
