/** Whose password it is. */
export interface PasswordOwner {
  readonly email: string
  readonly name?: string | undefined
}

const SHORTEST = 3
const LONGEST = 64
const MOST = 40

/** The parts of a text that could be words. */
const partsOf = (text: string) => text.split(/[^\p{L}\p{M}\p{N}]+/u)

/**
 * What somebody who knows the person would try first: e-mail, name and product, whole and in parts (ASVS 6.2.11). The
 * ending of the e-mail's domain is left out; it says nothing of the person.
 */
export function ownWords({ email, name = '' }: PasswordOwner, productName: string): string[] {
  const [local = '', domain = ''] = email.split('@')
  const labels = domain.split('.').slice(0, -1)
  const whole = [email, local, name.replaceAll(/\s/g, ''), productName.replaceAll(/\s/g, '')]
  const words = [...whole, ...[local, ...labels, name, productName].flatMap(partsOf)].map((word) => word.toLowerCase())
  return [...new Set(words)].filter(({ length }) => length >= SHORTEST && length <= LONGEST).slice(0, MOST)
}
