import { isDeepStrictEqual } from 'node:util'
import type { AdapterPayload } from 'oidc-provider'

type Fields = Readonly<Record<string, unknown>>

/** Takes over what `mine` changed in `base`, and leaves the rest as it is in `theirs`. */
function mergeFields(base: Fields, mine: Fields, theirs: Fields): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...theirs }
  for (const name of new Set([...Object.keys(base), ...Object.keys(mine)])) {
    if (isDeepStrictEqual(base[name], mine[name])) continue
    if (mine[name] === undefined) delete merged[name]
    else merged[name] = mine[name]
  }
  return merged
}

/**
 * A session that two requests of one browser changed at the same time: what this one made of it (`mine`, from `base`) and
 * what the other left (`theirs`). Each app that either of them signed in to is kept; the id stays theirs.
 */
export function mergeSessions(base: AdapterPayload, mine: AdapterPayload, theirs: AdapterPayload): AdapterPayload {
  const authorizations = mergeFields(base.authorizations ?? {}, mine.authorizations ?? {}, theirs.authorizations ?? {})
  const isAnywhere = mine.authorizations !== undefined || theirs.authorizations !== undefined
  return {
    ...mergeFields(base, mine, theirs),
    ...(isAnywhere ? { authorizations } : {}),
    jti: theirs.jti,
  } as AdapterPayload
}
