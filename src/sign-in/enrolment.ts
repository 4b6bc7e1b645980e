import type { Model } from 'mongoose'
import type { Account } from '../accounts/index.ts'
import type { Audit, Origin } from '../audit/index.ts'
import { Refusal } from '../platform/refusal.ts'
import type { Sealer } from '../platform/seal.ts'
import type { Credential, Credentials, NewCredential } from './credentials.ts'
import type { Confirmation, EnrollableMethod, EnrolmentChallenge } from './enrollable.ts'
import type { EnrolmentDocument } from './enrolment.model.ts'
import type { Choice, Strength } from './method.ts'
import { createPending } from './pending-enrolments.ts'
import { refusals } from './refusals.ts'
import type { ReserveSend } from './sending.ts'

const MAX_NAME_LENGTH = 100

/** What the owner of an account, and the trail, are told. */
export type CredentialChange = 'added' | 'removed' | 'renamed'

/** Which credential was changed, and what it is called now. */
export interface ChangedCredential {
  readonly method: string
  readonly label?: string | undefined
}

/** A credential as pages show it. */
export interface PresentedCredential {
  readonly id: string
  readonly method: string
  readonly name?: string | undefined
  readonly createdAt: Date
  readonly lastUsedAt?: Date | undefined
  readonly details: Readonly<Record<string, unknown>>
}

/** What came of confirming a new credential. */
export type EnrolmentOutcome =
  | {
      readonly outcome: 'added'
      readonly credential: PresentedCredential
      readonly strength: Strength
      readonly shown?: Readonly<Record<string, unknown>> | undefined
    }
  | { readonly outcome: 'failed'; readonly reason: string }
  /** Too many wrong tries, or it took too long: it has to be started again. */
  | { readonly outcome: 'expired' }

/** What came of checking a new credential: it is kept by whoever asked for the check, once. */
export type CheckedEnrolment =
  | Exclude<EnrolmentOutcome, { readonly outcome: 'added' }>
  | {
      readonly outcome: 'checked'
      readonly strength: Strength
      /** Adds it to the account, which may have been made since. */
      keep(account: Account): Promise<EnrolmentOutcome>
    }

/** Who adds or changes a credential, and where the request came from. */
export interface EnrolmentRequest {
  readonly account: Account
  readonly method: string
  readonly origin: Origin
  readonly locale?: string | undefined
  /** Names the session in which it is added. */
  readonly session?: string | undefined
  /** Where people come back to from another site. */
  readonly returnUrl?: string | undefined
  /** It was offered, not asked for: see `shortcut.ts`. */
  readonly isShortcut?: boolean
}

/** Adding, renaming and removing credentials, of whichever method. Used by account pages and by sign-ins that need one more. */
export interface Enrolment {
  /** The methods that people can add, in order. */
  readonly methods: readonly string[]
  list(accountId: string): Promise<readonly PresentedCredential[]>
  /** What the owner's browser is told of all credentials of a method; undefined where there is nothing to tell. */
  signalled(account: Account, method: string): Promise<Readonly<Record<string, unknown>> | undefined>
  /** The field that this method asks for before it can begin. @throws Refusal `enrolment.method_unknown` */
  asks(method: string): string | undefined
  /** What it is offered as, where that is more than one thing. @throws Refusal `enrolment.method_unknown` */
  choices(method: string): readonly Choice[] | undefined
  /**
   * Starts adding one; what was started before is replaced.
   * @returns undefined when something has to be filled in first
   * @throws Refusal `enrolment.method_unknown`, `enrolment.limited`, or the method's own
   */
  begin(request: EnrolmentRequest, input: Readonly<Record<string, unknown>>): Promise<EnrolmentChallenge | undefined>
  /** What waits to be confirmed. */
  findPending(accountId: string, method: string): Promise<EnrolmentChallenge | undefined>
  /** Forgets what waits. */
  cancel(accountId: string, method: string): Promise<void>
  /**
   * Checks a new credential and uses up what was started for it, without keeping it yet: for an account that is only made
   * when this holds. @throws Refusal `enrolment.method_unknown`, `enrolment.form_invalid`
   */
  check(request: EnrolmentRequest, body: unknown): Promise<CheckedEnrolment>
  /** Checks and adds it. @throws Refusal `enrolment.method_unknown`, `enrolment.form_invalid` */
  confirm(request: EnrolmentRequest, body: unknown): Promise<EnrolmentOutcome>
  /** @throws Refusal `enrolment.credential_unknown`, `enrolment.name_invalid` */
  rename(request: EnrolmentRequest, id: string, name: string): Promise<void>
  /**
   * Keeps a credential that was proved on the way: of somebody who came from elsewhere, say.
   * @returns false when it belongs to another account already
   */
  keep(request: EnrolmentRequest, credential: NewCredential): Promise<boolean>
  /** @throws Refusal `enrolment.credential_unknown`, `enrolment.last_way` */
  remove(request: EnrolmentRequest, id: string): Promise<void>
}

interface Dependencies {
  readonly model: Model<EnrolmentDocument>
  readonly sealer: Sealer
  readonly credentials: Credentials
  readonly audit: Audit
  readonly enrollable: readonly EnrollableMethod[]
  readonly reserveSend: ReserveSend
  /** Whether this account can be signed in to, by something that comes first. */
  readonly hasWayIn: (account: Account) => Promise<boolean>
  /** Tells the owner by another channel (NIST SP 800-63B-4 section 4.1.2.1). */
  readonly onChanged: (
    account: Account,
    change: CredentialChange,
    which: ChangedCredential,
    origin: Origin,
  ) => Promise<void>
}

type Confirmed = Extract<Confirmation, { isConfirmed: true }>

/** Adding, renaming and removing credentials with these methods. */
export function createEnrolment(deps: Dependencies): Enrolment {
  const { credentials, audit, enrollable, reserveSend, hasWayIn, onChanged } = deps
  const pending = createPending(deps)
  const get = (name: string) => {
    const method = enrollable.find((candidate) => candidate.name === name)
    if (!method) throw refusals.enrolmentUnknown()
    return method
  }
  const contextOf = async (request: EnrolmentRequest) => {
    const { account, method, locale, session, returnUrl, origin, isShortcut = false } = request
    return {
      account,
      existing: await credentials.list(account.id, method),
      locale,
      session,
      returnUrl,
      isShortcut,
      async reserveSend() {
        // Counted apart from sign-ins: whoever has just added something may use it at once.
        const seconds = await reserveSend(method, { whom: `enrolment:${account.id}`, address: origin.address })
        if (seconds > 0) throw refusals.enrolmentLimited(seconds)
      },
    }
  }
  const present = (credential: Credential): PresentedCredential => {
    const { id, method, name, createdAt, lastUsedAt } = credential
    return { id, method, name, createdAt, lastUsedAt, details: get(method).present(credential) }
  }
  const tell = async ({ account, method, origin }: EnrolmentRequest, change: CredentialChange, changed: Credential) => {
    const via = get(method).viaOf?.(changed)
    await audit.record(`credential.${change}`, { accountId: account.id, origin }, { method, via })
    await onChanged(account, change, { method, label: changed.name }, origin)
  }

  const refuse = async <O>({ account, method, origin }: EnrolmentRequest, reason: string, outcome: O): Promise<O> => {
    await audit.record('credential.refused', { accountId: account.id, origin }, { method, reason })
    return outcome
  }
  const keep = async (request: EnrolmentRequest, confirmation: Confirmed): Promise<EnrolmentOutcome> => {
    const { account, method } = request
    if (get(method).isSingle) await credentials.removeAll(account.id, method)
    const added = await credentials.add(account.id, method, confirmation.credential)
    if (!added) return refuse(request, 'taken', { outcome: 'failed', reason: 'taken' })
    await tell(request, 'added', added)
    const { strength, shown } = confirmation
    return { outcome: 'added', credential: present(added), strength, shown }
  }
  const check = async (request: EnrolmentRequest, body: unknown): Promise<CheckedEnrolment> => {
    const { account, method: name } = request
    const method = get(name)
    const input = parse(method, body)
    const taken = await pending.takeTry(account.id, name)
    if (!taken) return refuse(request, 'expired', { outcome: 'expired' })
    const confirmation = await method.confirm(await contextOf(request), input, taken.state)
    if (!confirmation.isConfirmed) {
      const { reason } = confirmation
      // Of what another site answers the reason is told: there is no second try, and nothing to be typed.
      const isOver = taken.triesLeft <= 0 && !method.choices
      return refuse(request, reason, isOver ? { outcome: 'expired' } : { outcome: 'failed', reason })
    }
    // Burn first: of two confirmations at once, one adds a credential.
    if (!(await pending.useUp(account.id, name, taken.nonce))) return { outcome: 'expired' }
    const { strength } = confirmation
    return { outcome: 'checked', strength, keep: (owner) => keep({ ...request, account: owner }, confirmation) }
  }

  return {
    methods: enrollable.map(({ name }) => name),
    async list(accountId) {
      const all = await credentials.list(accountId)
      return all.filter(({ method }) => enrollable.some(({ name }) => name === method)).map(present)
    },
    async signalled(account, method) {
      const { signalled } = get(method)
      return signalled?.({ account, existing: await credentials.list(account.id, method) })
    },
    async begin(request, input) {
      const { account, method: name } = request
      const method = get(name)
      if (method.asks !== undefined && !(method.asks in input)) {
        await pending.cancel(account.id, name)
        return undefined
      }
      try {
        const begun = await method.begin(await contextOf(request), input)
        await pending.keep(account.id, name, begun)
        return begun.challenge
      } catch (error) {
        throw error instanceof Refusal ? await refuse(request, error.code, error) : error
      }
    },
    asks: (name) => get(name).asks,
    choices: (name) => get(name).choices,
    findPending: pending.find,
    cancel: pending.cancel,

    check,
    async confirm(request, body) {
      const checked = await check(request, body)
      return checked.outcome === 'checked' ? checked.keep(request.account) : checked
    },

    async rename(request, id, name) {
      const shown = name.normalize('NFC').trim()
      if (shown === '' || shown.length > MAX_NAME_LENGTH || /\p{Cc}/u.test(shown)) throw refusals.credentialName()
      const renamed = await credentials.rename(request.account.id, id, shown)
      if (!renamed) throw refusals.credentialUnknown()
      await tell(request, 'renamed', renamed)
    },
    async keep(request, credential) {
      const added = await credentials.add(request.account.id, request.method, credential)
      if (added) await tell(request, 'added', added)
      return added !== undefined
    },
    async remove(request, id) {
      const { account, method, origin } = request
      get(method)
      const removed = await credentials.remove(account.id, id)
      if (!removed) throw refusals.credentialUnknown()
      // Looked at when it is gone: of two that are removed at once, one at least is put back.
      if (!(await hasWayIn(account))) {
        await credentials.restore(removed)
        const refusal = refusals.lastWay()
        await audit.record('credential.refused', { accountId: account.id, origin }, { method, reason: refusal.code })
        throw refusal
      }
      await tell(request, 'removed', removed)
    },
  }
}

function parse(method: EnrollableMethod, body: unknown): unknown {
  try {
    return method.parse(body)
  } catch (error) {
    throw refusals.formInvalid(error)
  }
}
