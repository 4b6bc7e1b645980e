import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { QueueFullError } from '../../src/platform/bounded-queue.ts'
import { createPasswordStrength, readBrowserModules } from '../../src/platform/password-strength/index.ts'

const strength = createPasswordStrength()
after(() => strength.close())

const estimate = (password: string, words: readonly string[] = []) => strength.estimate({ password, words })

test('words in a row are strong, and there is nothing to say about them', async () => {
  const { score, warning, suggestions, isCommon } = await estimate('Correct horse 4 batteries')
  assert.deepEqual(
    { score, warning, suggestions, isCommon },
    { score: 4, warning: undefined, suggestions: [], isCommon: false },
  )
})

test('what is easy to guess comes with a warning and with what would help', async () => {
  const { score, warning, suggestions } = await estimate('abcabcabcabc')
  assert.ok(score <= 1)
  assert.equal(warning?.key, 'extendedRepeat')
  assert.match(warning?.text ?? '', /easy to guess/)
  assert.deepEqual(
    suggestions.map(({ key }) => key),
    ['anotherWord', 'repeated'],
  )
})

test("ASVS 6.2.11: the person's own words make a password weak", async () => {
  const before = await estimate('Zyxomatics4!')
  const after = await estimate('Zyxomatics4!', ['zyxomatics'])
  assert.ok(before.score > after.score, `${before.score} ${after.score}`)
  assert.equal(after.warning?.key, 'userInputs')
})

test('words of both languages are known', async () => {
  for (const word of ['Geburtstag', 'Birthday']) assert.ok((await estimate(word)).score <= 1, word)
})

test('the commonest are known from a list of tens of thousands', async () => {
  for (const common of ['1qaz2wsx3edc', 'Qwertyuiop1!', 'motherfucker', 'Sunshine2024!'])
    assert.ok((await estimate(common)).isCommon, common)
})

test('a long and unkind password takes bounded work, and none of it on the main thread', async () => {
  await estimate('warm')
  // Work and not time: other programs may have the machine meanwhile.
  const msOf = ({ user, system }: { user: number; system: number }) => (user + system) / 1000
  const [threadBefore, allBefore] = [process.threadCpuUsage(), process.cpuUsage()]
  await Promise.all(['2024-01-01 2023-02-02 1999 '.repeat(40), '(1!|4@'.repeat(10_000)].map((hard) => estimate(hard)))
  const [here, everywhere] = [process.threadCpuUsage(threadBefore), process.cpuUsage(allBefore)].map(msOf)
  assert.ok(Number(everywhere) < 10_000, `${everywhere} ms`)
  assert.ok(Number(here) < Number(everywhere) / 4, `${here} ms of ${everywhere}`)
})

test('one that takes too long is given up, and the next one is answered', async (t) => {
  const impatient = createPasswordStrength({ timeoutMs: 1 })
  t.after(() => impatient.close())
  await assert.rejects(impatient.estimate({ password: 'a', words: [] }), QueueFullError)
  await assert.rejects(impatient.estimate({ password: 'b', words: [] }), QueueFullError)
  assert.equal((await estimate('password')).score, 0)
})

test('when too many wait, more are sent away at once', async (t) => {
  const narrow = createPasswordStrength({ queueLimit: 1 })
  t.after(() => narrow.close())
  const [first, second, third] = await Promise.allSettled(
    ['a', 'b', 'c'].map((password) => narrow.estimate({ password, words: [] })),
  )
  assert.deepEqual([first?.status, second?.status, third?.status], ['fulfilled', 'fulfilled', 'rejected'])
})

test('the modules for browsers stand alone: they name each other by path, and no package', () => {
  const modules = readBrowserModules()
  for (const [path, text] of modules) {
    for (const [, target = ''] of text.matchAll(/^(?:import|export)\b.*? from ['"]([^'"]+)['"]/gm)) {
      const { pathname } = new URL(target, `file:///${path}`)
      assert.ok(target.startsWith('.') && modules.has(pathname.slice(1)), `${path} -> ${target}`)
    }
  }
  assert.ok(modules.has('core/index.mjs') && modules.has('de/index.esm.js'))
})
