import { newId } from '../../../platform/ids.ts'
import type { Sealer } from '../../../platform/seal.ts'

/** What `state` is bound to. */
const contextOf = (provider: string) => `upstream:${provider}`

/**
 * Makes the `state` of a request. Providers lead back to one address that is registered with them, so the state says,
 * sealed, where on our site it goes on. That it may go on there is decided there: by the cookie of that browser, and by
 * comparing the state with the one that waits.
 * @param path made by us; nothing of a request gets in
 */
export const makeReturnState = (sealer: Sealer, provider: string, path: string) =>
  sealer.seal(JSON.stringify({ path, once: newId() }), contextOf(provider))

/** Where it goes on. @returns undefined when this state was not made by us, or for another provider */
export function readReturnState(sealer: Sealer, provider: string, state: string): string | undefined {
  try {
    const { path } = JSON.parse(sealer.open(state, contextOf(provider)))
    return String(path)
  } catch {
    return undefined
  }
}
