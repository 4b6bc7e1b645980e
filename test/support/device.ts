import type { CDPSession } from 'playwright-core'
import type { Visitor } from './visitor.ts'

/** A phone, say, that keeps passkeys and checks who holds it. */
export class Device {
  readonly #session: CDPSession
  readonly #which: { readonly authenticatorId: string }

  private constructor(session: CDPSession, authenticatorId: string) {
    this.#session = session
    this.#which = { authenticatorId }
  }

  static async open({ page }: Visitor): Promise<Device> {
    const session = await page.context().newCDPSession(page)
    await session.send('WebAuthn.enable', { enableUI: false })
    const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    })
    return new Device(session, authenticatorId)
  }

  /** What it keeps. */
  async credentials() {
    return (await this.#session.send('WebAuthn.getCredentials', this.#which)).credentials
  }

  /** Waits until it is told that a passkey is not known any more (Signal API). */
  forgets(): Promise<unknown> {
    return new Promise((resolve) => this.#session.once('WebAuthn.credentialDeleted', resolve))
  }

  /** Loses its passkeys, and gets them back with the answer. */
  async lose(): Promise<() => Promise<void>> {
    const kept = await this.credentials()
    await this.#session.send('WebAuthn.clearCredentials', this.#which)
    return async () => {
      for (const credential of kept) await this.#session.send('WebAuthn.addCredential', { ...this.#which, credential })
    }
  }
}
