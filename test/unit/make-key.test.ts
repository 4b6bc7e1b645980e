import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeKey } from '../../src/provider/keys/make-key.ts'

test('no signing key has a name that a command would take for an option', async () => {
  // Of thumbprints one in 64 begins so.
  for (let count = 0; count < 1000; count += 1) assert.doesNotMatch((await makeKey('ES256')).kid, /^-/)
})
