import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { newSecret } from '../../src/platform/ids.ts'
import { createSealer, DEVELOPMENT_PREFIX, parseSealingKey, SealError } from '../../src/platform/seal.ts'

const [oldKey, newKey] = [newSecret(), newSecret()]

test('whatever is sealed opens again, under its own context only', () => {
  const sealer = createSealer([newKey])
  const text = fc.string({ unit: 'binary' })
  fc.assert(
    fc.property(text, text, text, (plain, context, otherContext) => {
      const sealed = sealer.seal(plain, context)
      assert.equal(sealer.open(sealed, context), plain)
      if (otherContext !== context) assert.throws(() => sealer.open(sealed, otherContext), SealError)
    }),
  )
})

test('a change of any character is noticed', () => {
  const sealer = createSealer([newKey])
  const sealed = sealer.seal('a private key', 'signing_key:1')
  fc.assert(
    fc.property(fc.nat(sealed.length - 1), fc.constantFrom(...'AZaz09-_.~'), (at, character) => {
      fc.pre(sealed[at] !== character)
      const changed = sealed.slice(0, at) + character + sealed.slice(at + 1)
      assert.throws(() => sealer.open(changed, 'signing_key:1'), SealError)
    }),
  )
})

test('no other text opens that stands for the same bytes', () => {
  const sealer = createSealer([newKey])
  // Of one, two and three bytes more, the last character of each has another number of bits that mean nothing.
  for (const plain of ['a', 'ab', 'abc']) {
    const sealed = sealer.seal(plain, 'x')
    const [version, keyId, iv, body = ''] = sealed.split('.')
    const others = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'].map(
      (last) => `${sealed.slice(0, -1)}${last}`,
    )
    const longer = [`${sealed}=`, `${sealed}A`, `${sealed}.`, `${sealed} `, `${version}.${keyId}.${iv}A.${body}`]
    for (const text of [...others, ...longer].filter((text) => text !== sealed))
      assert.throws(() => sealer.open(text, 'x'), SealError, text)
    assert.equal(sealer.open(sealed, 'x'), plain)
  }
})

test('what was never sealed is refused with the same error', () => {
  const sealer = createSealer([newKey])
  fc.assert(
    fc.property(fc.string(), (text) => {
      assert.throws(() => sealer.open(text, 'x'), SealError)
    }),
  )
  const [version, keyId, iv] = sealer.seal('', 'x').split('.')
  assert.throws(() => sealer.open([version, keyId, iv, 'AAAA'].join('.'), 'x'), SealError)
  assert.throws(() => sealer.open([version, keyId, '', ''].join('.'), 'x'), SealError)
})

test('nothing of the plain text shows, and sealing twice gives two values', () => {
  const sealer = createSealer([newKey])
  const sealed = sealer.seal('hunter2', 'x')
  assert.match(sealed, /^v1\.[\w-]{8}\.[\w-]{16}\.[\w-]+$/)
  assert.doesNotMatch(Buffer.from(sealed.split('.')[3] ?? '', 'base64url').toString('latin1'), /hunter2/)
  assert.notEqual(sealer.seal('hunter2', 'x'), sealed)
})

test('keys change without losing what was sealed before', () => {
  const before = createSealer([oldKey]).seal('plain', 'x')
  const during = createSealer([newKey, oldKey])
  assert.equal(during.open(before, 'x'), 'plain')
  assert.doesNotMatch(before, during.sealedByFirst)
  assert.equal(before.slice(during.keyIdAt).split('.')[0], during.keyIds[1])
  const after = during.seal('plain', 'x')
  assert.match(after, during.sealedByFirst)
  assert.equal(after.slice(during.keyIdAt).split('.')[0], during.keyIds[0])
  assert.equal(createSealer([newKey]).open(after, 'x'), 'plain')
  assert.throws(() => createSealer([newKey]).open(before, 'x'), SealError)
})

test('a key that was made for developing is the same key without its mark', () => {
  const sealed = createSealer([DEVELOPMENT_PREFIX + newKey]).seal('plain', 'x')
  assert.equal(createSealer([newKey]).open(sealed, 'x'), 'plain')
})

test('a sealer needs keys, and of the right length', () => {
  assert.throws(() => createSealer([]), SealError)
  assert.throws(() => createSealer([newSecret(16)]), SealError)
  assert.equal(parseSealingKey(newSecret(31)), undefined)
  assert.equal(parseSealingKey(newSecret(32))?.length, 32)
})

test('what is derived can be made again by who has the keys, and by nobody else', () => {
  const [one, two] = [newSecret(), newSecret()]
  const [first, second] = createSealer([one, two]).derive('a token', 'successor')
  assert.equal(Buffer.from(first, 'base64url').length, 32)
  assert.notEqual(first, second)
  assert.deepEqual(createSealer([two, one]).derive('a token', 'successor'), [second, first])
  const others = [
    createSealer([newSecret()]).derive('a token', 'successor'),
    createSealer([one]).derive('another token', 'successor'),
    createSealer([one]).derive('a token', 'something else'),
  ]
  assert.ok(others.every(([value]) => value !== first))
})
