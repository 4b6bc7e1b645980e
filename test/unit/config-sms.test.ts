import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configDir, problemsOf } from '../support/config-files.ts'
import { scratchFolder } from '../support/scratch.ts'

const TWILIO = {
  GATEHOUSE_SMS_TWILIO_ACCOUNT_SID: `AC${'0123456789abcdef'.repeat(2)}`,
  GATEHOUSE_SMS_TWILIO_AUTH_TOKEN: 'a-token',
  GATEHOUSE_SMS_TWILIO_SENDER: '+4915100000000',
}
const WEBHOOK = {
  GATEHOUSE_SMS_WEBHOOK_URL: 'https://sms.example.com/messages',
  GATEHOUSE_SMS_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 1).toString('base64')}`,
}
const PRODUCTION = {
  NODE_ENV: 'production',
  ISSUER: 'https://id.example.com',
  MONGODB_URI: 'mongodb://db.example.com/gatehouse',
  GATEHOUSE_SECRETS_COOKIE_KEYS: `${'a'.repeat(32)},${'b'.repeat(32)}`,
  GATEHOUSE_SECRETS_SEALING_KEYS: Buffer.alloc(32, 1).toString('base64url'),
}
const COUNTRIES = { GATEHOUSE_SMS_COUNTRIES: 'DE,AT' }

test('one way to send text messages is set up, completely, or none', (t) => {
  const DATA_DIR = scratchFolder(t)
  const problems = (env: Readonly<Record<string, string | undefined>>) =>
    problemsOf({ env: { DATA_DIR, ...env }, configDir })
  for (const fine of [{}, TWILIO, WEBHOOK, COUNTRIES]) assert.deepEqual(problems(fine), [])
  const { GATEHOUSE_SMS_TWILIO_AUTH_TOKEN: _token, ...noToken } = TWILIO
  assert.match(problems(noToken).join(), /sms\.twilio\.authToken: is missing/)
  const { GATEHOUSE_SMS_WEBHOOK_SECRET: _secret, ...noSecret } = WEBHOOK
  assert.match(problems(noSecret).join(), /sms\.webhook\.secret: is missing/)
  assert.match(problems({ ...TWILIO, ...WEBHOOK }).join(), /sms\.webhook\.url: is one way too many/)
  assert.match(problems({ GATEHOUSE_SMS_COUNTRIES: 'Germany' }).join(), /must be a country in two capital letters/)
  assert.match(problems({ ...WEBHOOK, GATEHOUSE_SMS_WEBHOOK_SECRET: 'short' }).join(), /must be whsec_/)
})

test('production offers text messages only with a way to send them, and to countries that are named', (t) => {
  const DATA_DIR = scratchFolder(t)
  const problems = (env: Readonly<Record<string, string | undefined>>) =>
    problemsOf({ env: { DATA_DIR, ...PRODUCTION, ...env }, configDir })
  for (const fine of [{}, { ...TWILIO, ...COUNTRIES }, { GATEHOUSE_SMS_IS_OFFERED: 'false' }])
    assert.deepEqual(problems(fine), [])
  assert.match(
    problems({ GATEHOUSE_SMS_IS_OFFERED: 'true' }).join(),
    /SMS_IS_OFFERED: needs sms\.twilio or sms\.webhook/,
  )
  assert.match(problems(TWILIO).join(), /SMS_COUNTRIES: must name the countries/)
})
