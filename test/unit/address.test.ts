import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  clientAddress,
  isAddressRange,
  isInRanges,
  isPublicAddress,
  limitKey,
  normaliseAddress,
} from '../../src/platform/address.ts'

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

test('public is what the world can reach, and nothing with a use of its own', () => {
  for (const address of [
    '1.1.1.1',
    '9.255.255.255',
    '11.0.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '2606:4700::1111',
    '2a00::1',
  ])
    assert.ok(isPublicAddress(address), address)
  const special = [
    ...['0.0.0.0', '10.0.0.1', '100.64.0.1', '127.255.255.254', '169.254.169.254', '172.16.0.1', '172.31.255.255'],
    ...[
      '192.0.0.1',
      '192.0.2.1',
      '192.88.99.1',
      '192.168.0.1',
      '198.18.0.1',
      '198.51.100.1',
      '203.0.113.1',
      '224.0.0.1',
    ],
    ...[
      '240.0.0.1',
      '255.255.255.255',
      '::',
      '::1',
      '::127.0.0.1',
      '::ffff:10.0.0.1',
      '64:ff9b::a00:1',
      '64:ff9b:1::1',
    ],
    ...[
      '100::1',
      '2001::1',
      '2001:db8::1',
      '2002:a00:1::',
      '3fff::1',
      '4000::1',
      'fc00::1',
      'fd12::1',
      'fe80::1',
      'fec0::1',
      'ff02::1',
    ],
    ...['', 'localhost', '10', '1.2.3', '1.2.3.4.5', ':::'],
  ]
  for (const address of special) assert.ok(!isPublicAddress(address), address)
})

test('ranges hold what is in them, in either spelling of an address', () => {
  assert.ok(isInRanges('10.1.2.3', ['192.168.0.0/16', '10.0.0.0/8']))
  assert.ok(isInRanges('::ffff:10.1.2.3', ['10.0.0.0/8']))
  assert.ok(isInRanges('fd00::1', ['fd00::/8']))
  assert.ok(!isInRanges('11.0.0.1', ['10.0.0.0/8']))
  assert.ok(!isInRanges('::a01:203', ['10.0.0.0/8']))
  assert.ok(!isInRanges('10.1.2.3', []))
  assert.ok(!isInRanges('localhost', ['0.0.0.0/0']))
})
