import { z } from 'zod'

const method = z.string().max(40)
/** Which of a method's choices: a provider. */
const via = z.string().max(40).optional()
const error = z.string().max(200)
const text = z.string().max(500)
const signingKey = z.strictObject({
  kid: text,
  alg: text,
  state: z.enum(['next', 'current', 'previous']).optional(),
  via: z.enum(['start', 'schedule', 'cli', 'revocation']),
})

/**
 * The catalogue: every event that can be recorded and the exact shape of its detail. Names are `noun.past`.
 * A detail never holds a secret, a token, a code or what a person typed; identifiers of unknown people are hashed.
 */
export const events = {
  'account.created': z.strictObject({
    via: z.enum(['cli', 'invitation', 'seed', 'registration', 'upstream']),
    roles: z.array(z.string()),
  }),
  'account.role_added': z.strictObject({ role: text }),
  'account.role_removed': z.strictObject({ role: text }),
  'account.suspended': z.strictObject({ reason: text.optional() }),
  'account.reactivated': z.strictObject({}),
  'account.closed': z.strictObject({}),
  'api.created': z.strictObject({ api: text }),
  'api.updated': z.strictObject({ api: text }),
  'api.deleted': z.strictObject({ api: text }),
  'role.created': z.strictObject({ role: text }),
  'role.updated': z.strictObject({ role: text }),
  'role.deleted': z.strictObject({ role: text }),
  'organization.created': z.strictObject({ organizationId: text, name: text }),
  'organization.updated': z.strictObject({
    organizationId: text,
    name: text.optional(),
    needsSecondFactor: z.boolean().optional(),
  }),
  'organization.deleted': z.strictObject({ organizationId: text }),
  'organization.provider_set': z.strictObject({
    organizationId: text,
    provider: text.optional(),
    domains: z.array(text),
  }),
  'organization.member_added': z.strictObject({ organizationId: text, roles: z.array(text) }),
  'organization.member_role_removed': z.strictObject({ organizationId: text, role: text }),
  'organization.member_removed': z.strictObject({ organizationId: text }),
  'password.breach_unchecked': z.strictObject({ reason: text }),
  'account.email_verified': z.strictObject({}),
  'account.email_changed': z.strictObject({}),
  'account.email_change_started': z.strictObject({}),
  'account.email_change_refused': z.strictObject({ reason: text }),
  'account.email_restored': z.strictObject({}),
  'mailbox.proved': z.strictObject({ purpose: text, by: z.enum(['link', 'code']) }),
  'mailbox.refused': z.strictObject({ reason: text }),
  'registration.started': z.strictObject({ identifierHash: z.string() }),
  'registration.invited': z.strictObject({ roles: z.array(text) }),
  'registration.invitation_role_removed': z.strictObject({ role: text }),
  'registration.invitation_withdrawn': z.strictObject({}),
  'registration.refused': z.strictObject({ reason: text }),
  'password_reset.requested': z.strictObject({ identifierHash: z.string().optional() }),
  'password_reset.limited': z.strictObject({ identifierHash: z.string() }),
  'password_reset.refused': z.strictObject({ reason: text }),
  'password.set': z.strictObject({ via: z.enum(['cli', 'invitation', 'rehash', 'registration', 'reset', 'change']) }),
  'invitation.issued': z.strictObject({ purpose: text }),
  'invitation.accepted': z.strictObject({ purpose: text }),
  'invitation.refused': z.strictObject({ reason: text }),
  'sign_in.started': z.strictObject({ reasons: z.array(text) }),
  'sign_in.succeeded': z.strictObject({ amr: z.array(z.string()), acr: text }),
  'sign_in.proved': z.strictObject({ method, via, amr: z.array(z.string()), risk: text.optional() }),
  'sign_in.failed': z.strictObject({ method, via, reason: text, identifierHash: z.string().optional() }),
  // Somebody proved elsewhere who they are, and is nobody here yet.
  'sign_in.newcomer_arrived': z.strictObject({ method, via }),
  'sign_in.limited': z.strictObject({
    method,
    by: z.enum(['identifier', 'address', 'second_step', 'sending']),
    identifierHash: z.string().optional(),
  }),
  'sign_in.deferred': z.strictObject({ method, retryAfterSeconds: z.number().int() }),
  'sign_in.refused': z.strictObject({ reason: text }),
  'sign_in.session_lost': z.strictObject({}),
  'sign_in.aborted': z.strictObject({}),
  'trusted_device.added': z.strictObject({ days: z.int() }),
  'trusted_device.used': z.strictObject({}),
  'trusted_device.revoked': z.strictObject({ reason: text }),
  'credential.added': z.strictObject({ method, via }),
  'credential.removed': z.strictObject({ method, via }),
  'credential.renamed': z.strictObject({ method, via }),
  'credential.offer_declined': z.strictObject({ method }),
  'credential.refused': z.strictObject({ method, reason: text }),
  'consent.granted': z.strictObject({ scopes: z.array(text), isRemembered: z.boolean() }),
  'consent.denied': z.strictObject({ scopes: z.array(text) }),
  'authorization.granted': z.strictObject({ scopes: z.array(text), responseMode: text.optional() }),
  'authorization.refused': z.strictObject({ error, description: text.optional() }),
  'token.issued': z.strictObject({ grantType: text, scopes: z.array(text), audience: text.optional() }),
  'token.refused': z.strictObject({ grantType: text, error, description: text.optional() }),
  'token.revoked': z.strictObject({ kind: text }),
  // The event's own address is where it was presented again.
  'token.reused': z.strictObject({
    kind: text,
    grantId: text.optional(),
    firstAddress: text.optional(),
    firstUsedAt: z.date().optional(),
  }),
  'grant.revoked': z.strictObject({ grantId: text, reason: text.optional() }),
  'session.ended': z.strictObject({ reason: text }),
  'back_channel_logout.delivered': z.strictObject({ tries: z.number().int() }),
  // For good: the client was not told, and will not be.
  'back_channel_logout.failed': z.strictObject({ reason: text, tries: z.number().int() }),
  'endpoint.refused': z.strictObject({ endpoint: text, error, description: text.optional() }),
  'request.refused': z.strictObject({ reason: text, path: text.optional() }),
  'client.created': z.strictObject({
    via: z.enum(['cli', 'seed', 'dynamic']),
    name: text.optional(),
    invitationId: text.optional(),
  }),
  'client.updated': z.strictObject({ via: z.enum(['cli', 'dynamic']) }),
  'client.deleted': z.strictObject({ via: z.enum(['cli', 'dynamic']) }),
  'client.invited': z.strictObject({ invitationId: text, uses: z.int(), days: z.int() }),
  'client.invitation_revoked': z.strictObject({ invitationId: text }),
  'client.registration_refused': z.strictObject({ reason: text }),
  'client.verified': z.strictObject({}),
  'client.secret_added': z.strictObject({ secretId: text }),
  'client.secret_revoked': z.strictObject({ secretId: text }),
  'mail.sent': z.strictObject({ notice: text, tries: z.number().int() }),
  'mail.refused': z.strictObject({ notice: text, code: text }),
  'mail.abandoned': z.strictObject({ notice: text, tries: z.number().int() }),
  'mail.expired': z.strictObject({ notice: text, tries: z.number().int() }),
  'sms.sent': z.strictObject({ purpose: text }),
  'sms.limited': z.strictObject({ purpose: text, by: z.enum(['number', 'budget']) }),
  'sms.failed': z.strictObject({ purpose: text, code: text }),
  'sealed_values.resealed': z.strictObject({
    keyId: text,
    resealed: z.number().int(),
    remaining: z.number().int(),
    unreadable: z.number().int(),
  }),
  // So many more of this name, by nobody who is known, were counted and not written down.
  'event.repeated': z.strictObject({ name: text, times: z.int(), sinceAt: z.date() }),
  'trail.shortened': z.strictObject({ beforeAt: z.date(), times: z.int() }),
  'signing_key.created': signingKey,
  'signing_key.promoted': signingKey,
  'signing_key.retired': signingKey,
  'signing_key.removed': signingKey,
  // It was known to others.
  'signing_key.revoked': signingKey,
} as const satisfies Record<string, z.ZodType>

/** The name of a catalogued event. */
export type EventName = keyof typeof events

/** The detail that belongs to an event of this name. */
export type EventDetail<N extends EventName> = z.infer<(typeof events)[N]>
