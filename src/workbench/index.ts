// The workbench: for trying things, never mounted in production. An inbox of what was sent, and a relying party.
import type { Middleware } from 'koa'

/** Opens the door. */
export function createWorkbench(_deps: object): readonly Middleware[] {
  return []
}
