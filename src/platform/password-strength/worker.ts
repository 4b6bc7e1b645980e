// The thread that estimates: the word lists take some 80 MB and half a second to load, and an unkind password takes
// hundreds of milliseconds, none of which a request on the main thread should wait for.
import { parentPort } from 'node:worker_threads'
import { ZxcvbnFactory } from '@zxcvbn-ts/core'
import { adjacencyGraphs, dictionary as common } from '@zxcvbn-ts/language-common'
import { dictionary as german } from '@zxcvbn-ts/language-de'
import { dictionary as english, translations } from '@zxcvbn-ts/language-en'
import { isCommonPassword } from './common-passwords.ts'
import type { Estimate, Question } from './index.ts'

/** Characters that are looked at. What makes a password strong is seen long before, and the work grows fast with length. */
const MAX_LENGTH = 100
/** Ways of reading "4" as "a" that are tried. A tenth of the default costs no score that matters and a sixth of the time. */
const MAX_SUBSTITUTIONS = 10

const zxcvbn = new ZxcvbnFactory({
  dictionary: { ...common, ...english, ...german },
  graphs: adjacencyGraphs,
  maxLength: MAX_LENGTH,
  l33tMaxSubstitutions: MAX_SUBSTITUTIONS,
})
const warnings: Readonly<Record<string, string>> = translations.warnings
const suggestions: Readonly<Record<string, string>> = translations.suggestions
const commonest = new Set(common['passwords-common'])

parentPort?.on('message', ({ password, words }: Question) => {
  const { score, feedback } = zxcvbn.check(password, [...words])
  const estimate: Estimate = {
    score,
    warning: feedback.warning ? { key: feedback.warning, text: warnings[feedback.warning] ?? '' } : undefined,
    suggestions: feedback.suggestions.map((key) => ({ key, text: suggestions[key] ?? '' })),
    isCommon: isCommonPassword(password, commonest),
  }
  parentPort?.postMessage(estimate)
})
