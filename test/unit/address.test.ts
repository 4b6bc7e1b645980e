import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { clientAddress, isAddressRange, limitKey, normaliseAddress } from '../../src/platform/address.ts'

test('an address has one spelling', () => {
  assert.equal(normaliseAddress('::ffff:192.0.2.1'), '192.0.2.1')
  assert.equal(normaliseAddress('2001:DB8:0:0:0:0:0:1'), '2001:db8::1')
  assert.equal(normaliseAddress(' [2001:db8::1] '), '2001:db8::1')
  assert.equal(normaliseAddress('id.example.com'), undefined)
})

test('ranges are recognised', () => {
  for (const range of ['10.0.0.0/8', '192.0.2.1', 'fd00::/8', '::1']) assert.equal(isAddressRange(range), true)
  for (const range of ['10.0.0.0/33', 'fd00::/129', 'localhost', '', '/']) assert.equal(isAddressRange(range), false)
})

test('without a trusted proxy, X-Forwarded-For is not believed', () => {
  assert.equal(clientAddress('192.0.2.1', '198.51.100.7', []), '192.0.2.1')
  assert.equal(clientAddress('192.0.2.1', '198.51.100.7', ['10.0.0.0/8', '::/0']), '192.0.2.1')
})

test('behind trusted proxies it is the last address that none of them has', () => {
  const proxies = ['10.0.0.0/8', '2001:db8::/32']
  assert.equal(clientAddress('10.0.0.1', '198.51.100.7', proxies), '198.51.100.7')
  assert.equal(clientAddress('::ffff:10.0.0.1', '198.51.100.7, 2001:db8::5, 10.0.0.2', proxies), '198.51.100.7')
  assert.equal(clientAddress('10.0.0.1', undefined, proxies), '10.0.0.1')
  assert.equal(clientAddress('10.0.0.1', 'unknown', proxies), '10.0.0.1')
  assert.equal(clientAddress(undefined, undefined, proxies), '0.0.0.0')
})

test('nobody chooses their address by what they put in front of the header', () => {
  fc.assert(
    fc.property(fc.string(), (invented) => {
      assert.equal(clientAddress('10.0.0.1', `${invented}, 198.51.100.7`, ['10.0.0.0/8']), '198.51.100.7')
    }),
  )
})

test('an IPv4 address counts alone, an IPv6 address with its /64', () => {
  assert.equal(limitKey('192.0.2.1'), '192.0.2.1')
  assert.equal(limitKey('::ffff:192.0.2.1'), '192.0.2.1')
  assert.equal(limitKey('2001:db8:1:2:3:4:5:6'), limitKey('2001:db8:1:2::9'))
  assert.notEqual(limitKey('2001:db8:1:2::9'), limitKey('2001:db8:1:3::9'))
})
