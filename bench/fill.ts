import type { Connection } from 'mongoose'
import { hashSecret, newId, newSecret } from '../src/platform/ids.ts'

const BATCH = 5000
/** About as long as the payload of an access token is when it is sealed. */
const PAYLOAD_BYTES = 340

/** Tokens of people who are not there, as live and as large as real ones, until there are so many. @returns how many there are */
export async function fillTokens(connection: Connection, upTo: number): Promise<number> {
  const artifacts = connection.collection<{ _id: string }>('artifacts')
  const expiresAt = new Date(Date.now() + 86_400_000)
  for (let count = await artifacts.estimatedDocumentCount(); count < upTo; count += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, upTo - count) }, () => ({
      _id: hashSecret(newId()),
      kind: 'AccessToken',
      payload: newSecret(PAYLOAD_BYTES),
      expiresAt,
      grantId: newSecret(),
      accountId: newId(),
      clientId: 'bench',
    }))
    await artifacts.insertMany(batch, { ordered: false, writeConcern: { w: 1 } })
  }
  return artifacts.estimatedDocumentCount()
}
