import type { Account } from '../accounts/index.ts'
import type { Credential, NewCredential } from './credentials.ts'
import type { Choice, SendLimit, Strength } from './method.ts'

/** What a person sees while adding a credential. */
export interface EnrolmentChallenge {
  readonly data: Readonly<Record<string, unknown>>
  /** Another site, where it goes on. Whoever comes back from there brings what is confirmed. */
  readonly url?: string
}

/** A credential that is about to be added. */
export interface BegunEnrolment<State> {
  readonly challenge: EnrolmentChallenge
  readonly state: State
  /** Wrong confirmations that are allowed; 5 unless it says otherwise. */
  readonly tries?: number
  /** 10 minutes unless it says otherwise. */
  readonly expiresInSeconds?: number
}

/** What came of confirming. */
export type Confirmation =
  | {
      readonly isConfirmed: true
      readonly credential: NewCredential
      /** What was proved by confirming, for a sign-in that waits for it. */
      readonly strength: Strength
      /** Shown this once: recovery codes, say. */
      readonly shown?: Readonly<Record<string, unknown>> | undefined
    }
  | { readonly isConfirmed: false; readonly reason: string }

/** What the room can do for an enrollable method. */
export interface EnrolmentContext {
  readonly account: Account
  /** What the account has of this method already. */
  readonly existing: readonly Credential[]
  readonly locale?: string | undefined
  /** Names the session in which it is added. */
  readonly session?: string | undefined
  /** Where people come back to from another site. */
  readonly returnUrl?: string | undefined
  /** It was offered after a password was proved just now, and not asked for. */
  readonly isShortcut: boolean
  /** Called before something is sent: takes one of the messages that may be. @throws Refusal `enrolment.limited` */
  reserveSend(): Promise<void>
}

/** The other half of a method whose credentials people add by themselves; same name, same folder. */
export interface EnrollableMethod<Input = unknown, State = unknown> {
  readonly name: string
  /** What a credential of it can prove at best. */
  readonly proves: Strength
  /** A spare for other methods (recovery codes): having it alone asks for nothing at sign-in. */
  readonly isBackup?: boolean
  /** Whether confirming replaces what was there before. */
  readonly isSingle?: boolean
  /**
   * The field that has to be filled in before it can begin (a phone number, say), on `views/enrol/<method>-start.eta`.
   * A refusal by `begin` of status 422 is about this field.
   */
  readonly asks?: string
  /** What it is offered as, where that is more than one thing. */
  readonly choices?: readonly Choice[]
  /** Set where `begin` sends something: how often for one account. */
  readonly sendLimit?: SendLimit
  /** Starts adding one: makes what has to be shown. @throws Refusal when this cannot be added now */
  begin(context: EnrolmentContext, input: unknown): Promise<BegunEnrolment<State>>
  /** Reads the submitted form. @throws ZodError when it is not of the right form */
  parse(body: unknown): Input
  /** Checks that the person holds what they add. */
  confirm(context: EnrolmentContext, input: Input, state: State): Promise<Confirmation>
  /** What may be shown of a credential; never a secret. */
  present(credential: Credential): Readonly<Record<string, unknown>>
  /** Which of the choices a credential is of, for the trail. */
  viaOf?(credential: Credential): string
  /** What the owner's browser is told of all of them, on the page that lists them. */
  signalled?(context: Pick<EnrolmentContext, 'account' | 'existing'>): Readonly<Record<string, unknown>>
}
