import { type Connection, type Model, mongo } from 'mongoose'

/** The server has an index of these fields already, which does something else. */
const CONFLICTS = [85, 86]
const INDEX_NOT_FOUND = 27

type Options = Pick<mongo.IndexDescriptionInfo, 'unique' | 'expireAfterSeconds' | 'partialFilterExpression'>

/** What makes an index more than a way to find things fast: what it makes unique, and what it deletes. */
const promiseOf = ({ unique = false, expireAfterSeconds, partialFilterExpression }: Options) =>
  JSON.stringify({ unique, ...(expireAfterSeconds !== undefined && { expireAfterSeconds, partialFilterExpression }) })

/** What the model wants of each index, by its fields. */
const wantedOf = (model: Model<unknown>) =>
  new Map(model.schema.indexes().map(([fields, options]) => [JSON.stringify(fields), options as Options]))

/** Whether it makes unique what needs to be unique no more. */
const isLoosened = (index: Options, wanted: Options) =>
  index.unique === true && promiseOf(wanted) === promiseOf({ ...index, unique: false })

/** Whether it deletes other documents than it should, or at another time. */
const isMissweeping = (index: Options, wanted: Options) =>
  index.expireAfterSeconds !== undefined && promiseOf(index) !== promiseOf(wanted)

/** Drops indexes that promise more than is wanted: nothing rests on that, and they would be in the way. */
async function dropOutdated(model: Model<unknown>): Promise<void> {
  const wanted = wantedOf(model)
  for (const index of await model.listIndexes()) {
    const own = wanted.get(JSON.stringify(index.key))
    if (!own || !(isLoosened(index, own) || isMissweeping(index, own))) continue
    await model.collection.dropIndex(index.name).catch((error: unknown) => {
      // Somebody else who starts was faster.
      if (!(error instanceof mongo.MongoServerError) || error.code !== INDEX_NOT_FOUND) throw error
    })
  }
}

async function makeIndexes(model: Model<unknown>): Promise<void> {
  try {
    await model.createCollection()
    await dropOutdated(model)
    await model.createIndexes()
  } catch (error) {
    if (!(error instanceof mongo.MongoServerError) || !CONFLICTS.includes(Number(error.code))) throw error
    throw new Error(`an index of ${model.collection.name} is not what it has to be, drop it: ${error.message}`)
  }
}

/** The indexes that a model wants and the collection has not. */
async function missingOf(model: Model<unknown>): Promise<string[]> {
  const toText = (fields: string, index: Options) => `${fields} ${promiseOf(index)}`
  const present = new Set((await model.listIndexes()).map((index) => toText(JSON.stringify(index.key), index)))
  return [...wantedOf(model)]
    .filter(([fields, wanted]) => !present.has(toText(fields, wanted)))
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
