// Says while somebody types which rules a new password meets, and roughly how easily it would be guessed. The server
// looks much closer when the form is sent, and has the last word. Nothing typed leaves the page.

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
const PAUSE_MS = 600

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

function follow(area) {
  const input = document.getElementById(area.dataset.strengthOf)
  const meter = area.querySelector('meter')
  const output = area.querySelector('output')
  const items = [...area.querySelectorAll('[data-rule]')].map((item) => {
    const state = document.createElement('span')
    state.className = 'state'
    item.append(' ', state)
    return { item, state, isMet: rules[item.dataset.rule] }
  })
  const others = [...input.form.elements].filter(({ type }) => type === 'text' || type === 'email')
  const ownWords = () => others.flatMap(({ value }) => value.toLowerCase().split(/[^\p{L}\p{N}]+/u))

  let announce
  input.addEventListener('input', () => {
    const { value } = input
    for (const { item, state, isMet } of items) {
      const met = isMet(value, area.dataset)
      item.classList.toggle('met', met)
      state.textContent = met ? area.dataset.met : area.dataset.notMet
    }
    const level = rate(value, ownWords())
    meter.value = level
    meter.parentElement.hidden = value === ''
    // Shown at once by the bar, said in words when the typing pauses.
    clearTimeout(announce)
    announce = setTimeout(() => {
      output.value = value === '' ? '' : output.getAttribute(`data-level-${level}`)
    }, PAUSE_MS)
  })
}

for (const area of document.querySelectorAll('[data-strength-of]')) follow(area)
