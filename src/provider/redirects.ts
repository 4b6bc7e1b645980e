/**
 * Where a form of ours may lead to in the end. Chromium applies form-action to every redirect after a form, and a
 * relying party's callback often redirects once more: so its own origin or scheme, and any https address.
 */
export function formActionsFor(redirectUri: string, isProduction: boolean): string[] {
  const { protocol, origin } = new URL(redirectUri)
  const own = protocol === 'http:' || protocol === 'https:' ? origin : protocol
  return ['https:', own, ...(isProduction ? [] : ['http://localhost:*', 'http://127.0.0.1:*'])]
}
