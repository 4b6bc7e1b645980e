import type { Config } from '../../../../config/index.ts'
import type { HttpClient } from '../../../../platform/http-client/index.ts'
import type { UpstreamProvider } from '../provider.ts'
import { createApple } from './apple.ts'
import { createGithub } from './github.ts'
import { createGoogle } from './google.ts'
import { createMicrosoft } from './microsoft.ts'
import { createOpenId } from './openid.ts'

/** The providers that are switched on, in the order in which they are offered. A new kind adds its file and a line here. */
export function createProviders(config: Config['upstream'], http: HttpClient): readonly UpstreamProvider[] {
  const kinds = [createGoogle, createMicrosoft, createApple, createGithub]
  return [
    ...kinds.flatMap((create) => create(config, http) ?? []),
    ...config.openid.map((options) => createOpenId(options, http)),
  ]
}
