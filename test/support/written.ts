import assert from 'node:assert/strict'
import { type Connection, mongo } from 'mongoose'

/** For clocks that are not quite the same. */
const SLACK_SECONDS = 10

interface Operation {
  readonly ns: string
  readonly o: { readonly applyOps?: readonly Operation[] }
}

/** A transaction is one entry, under no name of its own: it makes collections first, and writes then. */
function placeOf({ ns, o }: Operation): string {
  const last = o.applyOps?.at(-1)
  return last ? placeOf(last) : ns
}

/**
 * Everything that was ever written to a database since then, by collection: the bytes as they were stored, and the same
 * as JSON. It is the server's own record of its writes, so what was changed or deleted since is in it as well.
 * @throws AssertionError when the server remembers less
 */
export async function readWritten(connection: Connection, since: Date): Promise<ReadonlyMap<string, string>> {
  const record = connection.getClient().db('local').collection<Operation & { ts: mongo.Timestamp }>('oplog.rs')
  const from = new mongo.Timestamp({ t: Math.floor(since.getTime() / 1000) - SLACK_SECONDS, i: 0 })
  const first = await record.findOne({}, { sort: { $natural: 1 } })
  assert.ok(first && first.ts.t <= since.getTime() / 1000, 'the server has forgotten what was written')
  const ns = new RegExp(`^${connection.name}\\.`)
  const entries = await record
    .find({ ts: { $gte: from }, $or: [{ ns }, { 'o.applyOps.ns': ns }] }, { raw: true })
    .toArray()
  const written = new Map<string, string>()
  for (const entry of entries as unknown as Buffer[]) {
    const operation = mongo.BSON.deserialize(entry) as Operation
    const place = placeOf(operation).replace(ns, '')
    const text = `${entry.toString('latin1')}\n${Buffer.from(JSON.stringify(operation)).toString('latin1')}\n`
    written.set(place, (written.get(place) ?? '') + text)
  }
  return written
}
