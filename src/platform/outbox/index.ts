// The outbox: what has to reach somebody else's server, kept until it did. Sends at least once, also when this process
// or the other side stops; any number of processes may work on it. Knows nothing of what is sent, or how.

export { createOutbox, type Outbox, type OutboxDependencies, type OutboxOutcome } from './outbox.ts'
export type { Patience } from './patience.ts'
export type { Worker } from './worker.ts'
