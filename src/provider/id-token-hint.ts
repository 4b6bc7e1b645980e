import type { Client, Provider } from 'oidc-provider'

/** The part of the library's ID tokens that its types leave out. */
interface IdTokens {
  validate(jwt: string, client: Client): Promise<{ readonly payload: { readonly sub?: unknown } }>
}

/** Reads a hint of this client: an ID token that we made for it, however old. @throws what the library finds wrong with it */
export function readIdTokenHint(provider: Provider, hint: string, client: Client) {
  return (provider.IdToken as unknown as IdTokens).validate(hint, client)
}

/** Whom such a hint names; undefined when there is none or it is nothing to go by. */
export async function readHintedSubject(
  provider: Provider,
  hint: unknown,
  client: Client,
): Promise<string | undefined> {
  if (typeof hint !== 'string') return undefined
  const read = await readIdTokenHint(provider, hint, client).catch(() => undefined)
  return typeof read?.payload.sub === 'string' ? read.payload.sub : undefined
}
