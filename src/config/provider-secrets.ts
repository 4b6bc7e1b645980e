import { readSecretFile } from './secret-file.ts'
import { getPath, isTree, setPath, type Tree } from './tree.ts'

const LIST = 'upstream.openid'

/** The secret in the file that is named; a text that is no secret once a problem was told, so that it is told once. */
function readSecret(name: string, path: string, problems: string[]): string {
  const text = readSecretFile(name, path, problems)
  if (text?.trim() === '') problems.push(`${name}: the file it names is empty`)
  return text?.trim() || 'unknown'
}

/**
 * Reads the secrets of providers of the list from the files that their entries name (`clientSecretFile`): no variable of
 * the environment could name one of a list.
 * @param source what the list is called in messages
 */
export function readProviderSecrets(tree: Tree, source: string, problems: string[]): void {
  const providers = getPath(tree, LIST)
  if (!Array.isArray(providers)) return
  const read = (provider: unknown, index: number): unknown => {
    if (!isTree(provider) || typeof provider.clientSecretFile !== 'string') return provider
    const entry = `${source}${LIST}.${index}`
    if (provider.clientSecret !== undefined) {
      problems.push(`${entry}: clientSecret and clientSecretFile are both set: use one of them`)
      return provider
    }
    const name = `${entry}.clientSecretFile`
    return { ...provider, clientSecret: readSecret(name, provider.clientSecretFile, problems) }
  }
  setPath(tree, LIST, providers.map(read))
}
