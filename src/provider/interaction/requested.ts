import type { Interaction } from 'oidc-provider'
import { ORGANIZATION_SCOPE } from '../../access/index.ts'
import type { Account } from '../../accounts/index.ts'
import { scopes as personScopes } from '../claims.ts'
import { grantablePermissions, organizationIn } from '../resources.ts'
import { type InteractionDependencies, type Seam, textParam } from './seam.ts'

/** What the library found missing from the grant. */
interface Missing {
  readonly missingOIDCScope?: readonly string[]
  readonly missingOIDCClaims?: readonly string[]
  readonly missingResourceScopes?: Readonly<Record<string, readonly string[]>>
}

/** What the library found missing from the grant of this interaction. */
export const missingOf = ({ prompt }: Interaction) => prompt.details as Missing

/** What is asked for of each API, as far as this person's roles allow it: the rest is not theirs to give. */
async function requestedOfApis(
  { interaction, client }: Seam,
  words: readonly string[],
  account: Account,
  { access }: InteractionDependencies,
) {
  const { missingResourceScopes = {} } = missingOf(interaction)
  const asked = [interaction.params.resource ?? []].flat().map(String)
  const apis = (await access.apis.list()).filter(({ identifier }) => asked.includes(identifier))
  if (apis.length === 0) return []
  const standing = await access.standingOf(account, organizationIn(words))
  const isNew = (identifier: string, name: string) => missingResourceScopes[identifier]?.includes(name) ?? false
  const permissions = apis.flatMap((api) => {
    const names = grantablePermissions(api, { client, standing })
    return api.permissions
      .filter(({ name }) => words.includes(name) && names.includes(name))
      .map(({ name, title }) => ({ name, title, isNew: isNew(api.identifier, name) }))
  })
  const { organization } = standing
  if (!organization) return permissions
  const name = `${ORGANIZATION_SCOPE}${organization.id}`
  const forOrganization = { name, titleKey: 'scopes.organization', organization: organization.name }
  return [{ ...forOrganization, isNew: apis.some(({ identifier }) => isNew(identifier, name)) }, ...permissions]
}

/** What is asked for: of the person, and of each API. */
export async function requestedBy(seam: Seam, account: Account | undefined, deps: InteractionDependencies) {
  const words = textParam(seam.interaction, 'scope')?.split(' ') ?? []
  const { missingOIDCScope = [] } = missingOf(seam.interaction)
  const person = words.filter((name) => personScopes.includes(name) && name !== 'openid' && name !== 'offline_access')
  return {
    scopes: [
      ...person.map((name) => ({ name, titleKey: `scopes.${name}`, isNew: missingOIDCScope.includes(name) })),
      ...(account ? await requestedOfApis(seam, words, account, deps) : []),
    ],
    isOffline: words.includes('offline_access'),
  }
}
