import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { mongo } from 'mongoose'

const NAME = 'gatehouse'
const POLL_MS = 20
const ANSWER_MS = 15_000
const NOT_YET_INITIALIZED = 94

/** The options that make a server a replica set of one. */
export const replicaSetArguments = ['--replSet', NAME]

/** How to reach the server on this port. It is one member, so there is nothing to discover. */
export const uriOf = (port: number) => `mongodb://127.0.0.1:${port}/?directConnection=true`

async function withAdmin<T>(
  port: number,
  timeoutMs: number,
  work: (admin: mongo.Db) => Promise<T>,
  cut?: AbortSignal,
): Promise<T> {
  const client = new mongo.MongoClient(uriOf(port), {
    serverSelectionTimeoutMS: timeoutMs,
    connectTimeoutMS: timeoutMs,
  })
  cut?.addEventListener('abort', () => void client.close())
  try {
    await client.connect()
    return await work(client.db('admin'))
  } finally {
    await client.close()
  }
}

/** Whether anybody listens there: that is known at once, and a server that has much to do takes its time to answer. */
async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

async function isOf(dataPath: string, admin: mongo.Db): Promise<boolean> {
  const { parsed } = await admin.command({ getCmdLineOpts: 1 })
  return parsed?.storage?.dbPath === dataPath
}

/** Whether the server on this port is the one that keeps its data in this folder. */
export async function servesFolder(port: number, dataPath: string): Promise<boolean> {
  if (!(await isListening(port))) return false
  return withAdmin(port, ANSWER_MS, (admin) => isOf(dataPath, admin)).catch(() => false)
}

/**
 * Makes the server on this port, when it is the one that keeps its data in this folder, the writable primary of its set.
 * A set remembers host and port: on another port than last time its one member is renamed.
 * @param cut gives up
 */
export async function becomePrimary(
  port: number,
  dataPath: string,
  { timeoutMs, cut }: { timeoutMs: number; cut: AbortSignal },
): Promise<void> {
  const deadline = Date.now() + timeoutMs
  const until = async (isSo: () => Promise<boolean>) => {
    while (!(await isSo())) {
      cut.throwIfAborted()
      if (Date.now() > deadline) throw new Error('MongoDB did not become writable in time')
      await wait(POLL_MS)
    }
  }
  const lead = async (admin: mongo.Db) => {
    // Somebody else may have taken the port: ours is about to end then, and theirs is left as it is.
    await until(() => isOf(dataPath, admin).catch(() => false))
    const host = `127.0.0.1:${port}`
    try {
      const { config } = await admin.command({ replSetGetConfig: 1 })
      const [member] = config.members
      if (member.host !== host) {
        member.host = host
        config.version += 1
        await admin.command({ replSetReconfig: config, force: true })
      }
    } catch (error) {
      if (!(error instanceof mongo.MongoServerError) || error.code !== NOT_YET_INITIALIZED) throw error
      await admin.command({ replSetInitiate: { _id: NAME, members: [{ _id: 0, host }] } })
    }
    await until(async () => (await admin.command({ hello: 1 })).isWritablePrimary)
  }
  await withAdmin(port, timeoutMs, lead, cut)
}
