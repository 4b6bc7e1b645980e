import type { Context } from 'koa'

/** What the edge knows of a request; doors read it, and a page may widen what it needs. */
export interface WebState {
  requestId: string
  /** Who is calling, through the proxies that are trusted. */
  address: string
  /** Lets the scripts of this page run (CSP3 section 2.3); an answer that is no page has none. */
  nonce?: string
  /** Further sources of `form-action` and `img-src` for this page. */
  formActions: string[]
  images: string[]
  /** Whether this page shows frames, or is shown in one. */
  framing?: 'frames' | 'framed'
  /** Languages that the relying party asked for, best first. */
  uiLocales?: string
  /** The code of the refusal that this request met. */
  refusal?: string
  /** What the log calls this route; a path may hold secrets. */
  route?: string
}

/** RFC 9110 section 15.5.11. */
const GONE = 410

/** The edge's state of this request. */
export function stateOf(ctx: Context): WebState {
  return ctx.state as WebState
}

/** Answers that there is nothing, or nothing any more, where this address leads; the boundary tells the trail why. */
export function refuseGone(ctx: Context, code: string): void {
  ctx.status = GONE
  stateOf(ctx).refusal = code
}

/** The code of such a refusal. */
export function goneCodeOf(ctx: Context): string | undefined {
  return ctx.status === GONE ? stateOf(ctx).refusal : undefined
}

/** Where this request comes from, for the trail and the limits. */
export function originOf(ctx: Context): { requestId: string; address: string } {
  const { requestId, address } = stateOf(ctx)
  return { requestId, address }
}
