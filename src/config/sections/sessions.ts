import { z } from 'zod'

/** What a browser keeps of whoever signs in with it. */
export const sessions = z.strictObject({
  rememberedAccounts: z
    .int()
    .min(0)
    .max(5)
    .describe('Accounts that a browser remembers, to choose one by a click and then prove it. 0: none.'),
})
