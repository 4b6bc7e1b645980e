import { limitKey } from '../platform/address.ts'
import type { Limiter } from '../platform/limiter.ts'

/** The limiters of mails that prove mailboxes. */
export interface MailLimiters {
  /** Of one address of the net (IPv6: one /64), whomever they are for. */
  readonly byAddress: Limiter
  /** Of one identifier and one address of the net together. */
  readonly byPair: Limiter
  /** Of one identifier, wherever it is asked from: what one mailbox gets at most. */
  readonly byIdentifier: Limiter
}

/** How long to wait before another mail may be asked for, in seconds; 0 when it may. */
export interface MailLimits {
  readonly reserve: (identifier: string, address: string | undefined) => Promise<number>
}

/**
 * The limits of these mails. The narrowest comes first: whoever is stopped by it must not use up what the owner of the
 * identifier, who comes from elsewhere, still has.
 */
export function createMailLimits({ byAddress, byPair, byIdentifier }: MailLimiters): MailLimits {
  return {
    async reserve(identifier, address) {
      const from = limitKey(address ?? '')
      for (const [limiter, key] of [
        [byAddress, from],
        [byPair, `${identifier} ${from}`],
        [byIdentifier, identifier],
      ] as const) {
        const { isAllowed, retryAfterSeconds } = await limiter.reserve(key)
        if (!isAllowed) return retryAfterSeconds
      }
      return 0
    },
  }
}
