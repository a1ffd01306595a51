/** Who is one caller, by their address. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networkOf } from '#gateway/network.ts';

test('an IPv4 address is one caller, also as an IPv6 socket writes it', () => {
  assert.equal(networkOf('192.0.2.7'), '192.0.2.7');
  assert.equal(networkOf('::ffff:192.0.2.7'), '192.0.2.7');
  assert.notEqual(networkOf('192.0.2.8'), networkOf('192.0.2.7'));
});

test('of IPv6 the first 64 bits are, however they are written', () => {
  const one = networkOf('2001:db8:0:7::1');
  assert.equal(one, '2001:db8:0:7::/64');
  const same = [
    ...['2001:0DB8:0000:0007:ffff:ffff:ffff:fffe', '2001:db8::7:1:2:3:4', '2001:db8:0:7::'],
    ...['2001:db8:0:7::192.0.2.7', '2001:db8:0:7:1:2:192.0.2.7', '2001:db8:0:7::1%eth0'],
  ];
  for (const each of same) assert.equal(networkOf(each), one, each);
  for (const each of ['2001:db8:0:8::1', '2001:db8::7', '::1', '::', '1::2:3:4:5:6:7']) {
    assert.notEqual(networkOf(each), one, each);
  }
  assert.equal(networkOf('::1'), '0:0:0:0::/64');
  assert.equal(networkOf('1::2:3:4:5:6:7'), '1:0:2:3::/64');
  assert.equal(networkOf('1:2:3:4:5:6:7::'), '1:2:3:4::/64');
});

test('what is no address stays what it is', () => {
  for (const each of ['', 'unknown', '/run/gateway.sock', '2001:db8:::1']) {
    assert.equal(networkOf(each), each);
  }
});
