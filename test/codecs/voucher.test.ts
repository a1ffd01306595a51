/** A voucher's signed forms: short for a QR code, long for systems; both say the same. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ed25519 } from '@noble/curves/ed25519.js';
import QRCode from 'qrcode';
import { readVoucher, writeVoucher } from '#device/codecs/voucher.ts';
import { writeShortVoucher } from '#device/codecs/voucher-short.ts';
import type { VoucherClaims } from '#device/messages/voucher.ts';

const SECRET = new Uint8Array(32).fill(5);
const PUBLIC = ed25519.getPublicKey(SECRET);
const CLAIMS: VoucherClaims = {
  ...{ v: 1, number: '001234567890', amount_minor: 20_000, currency: 'CNY', serial: 3 },
  ...{ issuing: 'Market office / 市场办公室', paying: 'Harbour fund' },
  ...{ beneficiary: 'Chen Yi', terms: { transferable: true, partial: false } },
  ...{ issued_at: 1_760_000_000_123, expires_at: 1_790_000_000_000 },
};

const NAMES = ['A', 'Chen Yi', '市场办公室', '👩‍🍳 Lin', 'é'.repeat(80), '市'.repeat(80)];
const pick = <T>(from: readonly T[], at: number): T => from[at % from.length] as T;

/** Vouchers at and between the ends of each field. */
function* vouchers(): Generator<VoucherClaims> {
  const counts = [1, 127, 128, 16_383, 16_384, 99_999_999];
  const moments = [0, 1_760_000_000_123, 4_000_000_000_000, Number.MAX_SAFE_INTEGER];
  for (let at = 0; at < 48; at += 1) {
    yield {
      ...{ v: 1, number: `${(at * 21_276_595_744) % 1e12}`.padStart(12, '0') },
      ...{ amount_minor: pick(counts, at), serial: pick([0, ...counts], at) },
      currency: pick(['CNY', 'EUR', 'USD'] as const, at),
      ...{ issuing: pick(NAMES, at), paying: pick(NAMES, at * 5 + 1) },
      beneficiary: pick(NAMES, at * 7 + 2),
      terms: { transferable: at % 2 === 0, partial: at % 3 === 0 },
      ...{ issued_at: pick(moments, at), expires_at: pick(moments, at + 1) },
    };
  }
}

describe('the short form of a voucher', () => {
  test('says what the long one says, whatever the voucher', () => {
    for (const each of vouchers()) {
      const short = readVoucher(PUBLIC, writeShortVoucher(SECRET, each), 0);
      assert.deepEqual(short, readVoucher(PUBLIC, writeVoucher(SECRET, each), 0));
      assert.deepEqual(short.ok && short.claims, each);
    }
  });

  test('any other character, length or key is no voucher', () => {
    const text = writeShortVoucher(SECRET, CLAIMS);
    const other = ed25519.getPublicKey(new Uint8Array(32).fill(6));
    assert.deepEqual(readVoucher(other, text, 0), { ok: false, why: 'forged' });
    for (let at = 0; at < text.length; at += 7) {
      const changed = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
      assert.ok(!readVoucher(PUBLIC, changed, 0).ok, `character ${at}`);
    }
    for (const bad of ['', '0', `0${text}`, `${text}0`, text.slice(1), text.toLowerCase(), '$']) {
      assert.ok(!readVoucher(PUBLIC, bad, 0).ok, bad.slice(0, 10));
    }
  });

  test('its QR symbol is coarser by a third, and bears twice the damage', () => {
    const rows = (url: string, errorCorrectionLevel: 'L' | 'M') =>
      QRCode.create(url, { errorCorrectionLevel }).modules.size;
    const short = rows(`HTTPS://VOUCHERS.EXAMPLE/V/${writeShortVoucher(SECRET, CLAIMS)}`, 'M');
    const long = rows(`https://vouchers.example/v?t=${writeVoucher(SECRET, CLAIMS)}`, 'L');
    assert.ok(short <= 57 && long >= 77, `${short} and ${long}`);
  });
});
