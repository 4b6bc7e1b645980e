import { z } from 'zod'

/** How much is kept of what happened. */
export const audit = z.strictObject({
  anonymousPerMinute: z
    .int()
    .min(1)
    .max(1_000_000)
    .describe(
      'Refusals of one kind that are written down one by one in a minute, for one address of the net (IPv6: one /64) without an account; more are counted, and their number is.',
    ),
  keepDays: z.int().min(0).max(36_500).describe('How many days an event stays in the audit trail. 0: for ever.'),
})
