/** What an API lets somebody do, as it is granted and consented to. */
export interface Permission {
  /** The scope value (RFC 6749 section 3.3), by convention `verb:things`. */
  readonly name: string
  /** What it means, for the person who is asked. */
  readonly title: string
}

/** An API and every permission it knows. Access tokens are made out to one API (RFC 8707). */
export interface Api {
  /** An absolute URI without a fragment: the audience of its tokens. */
  readonly identifier: string
  readonly name: string
  readonly permissions: readonly Permission[]
  /** How long its access tokens are good, where that differs from the rest. */
  readonly accessTokenSeconds?: number | undefined
  /** The `acr` that the sign-in behind each of its tokens has to reach. */
  readonly minimumAcr?: string | undefined
  /** The clients by which the API itself asks about tokens that were made out to it (RFC 7662). */
  readonly resourceServers: readonly string[]
  /** Whether only clients that were allowed its permissions by name may ask for it. */
  readonly isRestricted: boolean
}

/** The role that makes somebody an administrator of this installation. The link of a first start gives it. */
export const ADMINISTRATOR = 'admin'
/** Who may do this can give themselves whatever else there is to do. */
export const ADMINISTRATION = 'write:roles'

/** Stands for every permission of an API, in a role. */
export const EVERY_PERMISSION = '*'

/** What can be done to this installation by its own API and pages. */
const own = {
  'read:accounts': 'See accounts',
  'write:accounts': 'Change, suspend and close accounts',
  'read:clients': 'See registered apps',
  'write:clients': 'Register, change and delete apps',
  'read:roles': 'See roles, APIs and organizations',
  'write:roles': 'Change roles, APIs and organizations, and who has them',
  'read:keys': 'See signing keys',
  'write:keys': 'Rotate signing keys',
  'read:audit': 'Read the audit trail',
} as const

/** How Gatehouse's own API is called, at this issuer. */
export const ownIdentifier = (issuer: string): string => `${issuer}/api`

/** Gatehouse's own API, at this issuer. Not every app that registers may ask an administrator for the keys of the house. */
export function ownApi(issuer: string): Omit<Api, 'resourceServers'> {
  return {
    identifier: ownIdentifier(issuer),
    name: 'Gatehouse',
    isRestricted: true,
    permissions: Object.entries(own).map(([name, title]) => ({ name, title })),
  }
}
