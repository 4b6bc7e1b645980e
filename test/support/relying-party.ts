import * as oidc from 'openid-client'
import { Browser, type Page } from './browser.ts'
import { PASSWORD, type World } from './world.ts'

/** An authorization request that is under way. */
export interface Started {
  readonly url: string
  readonly verifier: string
  readonly state: string
  readonly nonce: string
}

/** A relying party on openid-client, and the browser of the person who uses it. */
export class RelyingParty {
  readonly world: World
  readonly configuration: oidc.Configuration
  readonly redirectUri: string
  browser: Browser

  constructor(world: World, configuration: oidc.Configuration, redirectUri: string) {
    this.world = world
    this.configuration = configuration
    this.redirectUri = redirectUri
    this.browser = new Browser(world.issuer)
  }

  static async create(world: World, metadata: Record<string, unknown> = {}): Promise<RelyingParty> {
    const registered = await world.addClient(metadata)
    const { client_id, client_secret } = registered
    const authentication = client_secret ? oidc.ClientSecretBasic(client_secret) : oidc.None()
    const configuration = await oidc.discovery(new URL(world.issuer), client_id, client_secret, authentication, {
      execute: [oidc.allowInsecureRequests],
    })
    return new RelyingParty(world, configuration, registered.metadata.redirect_uris?.[0] ?? '')
  }

  get clientId(): string {
    return this.configuration.clientMetadata().client_id
  }

  async start(parameters: Record<string, string> = {}): Promise<Started> {
    const verifier = oidc.randomPKCECodeVerifier()
    const [state, nonce] = [oidc.randomState(), oidc.randomNonce()]
    const url = oidc.buildAuthorizationUrl(this.configuration, {
      redirect_uri: this.redirectUri,
      scope: 'openid profile email',
      state,
      nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...parameters,
    })
    return { url: url.href, verifier, state, nonce }
  }

  /** Fills in the sign-in pages, and consents where that is asked. Ends at the relying party's own address. */
  async signIn(page: Page, email: string, password = PASSWORD): Promise<Page> {
    const asked = page.forms.some(({ fields }) => 'identifier' in fields)
      ? await this.browser.press(page, 'continue', { identifier: email })
      : page
    const proved = await this.browser.press(asked, 'sign-in', { password })
    return this.consent(proved)
  }

  async consent(page: Page): Promise<Page> {
    return page.forms.some(({ actions }) => actions.includes('allow')) ? this.browser.press(page, 'allow') : page
  }

  /** The tokens for the code in this answer. */
  async redeem(
    page: Page,
    { verifier, state, nonce }: Started,
    parameters: Record<string, string> = {},
    options: oidc.DPoPOptions = {},
  ) {
    const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true }
    return oidc.authorizationCodeGrant(this.configuration, new URL(page.location ?? ''), checks, parameters, options)
  }

  /** The whole road. */
  async run(email: string, parameters: Record<string, string> = {}) {
    const started = await this.start(parameters)
    return this.redeem(await this.signIn(await this.browser.open(started.url), email), started)
  }
}

/** What an answer at the relying party's address says. */
export function answerOf(page: Page): Record<string, string> {
  return Object.fromEntries(new URL(page.location ?? '').searchParams)
}
