import { Provider } from 'oidc-provider'
import type { Use } from './artifacts.ts'

/** Remembers, for as long as a request lasts, that something used was presented in it, and how it was used at first. */
export interface Reuses {
  note(use: Use): void
  /** The first use of what was presented again in this request. */
  of(ctx: object): Use | undefined
}

/** Reuse as the adapter sees it, for whoever tells the trail. */
export function createReuses(): Reuses {
  const seen = new WeakMap<object, Use>()
  return {
    note(use) {
      if (Provider.ctx) seen.set(Provider.ctx, use)
    },
    of: (ctx) => seen.get(ctx),
  }
}
