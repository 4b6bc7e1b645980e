// Gathering: commands to a collection that come in while one is under way are sent as one. A command costs node
// 0.5-0.8 ms whatever it carries (a session, a connection, BSON both ways, two system calls), so a busy process spends
// its time on these unless it sends fewer. Knows no document. What is asked of one id happens in the order asked, an
// error reaches only who asked, and what was answered is kept by the majority of the set.
import type { Model, mongo } from 'mongoose'
import { createReads, type Stored } from './reads.ts'
import { createTurns } from './turns.ts'
import { createUnits, type Units } from './unit.ts'
import { createWrites } from './writes.ts'

export type { Known, Units } from './unit.ts'

/** A field that is looked up by, and has an index. */
type Field<T> = keyof T & string

/** One collection, with its commands gathered. */
export interface Gathered<T extends Stored> {
  find(id: string): Promise<T | undefined>
  findBy(field: Field<T>, value: string): Promise<T[]>
  /** @returns false, and changes nothing, when there is a document of this id */
  insert(document: T): Promise<boolean>
  /** Writes it whole, over whatever is there. */
  replace(document: T): Promise<void>
  /** Writes it whole, over the one of its id; where there is none, it changes nothing. */
  update(document: T): Promise<void>
  /** Sets these fields of it; where there is none, it changes nothing. For what decides nothing. */
  set(id: string, fields: Partial<Omit<T, '_id'>>): Promise<void>
  /**
   * Changes a document if the conditions hold: of any number of claims, also from other processes, that exclude each
   * other, one wins. It marks the document with a nonce of its own, in the field `claim`.
   * @returns whether this is the one
   */
  claim(id: string, conditional: { when: object; set: object }): Promise<boolean>
  delete(id: string, when?: object): Promise<void>
  deleteBy(field: Field<T>, value: string): Promise<void>
}

/** Collections with gathered commands, and the units of work that write to them. */
export interface Gatherings {
  of<T extends Stored>(model: Model<T>): Gathered<T>
  readonly units: Units
}

function gather<T extends Stored>(collection: mongo.Collection<T>, units: Units): Gathered<T> {
  const read = createReads(collection)
  const write = createWrites(collection)
  const turns = createTurns()
  return {
    find: (id) => turns.after(id, async () => (await read({ field: '_id', value: id }))[0]),
    async findBy(field, value) {
      await units.settled()
      return read({ field, value })
    },
    insert: (document) => turns.take(document._id, () => write.insert(document)),
    replace: (document) => turns.take(document._id, () => write.replace(document)),
    update: (document) => turns.take(document._id, () => write.update(document)),
    set: (id, fields) => turns.take(id, () => write.set(id, fields)),
    claim: (id, conditional) => turns.after(id, () => write.claim({ id, ...conditional })),
    delete: (id, when) => turns.take(id, () => write.delete({ ...when, _id: id })),
    async deleteBy(field, value) {
      await units.settled()
      return write.deleteAll({ field, value })
    },
  }
}

/** Gathers from here on. One for a process and a connection. */
export function createGatherings(): Gatherings {
  const units = createUnits()
  const known = new Map<unknown, unknown>()
  return {
    units,
    of<T extends Stored>(model: Model<T>): Gathered<T> {
      const before = known.get(model) as Gathered<T> | undefined
      if (before) return before
      // Not through Mongoose, whose documents and hooks cost more than the command: what a model promises is kept by
      // the room that owns it.
      const collection = model.db.db?.collection<T>(model.collection.name)
      if (!collection) throw new Error('the database is not connected')
      const gathered = gather(collection, units)
      known.set(model, gathered)
      return gathered
    },
  }
}
