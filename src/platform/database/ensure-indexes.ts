import { type Connection, type Model, mongo } from 'mongoose'

/** The server has an index of these fields already, which does something else. */
const CONFLICTS = [85, 86]
const INDEX_NOT_FOUND = 27

/** What makes an index more than a way to find things fast. */
const promiseOf = ({ unique = false, expireAfterSeconds }: mongo.IndexDescriptionInfo) =>
  JSON.stringify({ unique, expireAfterSeconds })

/** What the model promises of each index, by its fields. */
const promisesOf = (model: Model<unknown>) =>
  new Map(
    model.schema
      .indexes()
      .map(([fields, options]) => [
        JSON.stringify(fields),
        promiseOf({ ...(options as Partial<mongo.IndexDescriptionInfo>), key: {}, name: '' }),
      ]),
  )

/** Drops indexes that make unique what needs to be unique no more: nothing rests on them, and they would be in the way. */
async function dropLoosened(model: Model<unknown>): Promise<void> {
  const wanted = promisesOf(model)
  for (const index of await model.listIndexes()) {
    const isLoosened = index.unique && wanted.get(JSON.stringify(index.key)) === promiseOf({ ...index, unique: false })
    if (!isLoosened) continue
    await model.collection.dropIndex(index.name).catch((error: unknown) => {
      // Somebody else who starts was faster.
      if (!(error instanceof mongo.MongoServerError) || error.code !== INDEX_NOT_FOUND) throw error
    })
  }
}

async function makeIndexes(model: Model<unknown>): Promise<void> {
  try {
    await model.createCollection()
    await dropLoosened(model)
    await model.createIndexes()
  } catch (error) {
    if (!(error instanceof mongo.MongoServerError) || !CONFLICTS.includes(Number(error.code))) throw error
    throw new Error(`an index of ${model.collection.name} is not what it has to be, drop it: ${error.message}`)
  }
}

/** The indexes that a model wants and the collection has not. */
async function missingOf(model: Model<unknown>): Promise<string[]> {
  const present = new Map((await model.listIndexes()).map((index) => [JSON.stringify(index.key), promiseOf(index)]))
  return [...promisesOf(model)]
    .filter(([fields, wanted]) => present.get(fields) !== wanted)
    .map(([fields]) => `${model.collection.name} ${fields}`)
}

/**
 * Makes the indexes of every model on this connection, and then looks whether they are there: single use, uniqueness
 * and speed rest on them, so a program without them must not answer. One that promised more than is wanted makes room.
 * @throws Error that names what is missing or in the way
 */
export async function ensureIndexes(connection: Connection): Promise<void> {
  const models: Model<unknown>[] = Object.values(connection.models)
  await Promise.all(models.map(makeIndexes))
  const missing = (await Promise.all(models.map(missingOf))).flat()
  if (missing.length > 0) throw new Error(`indexes are missing: ${missing.join(', ')}`)
}
