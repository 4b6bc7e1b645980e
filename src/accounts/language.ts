import type { Model } from 'mongoose'
import type { AccountDocument } from './model.ts'

/** In which language people are written to. */
export interface AccountLanguage {
  /** Somebody chose this language, as BCP 47 names it: from now on they are written to in it. */
  readonly chooseLanguage: (id: string, locale: string) => Promise<void>
}

/** Languages, on this model. */
export function createAccountLanguage(model: Model<AccountDocument>): AccountLanguage {
  return {
    async chooseLanguage(id, locale) {
      await model.updateOne({ _id: id, locale: { $ne: locale } }, { $set: { locale, updatedAt: new Date() } })
    },
  }
}
