import type { Config } from './config/index.ts'
import { createSmtp, type MailBox, type MailTransport } from './platform/mail/index.ts'

/** How mail leaves: by SMTP, or into the workbench's inbox. In production without SMTP there is no way. */
export function openMail({ mail, brand }: Config, mailBox: MailBox | undefined): MailTransport | undefined {
  const { from: address, smtp } = mail
  return smtp.url && address ? createSmtp({ ...smtp, url: smtp.url, from: { name: brand.name, address } }) : mailBox
}
