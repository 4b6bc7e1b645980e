import { z } from 'zod'

/** What a browser keeps of whoever signs in with it. */
export const sessions = z.strictObject({
  rememberedAccounts: z
    .int()
    .min(0)
    .max(5)
    .describe('Accounts that a browser remembers, to choose one by a click and then prove it. 0: none.'),
  keepSignedIn: z
    .strictObject({
      isOffered: z.boolean().describe('Whether people may stay signed in when they close their browser.'),
      days: z.int().min(1).max(30).describe('How many days they stay signed in at most.'),
      idleDays: z.int().min(1).max(30).describe('How many days such a session lasts without being used.'),
    })
    .refine(({ days, idleDays }) => idleDays <= days, { path: ['idleDays'], error: 'must not be more than days' }),
  trustedDevices: z.strictObject({
    areOffered: z
      .boolean()
      .describe(
        'Whether people may trust a browser, so that their own second factor is not asked for in it again. Apps, APIs, roles and organizations that want two factors still get them.',
      ),
    days: z.int().min(1).max(90).describe('How many days a browser is trusted.'),
  }),
})
