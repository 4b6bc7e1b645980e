import type { Connection } from 'mongoose'
import type { Config } from './config/index.ts'
import { createLimiter } from './platform/limiter.ts'
import type { SendLimiters, SignInLimiters } from './sign-in/index.ts'

const anHour = { windowSeconds: 60 * 60 }
const aDay = { windowSeconds: 24 * 60 * 60 }

/** What is counted at sign-in: failed proofs, and messages. */
export function openSignInLimiters(
  { signIn }: Config,
  connection: Connection,
): { readonly limiters: SignInLimiters; readonly sending: SendLimiters } {
  const { windowSeconds, failuresPerAddress, failuresPerIdentifier } = signIn.limits
  const { secondStepFailuresPerDay, messagesPerAddress } = signIn.limits
  return {
    limiters: {
      byIdentifier: createLimiter({ connection, name: 'identifier', points: failuresPerIdentifier, windowSeconds }),
      byAddress: createLimiter({ connection, name: 'address', points: failuresPerAddress, windowSeconds }),
      bySecondStep: createLimiter({ connection, name: 'second-step', points: secondStepFailuresPerDay, ...aDay }),
    },
    sending: {
      byAddress: createLimiter({ connection, name: 'send-address', points: messagesPerAddress, ...anHour }),
      forMethod: (method, limit) => createLimiter({ connection, name: `send-${method}`, ...limit }),
    },
  }
}
