import type { Config } from './config/index.ts'
import type { HttpClient } from './platform/http-client/index.ts'
import { createProviders } from './sign-in/index.ts'

/** What signing in with other providers is made of. */
export const upstreamPorts = ({ config, http }: { readonly config: Config; readonly http: HttpClient }) => ({
  issuer: config.server.issuer,
  providers: createProviders(config.upstream, http),
})
