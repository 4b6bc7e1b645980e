/** Announced; signing; or only still good for checking what it has signed. */
export type KeyState = 'next' | 'current' | 'previous'

/** A signing key without the key. */
export interface KeyRecord {
  readonly kid: string
  readonly state: KeyState
  readonly createdAt: Date
  /** When a next key is to sign. */
  readonly promoteAt?: Date
  readonly promotedAt?: Date
  readonly retiredAt?: Date
}

/** How long keys sign, and how long they are published before and after, in days. */
export interface RotationPolicy {
  readonly rotationDays: number
  readonly publishAheadDays: number
  readonly keepAfterDays: number
}

/** What is to happen to the keys of one algorithm. */
export interface Change {
  /** A new key, in this state. One that signs at once retires the one before. */
  readonly make?: Exclude<KeyState, 'previous'>
  /** The next key signs from now on. */
  readonly promote?: boolean
  /** The next key signs no later than this. */
  readonly hasten?: Date
  /** Nothing is signed with this algorithm any more. */
  readonly retire?: boolean
  /** The ids of those that are of no use any more. */
  readonly remove?: readonly string[]
}

const DAY_MS = 86_400_000
const later = (date: Date, days: number) => new Date(date.getTime() + days * DAY_MS)
const find = (keys: readonly KeyRecord[], state: KeyState) => keys.find((key) => key.state === state)

/** When a key reaches its next state: a next one signs, a current one is followed, a previous one is removed. */
export function dueAt(key: KeyRecord, { rotationDays, publishAheadDays, keepAfterDays }: RotationPolicy): Date {
  if (key.state === 'next') return key.promoteAt ?? later(key.createdAt, publishAheadDays)
  if (key.state === 'current') return later(key.promotedAt ?? key.createdAt, rotationDays)
  return later(key.retiredAt ?? key.createdAt, keepAfterDays)
}

/** What the calendar asks for now. A key that nobody has announced never signs, however late it is. */
export function planSchedule(keys: readonly KeyRecord[], now: Date, policy: RotationPolicy): Change {
  const [current, next] = [find(keys, 'current'), find(keys, 'next')]
  const isDue = (key: KeyRecord) => dueAt(key, policy) <= now
  const remove = keys.filter((key) => key.state === 'previous' && isDue(key)).map(({ kid }) => kid)
  if (!current) return { make: 'current', remove }
  if (next) return { promote: isDue(next), remove }
  return later(now, policy.publishAheadDays) >= dueAt(current, policy) ? { make: 'next', remove } : { remove }
}

/** What the calendar asks for where the algorithm is no longer used. */
export function planFarewell(keys: readonly KeyRecord[], now: Date, policy: RotationPolicy): Change {
  const { remove = [] } = planSchedule(keys, now, policy)
  return { retire: true, remove }
}

/** The next key signs at once, or a new one where none was announced. */
const succession = (keys: readonly KeyRecord[]): Change =>
  find(keys, 'next') ? { promote: true } : { make: 'current' }

/** What somebody asks for who will not wait for the calendar: to change at once, or as soon as apps can know. */
export function planRotation(
  keys: readonly KeyRecord[],
  now: Date,
  { policy, isImmediate }: { policy: RotationPolicy; isImmediate: boolean },
): Change {
  const next = find(keys, 'next')
  if (isImmediate) return succession(keys)
  if (!next) return { make: 'next', hasten: now }
  const announced = later(next.createdAt, policy.publishAheadDays)
  return dueAt(next, policy) > announced ? { hasten: announced } : {}
}

/** What somebody asks for when a key is known to others: it is gone at once. */
export function planRevocation(keys: readonly KeyRecord[], kid: string): Change {
  const key = keys.find((each) => each.kid === kid)
  if (!key) return {}
  return { ...(key.state === 'current' ? succession(keys) : {}), remove: [kid] }
}

/** The keys after a change. `kid` is the id of the key that the change asks for, if it does. */
export function applyChange(
  keys: readonly KeyRecord[],
  change: Change,
  { now, kid = '', policy }: { now: Date; kid?: string | undefined; policy: RotationPolicy },
): KeyRecord[] {
  const current = find(keys, 'current')
  const isReplaced = change.promote || change.retire || change.make === 'current'
  const kept = keys
    .filter((key) => !change.remove?.includes(key.kid) && !(change.retire && key.state === 'next'))
    .map((key): KeyRecord => {
      if (key.state === 'current' && isReplaced) return { ...key, state: 'previous', retiredAt: now }
      if (key.state !== 'next') return key
      if (change.promote) return { ...key, state: 'current', promotedAt: now }
      return change.hasten ? { ...key, promoteAt: change.hasten } : key
    })
  if (change.make === 'current') return [...kept, { kid, state: 'current', createdAt: now, promotedAt: now }]
  if (change.make !== 'next') return kept
  const announced = later(now, policy.publishAheadDays)
  const planned = change.hasten ?? (current ? dueAt(current, policy) : now)
  const promoteAt = new Date(Math.max(planned.getTime(), announced.getTime()))
  return [...kept, { kid, state: 'next', createdAt: now, promoteAt }]
}
