import { z } from 'zod'

const acrs = z
  .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'must have no spaces, quotes or backslashes'))
  .min(1)

/** The table of authentication context classes, and when a second factor is asked for. */
export const assurance = z.strictObject({
  oneFactor: acrs.describe('`acr` values for a sign-in with one factor, whichever. The first is told to apps.'),
  twoFactor: acrs.describe('`acr` values for a sign-in with two different factors.'),
  phishingResistant: acrs.describe('`acr` values for two factors of which one cannot be phished: a passkey.'),
  secondFactor: z
    .enum(['never', 'when-enrolled', 'always'])
    .describe(
      'Whether a second factor is asked for: `never` (unless an app or role wants it), `when-enrolled` (the account has one) or `always`.',
    ),
  secondFactorRoles: z
    .array(z.string())
    .describe('Roles that always need a second factor; whoever has none adds one while signing in.'),
})
