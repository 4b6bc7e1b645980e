/** Something that happened to an account. */
export interface Happening {
  /** When; now, unless said. */
  readonly at?: Date | undefined
  /** The address that it was done from. */
  readonly address?: string | undefined
}

/** Which credential it happened to. */
export interface Credential {
  /** Its sign-in method; the text `methods.<method>` names it. */
  readonly method: string
  /** What its owner calls it. */
  readonly label?: string | undefined
}

/** What proves that somebody reads this mailbox. */
export interface Proof {
  readonly link: string
  /** For typing where one started, when the mail is read elsewhere. */
  readonly code?: string | undefined
  /** The mail is not sent later than this. */
  readonly expiresAt: Date
}

/** Every notice there is, and what it has to be given. A new one adds a line here, one below, and its texts. */
export interface NoticeDetails {
  readonly passwordSet: Happening
  readonly passwordChanged: Happening
  readonly credentialAdded: Happening & Credential
  readonly credentialRemoved: Happening & Credential
  /** `label` is the new name. */
  readonly credentialRenamed: Happening & Credential
  /** `left`: how many codes are left. */
  readonly recoveryCodeUsed: Happening & { readonly left: number }
  readonly browserTrusted: Happening
  /** For the old address. The link undoes it. */
  readonly emailChanged: Happening & { readonly newEmail: string } & Omit<Proof, 'code'>
  /** For the new address, which is not the account's yet. */
  readonly emailChangeProof: Proof
  readonly emailVerification: Proof
  /** Somebody has an account that was made for them. The link leads to choosing its first password. */
  readonly welcome: Omit<Proof, 'code'>
  /** Somebody may make an account. The link leads to where they begin. */
  readonly invitation: Omit<Proof, 'code'>
  /** Somebody wants to make an account with an address that has one. The link leads to signing in. */
  readonly accountExists: { readonly link: string }
  readonly signInLink: Proof
  readonly passwordReset: Proof
  readonly test: Readonly<Record<string, never>>
}

/** The name of a notice; its texts are `mail.<name>`. */
export type NoticeName = keyof NoticeDetails

/** Why people get each: something changed, or somebody asked for it. This picks the texts that they share. */
export const occasions: Readonly<Record<NoticeName, 'change' | 'asked'>> = {
  passwordSet: 'change',
  passwordChanged: 'change',
  credentialAdded: 'change',
  credentialRemoved: 'change',
  credentialRenamed: 'change',
  recoveryCodeUsed: 'change',
  browserTrusted: 'change',
  emailChanged: 'change',
  emailChangeProof: 'asked',
  emailVerification: 'asked',
  welcome: 'asked',
  invitation: 'asked',
  accountExists: 'asked',
  signInLink: 'asked',
  passwordReset: 'asked',
  test: 'asked',
}
