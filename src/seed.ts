import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { type AccessSeed, apiSchema, roleSchema } from './access/index.ts'
import type { Clients } from './provider/index.ts'

const clientsFile = z.strictObject({
  clients: z.array(
    z.strictObject({
      client_id: z.string().min(1),
      environments: z.array(z.string()),
      metadata: z.record(z.string(), z.unknown()),
    }),
  ),
})
const apisFile = z.strictObject({ apis: z.array(apiSchema) })
const rolesFile = z.strictObject({ roles: z.array(roleSchema) })

/** What a first start brings along. Values may name the issuer as `{issuer}`. */
function readSeed<Schema extends z.ZodType>(
  seedDir: string,
  name: string,
  issuer: string,
  schema: Schema,
): z.output<Schema> {
  return schema.parse(parse(readFileSync(join(seedDir, name), 'utf8').replaceAll('{issuer}', issuer)))
}

/** The APIs and roles that a first start brings along. */
export function readAccessSeed({ seedDir, issuer }: { seedDir: string; issuer: string }): AccessSeed {
  return {
    apis: readSeed(seedDir, 'apis.yaml', issuer, apisFile).apis,
    roles: readSeed(seedDir, 'roles.yaml', issuer, rolesFile).roles,
  }
}

/** Registers the clients of the seed, or brings them up to date; doing it again changes nothing. */
export async function seedClients({
  seedDir,
  issuer,
  environment,
  clients,
}: {
  seedDir: string
  issuer: string
  environment: string
  clients: Clients
}): Promise<void> {
  for (const { client_id, environments, metadata } of readSeed(seedDir, 'clients.yaml', issuer, clientsFile).clients) {
    if (environments.includes(environment)) await clients.register(metadata, { via: 'seed', clientId: client_id })
  }
}
