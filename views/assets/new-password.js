// Says while somebody types which rules a new password meets, how easily it would be guessed, and why. What the server
// estimates with is loaded as soon as the field is used; until it is there, or where it cannot be had, a rough estimate
// does. The server has the last word. Nothing typed leaves the page.

const POOLS = [
  [/\p{Ll}/u, 26],
  [/\p{Lu}/u, 26],
  [/\p{Nd}/u, 10],
  [/[^\p{L}\p{M}\p{Nd}]/u, 33],
  [/[^\p{ASCII}]/u, 60],
]
const ROWS = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890',
  'qwertyuiop',
  'qwertzuiop',
  'asdfghjkl',
  'zxcvbnm',
  'yxcvbnm',
]
const OFTEN = ['password', 'passwort', 'welcome', 'willkommen', 'iloveyou', 'letmein', 'monkey', 'dragon', 'football']
/** Bits from which on the next level is reached. */
const LEVELS = [28, 40, 52, 68]
const LOOKED_AT = 100
const PAUSE_MS = 400

const rules = {
  length: (password, { minLength }) => [...password.normalize('NFC')].length >= Number(minLength),
  lower: (password) => /\p{Ll}/u.test(password),
  upper: (password) => /\p{Lu}/u.test(password),
  digit: (password) => /\p{Nd}/u.test(password),
  symbol: (password) => /[^\p{L}\p{M}\p{Nd}]/u.test(password),
}

/** Shortens what a guesser gets for free to one character each: own words, frequent ones, runs, repeats. */
function squeeze(password, ownWords) {
  let text = password.toLowerCase()
  for (const word of [...ownWords, ...OFTEN]) if (word.length > 2) text = text.replaceAll(word, '*')
  text = text.replace(/(.{1,12}?)\1+/gu, '$1')
  text = text.replace(/(19|20)\d\d/g, '*')
  for (const row of ROWS) {
    for (const keys of [row, [...row].reverse().join('')]) {
      for (let size = keys.length; size > 2; size -= 1) {
        for (let at = 0; at + size <= keys.length; at += 1) text = text.replaceAll(keys.slice(at, at + size), '*')
      }
    }
  }
  return text
}

/** 0 (guessed at once) to 4 (strong). */
function rate(password, ownWords) {
  const looked = password.slice(0, LOOKED_AT)
  const pool = POOLS.reduce((sum, [kind, size]) => sum + (kind.test(looked) ? size : 0), 0)
  // Words that belong together are guessed together: letters are worth less than signs drawn by lot.
  const perCharacter = Math.min(Math.log2(pool || 1), 3.5)
  const bits = [...squeeze(looked, ownWords)].length * perCharacter
  return LEVELS.filter((level) => bits >= level).length
}

/** What is put behind a common password to please a rule. The same as on the server (`common-passwords.ts`). */
const SIMPLE_SUFFIX = /[\p{N}\p{P}\p{S}]{1,6}$/u

function isCommon(password, list) {
  const folded = password.normalize('NFKC').toLowerCase().trim()
  const stem = folded.replace(SIMPLE_SUFFIX, '')
  return list.has(folded) || (stem !== folded && list.has(stem))
}

/** The estimator that the server has, with the same word lists and limits (`password-strength/worker.ts`). */
async function loadEstimator({ modules, minScore, texts }) {
  const names = ['core/index.mjs', 'common/index.mjs', 'en/index.mjs', 'de/index.esm.js']
  const [{ ZxcvbnFactory }, common, english, german] = await Promise.all(names.map((name) => import(modules + name)))
  const dictionary = { ...common.dictionary, ...english.dictionary, ...german.dictionary }
  const commonest = new Set(common.dictionary['passwords-common'])
  const zxcvbn = new ZxcvbnFactory({
    dictionary,
    graphs: common.adjacencyGraphs,
    maxLength: LOOKED_AT,
    l33tMaxSubstitutions: 10,
  })
  const said = JSON.parse(texts)
  return (password, ownWords) => {
    if (isCommon(password, commonest)) return { level: 0, reasons: [said.too_common] }
    const { score, feedback } = zxcvbn.check(password.normalize('NFC'), ownWords)
    if (score >= Number(minScore)) return { level: score, reasons: [] }
    const keys = [
      feedback.warning && `warning.${feedback.warning}`,
      ...feedback.suggestions.map((key) => `suggestion.${key}`),
    ]
    return { level: score, reasons: [said.too_guessable, ...keys.map((key) => said[key])].filter(Boolean) }
  }
}

/** Words that somebody who knows the person would try first: what else the form says of them, and the product. */
function findOwnWords({ form }, { words }) {
  const others = [...form.elements].filter(({ type }) => type === 'text' || type === 'email')
  const said = [...others.map(({ value }) => value), words].map((text) => text.toLowerCase())
  const parts = said.flatMap((text) => text.split(/[^\p{L}\p{M}\p{N}]+/u))
  return [...new Set([...said, ...parts])].filter(({ length }) => length > 2)
}

/** Marks the rules that a password meets. */
function createRules(area) {
  const items = [...area.querySelectorAll('[data-rule]')].map((item) => {
    const state = document.createElement('span')
    state.className = 'state'
    item.append(' ', state)
    return { item, state, isMet: rules[item.dataset.rule] }
  })
  return (password) => {
    for (const { item, state, isMet } of items) {
      const met = isMet(password, area.dataset)
      item.classList.toggle('met', met)
      state.textContent = met ? area.dataset.met : area.dataset.notMet
    }
  }
}

function follow(area) {
  const input = document.getElementById(area.dataset.strengthOf)
  const meter = area.querySelector('meter')
  const output = area.querySelector('output')
  const advice = area.querySelector('[data-advice]')
  const markRules = createRules(area)
  let estimate = (password, ownWords) => ({ level: rate(password, ownWords), reasons: [] })

  const look = () => {
    const { value } = input
    const { level, reasons } = estimate(value, findOwnWords(input, area.dataset))
    meter.value = level
    return { text: output.getAttribute(`data-level-${level}`), reasons: value === '' ? [] : reasons }
  }
  let announce
  const update = () => {
    const { value } = input
    markRules(value)
    meter.parentElement.hidden = value === ''
    // Looked at closely, and said in words, when the typing pauses.
    clearTimeout(announce)
    announce = setTimeout(() => {
      const { text, reasons } = look()
      output.value = value === '' ? '' : text
      advice.textContent = reasons.join(' ')
      advice.hidden = reasons.length === 0
    }, PAUSE_MS)
  }
  input.addEventListener('input', update)
  const load = async () => {
    try {
      estimate = await loadEstimator(area.dataset)
      area.dataset.estimator = 'zxcvbn'
      if (input.value !== '') update()
    } catch {
      // It stays rough.
    }
  }
  const isSaving = navigator.connection?.saveData === true
  if (!isSaving) input.addEventListener('focus', load, { once: true })
  if (!isSaving && document.activeElement === input) load()
}

for (const area of document.querySelectorAll('[data-strength-of]')) follow(area)
