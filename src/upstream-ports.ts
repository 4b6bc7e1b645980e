import type { Access } from './access/index.ts'
import type { Config } from './config/index.ts'
import type { HttpClient } from './platform/http-client/index.ts'
import { createProviders } from './sign-in/index.ts'

/** What signing in with other providers is made of. */
export const upstreamPorts = (
  { config, http }: { readonly config: Config; readonly http: HttpClient },
  { organizations }: Access,
) => ({
  issuer: config.server.issuer,
  findProviderOf: organizations.findProvider,
  providers: createProviders(config.upstream, http),
})
