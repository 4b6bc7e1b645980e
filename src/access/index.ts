// Access: what somebody may do. Owns the APIs and the permissions they know, roles, and organizations with their
// members. Knows accounts only as an id and the names of roles, and nothing of tokens: the protocol asks it.
import type { Connection } from 'mongoose'
import type { Audit } from '../audit/index.ts'
import type { Changes, Gatherings } from '../platform/database/index.ts'
import type { Logger } from '../platform/logger.ts'
import { apiModel, longerThan, toApi } from './api.model.ts'
import { type Apis, createApis } from './apis.ts'
import { membershipModel } from './membership.model.ts'
import { organizationModel } from './organization.model.ts'
import { createOrganizationProviders, toDomainProviders } from './organization-providers.ts'
import { createOrganizations, type Organizations } from './organizations.ts'
import { plantedModel } from './planted.model.ts'
import { remember } from './remembered.ts'
import { roleModel } from './role.model.ts'
import { type AllHolders, createDeleteRole, createTakeFromAll, type DeleteRole } from './role-holders.ts'
import { createRoles, type Roles } from './roles.ts'
import { type AccessSeed, plantSeed } from './seed.ts'
import { createStandingOf, type StandingOf } from './standing.ts'

export { apiSchema, ORGANIZATION_SCOPE } from './api-rules.ts'
export { can } from './can.ts'
export type { Organization } from './organization.model.ts'
export type { Membership } from './organizations.ts'
export { ADMINISTRATOR, type Api } from './permissions.ts'
export type { Role } from './role.model.ts'
export { roleSchema } from './roles.ts'
export type { AccessSeed } from './seed.ts'
export type { Standing } from './standing.ts'

/** What other rooms can ask and change. */
export interface Access {
  readonly apis: Apis
  readonly roles: Roles & DeleteRole
  readonly organizations: Organizations
  readonly standingOf: StandingOf
  /** Puts in what a first start brings along. The indexes of the database must exist. */
  readonly plant: (seed: AccessSeed) => Promise<void>
}

/** What access needs from outside. */
export interface AccessDependencies {
  readonly connection: Connection
  readonly gatherings: Gatherings
  readonly changes: Changes
  readonly audit: Audit
  readonly holders: () => AllHolders
  /** The ids of the clients that were allowed something at this API by name. */
  readonly findClientsOf: (api: string) => Promise<readonly string[]>
  readonly issuer: string
  /** Every `acr` that a sign-in can reach here. */
  readonly acrValues: readonly string[]
  /** How long a token for an API may last at most: as long as a key is kept after it has signed. */
  readonly maxTokenSeconds: number
  readonly logger: Logger
}

/** What access keeps. */
const openModels = (connection: Connection) => ({
  apis: apiModel(connection),
  roles: roleModel(connection),
  organizations: organizationModel(connection),
  memberships: membershipModel(connection),
  planted: plantedModel(connection),
})

type Models = ReturnType<typeof openModels>

/** The rooms of organizations, whose lists that are asked for all the time are kept in this process. */
function openOrganizations(models: Models, { audit, changes }: AccessDependencies, roles: Roles): Organizations {
  const { organizations: model, memberships } = models
  const strict = remember(
    async () => (await model.find({ needsSecondFactor: true }).lean()).map(({ _id }) => _id),
    changes.isLive,
  )
  const domains = remember(
    async () => (await model.find({ domains: { $exists: true } }).lean()).flatMap(toDomainProviders),
    changes.isLive,
  )
  for (const { forget } of [strict, domains]) changes.follow(model.collection.name, forget)
  const providers = createOrganizationProviders({ model, remembered: domains, audit })
  return createOrganizations({ model, memberships, strict, providers, domains, roles, audit })
}

/** Opens the room. */
export function createAccess(deps: AccessDependencies): Access {
  const { connection, gatherings, changes, audit, holders, findClientsOf, issuer, maxTokenSeconds, logger } = deps
  const models = openModels(connection)
  const remembered = remember(
    async () => (await models.apis.find().sort({ _id: 1 }).lean()).map((api) => toApi(api, maxTokenSeconds)),
    changes.isLive,
  )
  changes.follow(models.apis.collection.name, remembered.forget)
  const findUse = async (api: string) => {
    const [roles, clients] = await Promise.all([
      models.roles.find({ 'permissions.api': api }).sort({ _id: 1 }).lean(),
      findClientsOf(api),
    ])
    return { roles: roles.map(({ _id }) => _id), clients }
  }
  const apis = createApis({ ...deps, model: models.apis, remembered, findUse })
  const takeFromAll = createTakeFromAll({ memberships: models.memberships, holders, audit })
  const ofRoles = { model: models.roles, takeFromAll, audit }
  const roles = createRoles({ ...ofRoles, gathered: gatherings.of(models.roles), apis, issuer })
  const deleteRole = createDeleteRole({ ...ofRoles, memberships: models.memberships, holders, check: roles.check })
  return {
    apis,
    roles: { ...roles, ...deleteRole },
    organizations: openOrganizations(models, deps, roles),
    standingOf: createStandingOf({
      roles,
      organizations: gatherings.of(models.organizations),
      memberships: gatherings.of(models.memberships),
    }),
    async plant(seed) {
      await plantSeed({ ...models, audit, issuer }, seed)
      remembered.forget()
      for (const { _id, accessTokenSeconds } of await models.apis.find(longerThan(maxTokenSeconds)).lean())
        logger.warn(
          { api: _id, accessTokenSeconds, maxTokenSeconds },
          'tokens for this API last shorter than it says: a retired key is kept no longer (keys.keepAfterDays)',
        )
    },
  }
}
