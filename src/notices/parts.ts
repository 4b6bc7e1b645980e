/** What a mail says, from which both its forms are made. */
export interface Parts {
  readonly title: string
  readonly text: string
  readonly facts: readonly { readonly label: string; readonly value: string }[]
  readonly code: string | undefined
  /** The one thing to do. */
  readonly action: { readonly label: string; readonly link: string } | undefined
  /** How long code and link are good. */
  readonly expiry: string | undefined
  readonly notYou: string
  readonly why: string
}

/** The plain text of a mail. */
export function toText({ title, text, facts, code, action, expiry, notYou, why }: Parts): string {
  const blocks = [
    title,
    text,
    facts.map(({ label, value }) => `${label}: ${value}`).join('\n'),
    code,
    action && `${action.label}:\n${action.link}`,
    expiry,
    notYou,
    `-- \n${why}`,
  ]
  return `${blocks.filter(Boolean).join('\n\n')}\n`
}
