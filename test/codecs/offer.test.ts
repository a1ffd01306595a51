/** Rows A5, A6: what a phone scans or hears can't be forged, moved or kept for later. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readBroadcast, verifyBroadcast, writeBroadcast } from '#device/codecs/broadcast.ts';
import { base64url, fromBase64url } from '#device/codecs/bytes.ts';
import { digitsStep, verifyDigits, writeDigits } from '#device/codecs/digits.ts';
import { deriveKeys } from '#device/codecs/keys.ts';
import { offerOrder, verifyOffer, writeOffer } from '#device/codecs/offer.ts';
import {
  mintOrderNumber,
  orderNumberBytes,
  writeOrderNumber,
} from '#device/codecs/order-number.ts';
import { distanceMetres, widenStep } from '#device/codecs/place-time.ts';

const KEYS = deriveKeys(base64url(new Uint8Array(32).fill(1)));
const OTHER = deriveKeys(base64url(new Uint8Array(32).fill(2)));
const NOW = Date.UTC(2026, 4, 1, 12);
const ORDER = mintOrderNumber(NOW, Uint8Array.of(1, 2, 3, 4));
const PLACE = { latitude: 31.2304, longitude: 121.4737 };

function flips(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: bytes.length * 8 }, (_, bit) =>
    bytes.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)),
  );
}

describe('the QR token', () => {
  const token = writeOffer(KEYS.offer, ORDER, PLACE, NOW);

  test('is 27 characters and names its order', () => {
    assert.equal(token.length, 27);
    assert.equal(offerOrder(token), ORDER);
  });

  test('is good for a minute and then too old', () => {
    const at = (ms: number): string => verifyOffer(KEYS.offer, token, PLACE, NOW + ms);
    assert.equal(at(0), 'good');
    assert.equal(at(59_000), 'good');
    assert.equal(at(75_000), 'too_old');
    assert.equal(at(86_400_000), 'too_old');
    assert.equal(at(-60_000), 'too_early');
  });

  test('years later it is no longer recognised, still less good', () => {
    assert.notEqual(verifyOffer(KEYS.offer, token, PLACE, NOW + 400 * 86_400_000), 'good');
  });

  test('does not fit another place, another terminal or another bit', () => {
    const elsewhere = { ...PLACE, longitude: PLACE.longitude + 0.001 };
    assert.equal(verifyOffer(KEYS.offer, token, elsewhere, NOW), 'forged');
    assert.equal(verifyOffer(OTHER.offer, token, PLACE, NOW), 'forged');
    for (const bytes of flips(fromBase64url(token) ?? new Uint8Array())) {
      const verdict = verifyOffer(KEYS.offer, base64url(bytes), PLACE, NOW);
      assert.equal(verdict, 'forged');
    }
  });

  test('anything else is malformed', () => {
    for (const text of ['', 'x', token.slice(1), `${token}A`, '!'.repeat(27), '中'.repeat(27)]) {
      assert.equal(verifyOffer(KEYS.offer, text, PLACE, NOW), 'malformed');
      assert.equal(offerOrder(text), null);
    }
  });
});

describe('the broadcast', () => {
  const data = writeBroadcast(KEYS.broadcast, ORDER, NOW, -67);

  test('is 24 bytes and fits legacy advertising with the flags', () => {
    assert.equal(data.length, 24);
    assert.deepEqual(readBroadcast(data)?.order, ORDER);
    assert.equal(readBroadcast(data)?.powerAtOneMetre, -67);
  });

  test('is good for half a minute and then too old', () => {
    assert.equal(verifyBroadcast(KEYS.broadcast, data, NOW), 'good');
    assert.equal(verifyBroadcast(KEYS.broadcast, data, NOW + 30_000), 'good');
    assert.equal(verifyBroadcast(KEYS.broadcast, data, NOW + 50_000), 'too_old');
    assert.equal(verifyBroadcast(KEYS.broadcast, data, NOW - 50_000), 'too_early');
  });

  test('no bit of it can be changed, and no other terminal can say it', () => {
    assert.equal(verifyBroadcast(OTHER.broadcast, data, NOW), 'forged');
    for (const bytes of flips(data)) {
      const verdict = verifyBroadcast(KEYS.broadcast, bytes, NOW);
      assert.ok(verdict === 'forged' || verdict === 'malformed', verdict);
    }
  });

  test('truncated or foreign data is malformed', () => {
    for (let length = 0; length < data.length; length += 1) {
      assert.equal(readBroadcast(data.subarray(0, length)), null);
    }
  });
});

describe('the two digits', () => {
  test('hold for their half minute and the time to type them, for their order alone', () => {
    const digits = writeDigits(KEYS.digits, ORDER, digitsStep(NOW));
    assert.match(digits, /^\d\d$/);
    assert.equal(verifyDigits(KEYS.digits, ORDER, digits, NOW), true);
    assert.equal(verifyDigits(KEYS.digits, ORDER, digits, NOW + 49_000), true, 'while typing');
    assert.equal(verifyDigits(KEYS.digits, ORDER, digits, NOW - 1_000), true, 'clocks differ');
    assert.equal(verifyDigits(KEYS.digits, ORDER, 'xx', NOW), false);
  });

  test('are spread over all hundred, and change', () => {
    const seen = new Set<string>();
    for (let step = 0; step < 2000; step += 1) seen.add(writeDigits(KEYS.digits, ORDER, step));
    assert.equal(seen.size, 100);
  });
});

describe('order numbers', () => {
  test('round-trip, sort by time and take 16 digits', () => {
    const later = mintOrderNumber(NOW + 1, Uint8Array.of(0, 0, 0, 0));
    assert.equal(ORDER.length, 16);
    assert.ok(later > ORDER);
    assert.equal(writeOrderNumber(orderNumberBytes(ORDER)), ORDER);
    const all = new Uint8Array(10).fill(255);
    assert.deepEqual(orderNumberBytes(writeOrderNumber(all)), all);
    assert.throws(() => orderNumberBytes('IIIIIIIIIIIIIIII'), RangeError);
    assert.throws(() => orderNumberBytes('0'), RangeError);
  });
});

describe('place and time', () => {
  test('a step is widened to the nearest one', () => {
    for (const near of [70_000, 65_535, 65_536, 178_000_000]) {
      for (const off of [-30_000, -1, 0, 1, 30_000]) {
        assert.equal(widenStep((((near + off) % 65536) + 65536) % 65536, near), near + off);
      }
    }
  });

  test('a thousandth of a degree of latitude is 111 metres', () => {
    const there = { ...PLACE, latitude: PLACE.latitude + 0.001 };
    assert.ok(Math.abs(distanceMetres(PLACE, there) - 111.2) < 0.3);
    assert.equal(distanceMetres(PLACE, PLACE), 0);
  });
});
