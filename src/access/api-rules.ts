import { z } from 'zod'

/** Scope values that mean something of their own, at whichever API. */
const RESERVED = new Set(['openid', 'profile', 'email', 'address', 'phone', 'offline_access', 'roles', 'organizations'])
const MAX_PERMISSIONS = 200
const YEAR_SECONDS = 31_536_000

/** Begins the scope value by which an app says which organization somebody acts for: `organization:<id>`. */
export const ORGANIZATION_SCOPE = 'organization:'

const isAudience = (text: string) => /^[a-z][a-z0-9+.-]*:\S+$/i.test(text) && !text.includes('#') && URL.canParse(text)
const isPermission = (text: string) =>
  // RFC 6749 section 3.3, and neither the wildcard of roles nor a word that is taken.
  /^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/.test(text) &&
  text !== '*' &&
  !RESERVED.has(text) &&
  !text.startsWith(ORGANIZATION_SCOPE)
const isDistinct = (list: readonly { readonly name: string }[]) =>
  new Set(list.map(({ name }) => name)).size === list.length

/** An API as it is registered. */
export const apiSchema = z.strictObject({
  identifier: z.string().max(500).refine(isAudience, 'must be an absolute URI without a fragment'),
  name: z.string().trim().min(1).max(100),
  permissions: z
    .array(
      z.strictObject({
        name: z.string().refine(isPermission, 'must be a scope value of its own (RFC 6749 section 3.3)'),
        title: z.string().trim().min(1).max(200),
      }),
    )
    .max(MAX_PERMISSIONS)
    .refine(isDistinct, 'must not name a permission twice'),
  accessTokenSeconds: z.int().min(1).max(YEAR_SECONDS).optional(),
  minimumAcr: z.string().min(1).max(500).optional(),
  isRestricted: z.boolean().default(false),
  resourceServers: z.array(z.string().min(1).max(500)).max(20).default([]),
})
