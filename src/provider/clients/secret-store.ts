import type { Model } from 'mongoose'
import type { ClientDocument, ClientSecret } from './model.ts'

/** The secrets of registered clients. Every rule is one conditional update. */
export interface SecretStore {
  /** Expired ones make room. @returns false when the client has as many as it may, or is not there */
  addSecret(clientId: string, secret: ClientSecret, max: number): Promise<boolean>
  /** @returns false when the secret is not there, or no other one of the client works */
  removeSecret(clientId: string, secretId: string): Promise<boolean>
  /** Keeps that it was used, at this time or later. */
  touchSecret(clientId: string, secretId: string, at: Date): Promise<void>
}

/** Secrets in the clients' documents. `onChanged` is told of clients whose secrets are others now. */
export function createSecretStore(model: Model<ClientDocument>, onChanged: (clientId: string) => void): SecretStore {
  return {
    async addSecret(clientId, secret, max) {
      await model.updateOne({ _id: clientId }, { $pull: { secrets: { expiresAt: { $lte: new Date() } } } })
      const { modifiedCount } = await model.updateOne(
        { _id: clientId, [`secrets.${max - 1}`]: { $exists: false } },
        { $push: { secrets: secret }, $set: { updatedAt: new Date() } },
      )
      onChanged(clientId)
      return modifiedCount === 1
    },
    async removeSecret(clientId, secretId) {
      const works = { $or: [{ expiresAt: { $exists: false } }, { expiresAt: { $gt: new Date() } }] }
      const another = { secrets: { $elemMatch: { id: { $ne: secretId }, ...works } } }
      const { modifiedCount } = await model.updateOne(
        { _id: clientId, 'secrets.id': secretId, ...another },
        { $pull: { secrets: { id: secretId } }, $set: { updatedAt: new Date() } },
      )
      onChanged(clientId)
      return modifiedCount === 1
    },
    async touchSecret(clientId, secretId, at) {
      await model.updateOne(
        { _id: clientId, 'secrets.id': secretId },
        { $max: { 'secrets.$[used].lastUsedAt': at } },
        { arrayFilters: [{ 'used.id': secretId }] },
      )
    },
  }
}
