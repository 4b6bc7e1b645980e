import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

/** The client of all runs, confidential, and the API that its JWTs are for. */
export const CLIENT_NAME = 'bench'
export const API = 'https://demo-api.example'
export const REDIRECT_URI = 'https://rp.example/callback'
export const PASSWORD = 'A password for measuring 1'

/** What a provider that is to be measured says when it is up. */
export interface Announcement {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /** E-mails of people who can sign in. */
  readonly people: readonly string[]
}

/** What can be asked of a process that is measured. */
export type Answers = Readonly<Record<string, (value: number) => Promise<unknown>>>

/** A provider in a process of its own. */
export interface Target extends Announcement {
  readonly name: string
  readonly pid: number
  /** Does something in its process. */
  readonly ask: (what: string, value?: number) => Promise<unknown>
  readonly stop: () => Promise<void>
}

/** Starts a provider and waits until it is up. What it logs goes nowhere, but is written. */
export async function startTarget(name: string, file: string): Promise<Target> {
  const child: ChildProcess = fork(file, [], {
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`${name} ended with ${code}`)
  })
  const next = async () => (await Promise.race([once(child, 'message'), ended]))[0] as unknown
  ended.catch(() => {})
  const announcement = (await next()) as Announcement
  return {
    ...announcement,
    name,
    pid: child.pid ?? 0,
    ask: (what, value) => {
      child.send({ what, value })
      return next()
    },
    stop: async () => {
      if (child.connected) child.send({ what: 'stop' })
      await ended.catch(() => {})
    },
  }
}
