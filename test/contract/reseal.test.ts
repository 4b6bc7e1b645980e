import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { Schema } from 'mongoose'
import type { Database } from '../../src/platform/database/index.ts'
import { createReseal, sealed } from '../../src/platform/reseal/index.ts'
import { createSealer } from '../../src/platform/seal.ts'
import { openTestDatabase } from '../support/database.ts'

interface Note {
  _id: number
  text?: string
  inner?: { secret: string; other: string }
}

const contextOf = ({ _id }: Note) => `note:${_id}`
const schema = new Schema<Note>({
  _id: Number,
  text: { type: String, ...sealed(contextOf) },
  inner: { type: Schema.Types.Mixed, ...sealed(contextOf, 'secret') },
})

let database: Database
before(async () => {
  database = await openTestDatabase()
})
after(() => database.close())

const newKey = () => randomBytes(32).toString('base64url')

test('every field that is told of is sealed anew, and what a process with the old key writes meanwhile in the next pass', async () => {
  const { connection } = database
  const model = connection.model<Note>('Note', schema)
  const [oldKey, key] = [newKey(), newKey()]
  const before = createSealer([oldKey])
  const sealer = createSealer([key, oldKey])
  const ids = Array.from({ length: 501 }, (_, _id) => _id)
  await model.insertMany(ids.map((_id) => ({ _id, text: before.seal('text', contextOf({ _id })) })))
  const secret = before.seal('secret', contextOf({ _id: 1000 }))
  await model.insertMany([{ _id: 1000, inner: { secret, other: 'kept' } }, { _id: 1001 }])

  const reseal = createReseal({ connection, sealer, outsideSeconds: async () => 60 })
  const count = async (keyId = '') =>
    (await reseal.survey()).filter((entry) => entry.keyId === keyId).reduce((sum, entry) => sum + entry.count, 0)
  assert.equal(await count(before.keyIds[0]), 502)
  // It writes just after the first batch was sealed anew.
  const { bulkWrite } = model
  model.bulkWrite = async (...args: unknown[]) => {
    model.bulkWrite = bulkWrite
    const answer = await Reflect.apply(bulkWrite, model, args)
    await model.updateOne({ _id: 0 }, { text: before.seal('changed', contextOf({ _id: 0 })) })
    return answer
  }
  const progress: string[] = []
  const result = await reseal.run(({ done, total }) => progress.push(`${done}/${total}`))
  assert.deepEqual(progress, ['500/502', '501/502', '502/502', '503/502'])
  assert.deepEqual(result, { keyId: sealer.keyIds[0], resealed: 503, remaining: 0, unreadable: 0 })
  assert.equal(await count(before.keyIds[0]), 0)

  const after = createSealer([key])
  const first = await model.findById(0).lean<Note>()
  assert.equal(after.open(first?.text ?? '', contextOf({ _id: 0 })), 'changed')
  const nested = await model.findById(1000).lean<Note>()
  assert.equal(nested?.inner?.other, 'kept')
  assert.equal(after.open(nested?.inner?.secret ?? '', contextOf({ _id: 1000 })), 'secret')
})
