import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const { resolve } = createRequire(import.meta.url)

/** The folder of a package's modules, under a name of ours, and which of its files are modules. */
const packages = [
  { name: 'core', folder: dirname(resolve('@zxcvbn-ts/core')), ending: '.mjs' },
  { name: 'common', folder: dirname(resolve('@zxcvbn-ts/language-common')), ending: '.mjs' },
  { name: 'en', folder: dirname(resolve('@zxcvbn-ts/language-en')), ending: '.mjs' },
  { name: 'de', folder: dirname(resolve('@zxcvbn-ts/language-de')), ending: '.esm.js' },
] as const

/** What the modules name as packages do; browsers want a path. Each is one file, on the same level as the folders. */
const single = [
  { specifier: '@zxcvbn-ts/dictionary-compression/decompress', path: 'decompress.js', file: 'decompress.mjs' },
  { specifier: 'fastest-levenshtein', path: 'levenshtein.js', file: 'esm/mod.js' },
] as const

/** Resolved from the package that uses it. */
function fileOf({ specifier, file }: (typeof single)[number]): string {
  const from = createRequire(resolve('@zxcvbn-ts/core'))
  return join(dirname(from.resolve(specifier)), file)
}

/** A module as browsers load it: other packages by path, and no map that nobody serves. */
function forBrowsers(text: string, depth: number): string {
  const up = '../'.repeat(depth)
  const linked = single.reduce((made, { specifier, path }) => made.replaceAll(`'${specifier}'`, `'${up}${path}'`), text)
  return linked.replace(/^\/\/# sourceMappingURL=.*$/m, '')
}

/**
 * The modules that estimate passwords here, for doing the same in a browser: zxcvbn with the same word lists, file by
 * file as their packages ship them, by path. Loaded by `views/assets/new-password.js`.
 */
export function readBrowserModules(): ReadonlyMap<string, string> {
  const modules = new Map<string, string>()
  for (const { name, folder, ending } of packages) {
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith(ending))
    for (const file of files) {
      const path = `${name}/${file}`
      modules.set(path, forBrowsers(readFileSync(join(folder, file), 'utf8'), path.split('/').length - 1))
    }
  }
  for (const each of single) modules.set(each.path, forBrowsers(readFileSync(fileOf(each), 'utf8'), 0))
  return modules
}
