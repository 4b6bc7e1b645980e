import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { env } from 'node:process'
import type { TestContext } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { mongo } from 'mongoose'
import { findBinary } from '../../src/platform/database/embedded/binary.ts'
import { testServer } from './database.ts'
import { scratchFolder } from './scratch.ts'
import { findFreePort } from './world.ts'

const NAME = 'three'

interface Member {
  readonly port: number
  readonly child: ChildProcess
}

function startMember(t: TestContext, binary: string, folder: string, port: number): Member {
  const dbpath = join(folder, String(port))
  mkdirSync(dbpath)
  const args = ['--port', port, '--dbpath', dbpath, '--replSet', NAME, '--bind_ip', '127.0.0.1', '--nounixsocket']
  const child = spawn(binary, [...args.map(String), '--wiredTigerCacheSizeGB', '0.25'], { stdio: 'ignore' })
  t.after(() => child.kill('SIGKILL'))
  return { port, child }
}

async function hello(port: number): Promise<mongo.Document | undefined> {
  const options = { serverSelectionTimeoutMS: 500, connectTimeoutMS: 500 }
  const client = new mongo.MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`, options)
  try {
    return await client.db('admin').command({ hello: 1 })
  } catch {
    return undefined
  } finally {
    await client.close()
  }
}

/** The first of these that answers as asked. @throws Error when the test is over before */
async function waitFor(
  { signal }: TestContext,
  members: readonly Member[],
  is: (answer: mongo.Document) => boolean,
): Promise<Member> {
  for (;;) {
    signal.throwIfAborted()
    for (const member of members) {
      const answer = await hello(member.port)
      if (answer && is(answer)) return member
    }
    await wait(50)
  }
}

/** A real set of three members, which elects within about a second. It is gone after the test. */
export async function startReplicaSet(t: TestContext) {
  const folder = scratchFolder(t)
  const binary = await findBinary({ path: env.PATH, cacheDir: testServer.cacheDir, report: () => {} })
  const ports = await Promise.all([1, 2, 3].map(findFreePort))
  const members = ports.map((port) => startMember(t, binary, folder, port))
  await Promise.all(members.map((member) => waitFor(t, [member], () => true)))
  const hosts = ports.map((port) => `127.0.0.1:${port}`)
  const client = new mongo.MongoClient(`mongodb://${hosts[0]}/?directConnection=true`)
  await client.db('admin').command({
    replSetInitiate: {
      _id: NAME,
      members: hosts.map((host, _id) => ({ _id, host })),
      settings: { electionTimeoutMillis: 1000, heartbeatIntervalMillis: 200 },
    },
  })
  await client.close()
  await Promise.all(
    members.map((member) => waitFor(t, [member], ({ isWritablePrimary, secondary }) => isWritablePrimary || secondary)),
  )
  const primary = () => waitFor(t, members, ({ isWritablePrimary }) => isWritablePrimary)
  await primary()
  return {
    uri: `mongodb://${hosts.join(',')}/gathering?replicaSet=${NAME}`,
    /** Ends the primary as a power cut would. */
    async killPrimary(): Promise<void> {
      ;(await primary()).child.kill('SIGKILL')
    },
  }
}
