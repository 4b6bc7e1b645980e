import { request } from 'node:http'
import { Command } from 'commander'
import type { Act } from '../program.ts'
import { CommandError, configOf, type Outcome, type Shell } from '../shell.ts'

const TIMEOUT_MS = 3000

/** Asks the program on this machine, at its own port. */
function askReadiness(port: number): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: 'localhost', port, path: '/health/ready', timeout: TIMEOUT_MS }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (part: string) => {
        body += part
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
    asked.on('timeout', () => asked.destroy(new Error('it does not answer')))
    asked.on('error', reject)
    asked.end()
  })
}

/** Whether the running program takes requests; made for health checks of containers. */
export function healthCommand(shell: Shell, act: Act): Command {
  const check = async (): Promise<Outcome> => {
    const { port } = configOf(shell).server
    const { status, body } = await askReadiness(port).catch((error: NodeJS.ErrnoException) => {
      throw new CommandError('health.unreachable', `Nothing answers on port ${port} (${error.code ?? error.message}).`)
    })
    if (status !== 200) throw new CommandError('health.unready', `Gatehouse does not take requests: ${body}`)
    return { json: { status: 'ready' }, text: 'Gatehouse is ready.' }
  }
  return new Command('health').description('say whether the running Gatehouse takes requests').action(act(check))
}
