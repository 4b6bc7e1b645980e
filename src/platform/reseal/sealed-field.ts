import type { Connection, Model } from 'mongoose'

/** A place in a collection where a sealed value stands. */
export interface SealedField {
  readonly model: Model<unknown>
  /** Dotted, from the document. */
  readonly path: string
  /** The context that the value of this document was sealed with. */
  readonly contextOf: (document: never) => string
}

interface Declaration {
  readonly contextOf: SealedField['contextOf']
  readonly inside: string | undefined
}

/**
 * Tells of a field of a schema that its value is sealed, and with which context. Spread into the definition of the
 * field; whatever is told of is found again when the sealing key changes.
 * @param inside where in the field the value stands, if it is not the field itself
 */
export function sealed<T>(contextOf: (document: T) => string, inside?: string): { readonly sealed: Declaration } {
  return { sealed: { contextOf, inside } }
}

/** Every sealed field of the models on this connection. */
export function sealedFieldsOf({ models }: Connection): SealedField[] {
  return Object.values(models).flatMap((model) =>
    Object.entries(model.schema.paths).flatMap(([name, { options }]): SealedField[] => {
      const declaration = (options as { sealed?: Declaration }).sealed
      if (!declaration) return []
      const { contextOf, inside } = declaration
      return [{ model: model as Model<unknown>, path: inside ? `${name}.${inside}` : name, contextOf }]
    }),
  )
}
