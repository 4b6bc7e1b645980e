import type { Account } from './accounts/index.ts'
import type { Logger } from './platform/logger.ts'
import type { SendMail } from './platform/mail/index.ts'
import type { Renderer } from './web/index.ts'

interface Dependencies {
  readonly renderer: Renderer
  readonly brandName: string
  /** Without a way to send mail nobody is told. */
  readonly send: SendMail | undefined
  readonly logger: Logger
}

/** Tells people by mail that a password was set for their account (NIST SP 800-63B-4 section 4.1.2.1). */
export function createPasswordNotice({ renderer, brandName, send, logger }: Dependencies) {
  return async ({ email, name }: Account, { address }: { address?: string | undefined }): Promise<void> => {
    if (!send) return
    const data = { identifier: email, name, at: new Date(), address, productName: brandName }
    const text = renderer.text('mail/password-set-text', 'en', data)
    const html = renderer.text('mail/password-set-html', 'en', data)
    const subject = renderer.translate('en', 'mail.passwordSet.subject', { product: brandName })
    // The password is set by now: a notice that cannot be sent must not look like a failure.
    await send({ to: email, subject, html, text }).catch((err: unknown) => logger.error({ err }, 'notice not sent'))
  }
}
