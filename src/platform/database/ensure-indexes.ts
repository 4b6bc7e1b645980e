import type { Connection } from 'mongoose'

/**
 * Makes the indexes of every model on this connection, and then looks whether they are there: single use and
 * uniqueness rest on them, so a program without them must not answer.
 * @throws Error that names what is missing
 */
export async function ensureIndexes(connection: Connection): Promise<void> {
  const models = Object.values(connection.models)
  await Promise.all(models.map((model) => model.createCollection().then(() => model.createIndexes())))
  const missing = await Promise.all(
    models.map(async (model) => {
      const present = new Set((await model.listIndexes()).map(({ key }) => JSON.stringify(key)))
      return model.schema
        .indexes()
        .map(([fields]) => JSON.stringify(fields))
        .filter((fields) => !present.has(fields))
        .map((fields) => `${model.collection.name} ${fields}`)
    }),
  )
  if (missing.flat().length > 0) throw new Error(`indexes are missing: ${missing.flat().join(', ')}`)
}
