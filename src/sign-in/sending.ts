import { limitKey } from '../platform/address.ts'
import type { Limiter } from '../platform/limiter.ts'
import type { SendLimit } from './method.ts'

/** How often messages may be sent. */
export interface SendLimiters {
  /** A limiter for this method with its own limit. */
  readonly forMethod: (method: string, limit: { points: number; windowSeconds: number }) => Limiter
  readonly byAddress: Limiter
}

/** Whom a message is for, and where it is asked for. */
export interface SendRequest {
  /** An account, or an identifier that may have none. */
  readonly whom: string
  readonly address: string | undefined
}

/** Takes the right to send one message. @returns for how many seconds it may not be sent, 0 when it may */
export type ReserveSend = (method: string, request: SendRequest) => Promise<number>

/** The limits of what sends something: per address, then per person, whether or not there is an account. */
export function createSendLimits(
  sending: SendLimiters,
  senders: readonly { readonly name: string; readonly sendLimit?: SendLimit }[],
): ReserveSend {
  const limiters = new Map<string, readonly Limiter[]>()
  for (const { name, sendLimit } of senders) {
    if (!sendLimit || limiters.has(name)) continue
    const { coolDownSeconds, ...limit } = sendLimit
    const coolDown = coolDownSeconds
      ? [sending.forMethod(`${name}-again`, { points: 1, windowSeconds: coolDownSeconds })]
      : []
    limiters.set(name, [...coolDown, sending.forMethod(name, limit)])
  }

  return async (method, { whom, address }) => {
    const ofMethod = limiters.get(method)
    if (!ofMethod) return 0
    const keyed = [
      [sending.byAddress, limitKey(address ?? '')] as const,
      ...ofMethod.map((each) => [each, whom] as const),
    ]
    for (const [limiter, key] of keyed) {
      const { isAllowed, retryAfterSeconds } = await limiter.reserve(key)
      if (!isAllowed) return retryAfterSeconds
    }
    return 0
  }
}
