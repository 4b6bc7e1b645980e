/** Who may make an account by themselves. */
export interface RegistrationPolicy {
  readonly isOpen: boolean
  /** Whether only invited addresses may. */
  readonly needsInvitation: boolean
  /** Domains of e-mail addresses, each with everything below it. None: any. */
  readonly allowedDomains: readonly string[]
}

/** Whether this (normalised) address may register. */
export function isWelcome(identifier: string, { allowedDomains }: RegistrationPolicy): boolean {
  const domain = identifier.slice(identifier.lastIndexOf('@') + 1)
  return (
    allowedDomains.length === 0 ||
    allowedDomains.some((allowed) => domain === allowed || domain.endsWith(`.${allowed}`))
  )
}
