/** EMVCo merchant-presented payloads: our own, the standard's checksum, and everything broken. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { utf8 } from '#device/codecs/bytes.ts';
import {
  crc16,
  readFields,
  readMerchantPresented,
  writeMerchantPresented,
} from '#device/codecs/emvco.ts';

const OFFER = {
  token: 'AZ3kQw8xYh1uP0cVb2N4m5L6k7J',
  amount_minor: 1250,
  currency: 'CNY',
  merchant: "Lin's Dumplings / 林记饺子",
  city: 'Shanghai',
  country: 'CN',
  category: '5814',
  bill: '06D2K8Q3ZP0W4XNA',
} as const;

describe('merchant-presented payload', () => {
  const payload = writeMerchantPresented(OFFER);

  test('has the fields of §4 in their form', () => {
    const fields = readFields(payload);
    assert.equal(fields?.get('00'), '01');
    assert.equal(fields?.get('01'), '12');
    assert.equal(fields?.get('52'), '5814');
    assert.equal(fields?.get('53'), '156');
    assert.equal(fields?.get('54'), '12.50');
    assert.equal(fields?.get('58'), 'CN');
    assert.equal(fields?.get('60'), 'Shanghai');
    assert.equal(payload.slice(-8, -4), '6304');
  });

  test('gives our token back', () => {
    const read = readMerchantPresented(payload);
    assert.ok(read.ok);
    assert.equal(read.token, OFFER.token);
  });

  test('the checksum is CRC-16/CCITT-FALSE', () => {
    assert.equal(crc16(utf8('123456789')), 0x29b1);
    assert.equal(crc16(utf8('')), 0xffff);
  });

  test('a payload with one character changed is refused', () => {
    for (let at = 0; at < payload.length; at += 1) {
      const other = payload[at] === '7' ? '8' : '7';
      const broken = payload.slice(0, at) + other + payload.slice(at + 1);
      assert.equal(readMerchantPresented(broken).ok, false, `at ${at}`);
    }
  });

  test('a truncated payload is refused', () => {
    for (let length = 0; length < payload.length; length += 1) {
      assert.equal(readMerchantPresented(payload.slice(0, length)).ok, false);
    }
  });

  test("another scheme's payload is not ours", () => {
    // A point-of-sale payload with a template of its own in field 29, closed by its own checksum.
    const body = '000201010211292300191234567890123456789520400005303156540510.005802CN';
    const named = `${body}5904Shop6002BJ6304`;
    const crc = crc16(utf8(named)).toString(16).toUpperCase().padStart(4, '0');
    assert.deepEqual(readMerchantPresented(named + crc), { ok: false, why: 'not_ours' });
  });
});
