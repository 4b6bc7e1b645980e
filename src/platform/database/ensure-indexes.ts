import { type Connection, type Model, mongo } from 'mongoose'

/** The server has an index of these fields already, which does something else. */
const CONFLICTS = [85, 86]

/** What makes an index more than a way to find things fast. */
const promiseOf = ({ unique = false, expireAfterSeconds }: mongo.IndexDescriptionInfo) =>
  JSON.stringify({ unique, expireAfterSeconds })

async function makeIndexes(model: Model<unknown>): Promise<void> {
  try {
    await model.createCollection()
    await model.createIndexes()
  } catch (error) {
    if (!(error instanceof mongo.MongoServerError) || !CONFLICTS.includes(Number(error.code))) throw error
    throw new Error(`an index of ${model.collection.name} is not what it has to be, drop it: ${error.message}`)
  }
}

/** The indexes that a model wants and the collection has not. */
async function missingOf(model: Model<unknown>): Promise<string[]> {
  const present = new Map((await model.listIndexes()).map((index) => [JSON.stringify(index.key), promiseOf(index)]))
  return model.schema
    .indexes()
    .filter(([fields, options]) => {
      const wanted = promiseOf({ ...(options as Partial<mongo.IndexDescriptionInfo>), key: {}, name: '' })
      return present.get(JSON.stringify(fields)) !== wanted
    })
    .map(([fields]) => `${model.collection.name} ${JSON.stringify(fields)}`)
}

/**
 * Makes the indexes of every model on this connection, and then looks whether they are there: single use, uniqueness
 * and speed rest on them, so a program without them must not answer.
 * @throws Error that names what is missing or in the way
 */
export async function ensureIndexes(connection: Connection): Promise<void> {
  const models: Model<unknown>[] = Object.values(connection.models)
  await Promise.all(models.map(makeIndexes))
  const missing = (await Promise.all(models.map(missingOf))).flat()
  if (missing.length > 0) throw new Error(`indexes are missing: ${missing.join(', ')}`)
}
