/** Short messages in PDU mode: published ones, and whatever a text can be. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { joinParts, PATIENCE_MS, SPREAD_MS, type WaitingPart } from '#device/codecs/sms-join.ts';
import {
  outcomeOf,
  readSmsPdu,
  writeDeliver,
  writeReport,
  writeSubmit,
} from '#device/codecs/sms-pdu.ts';
import { alphabetOf, splitText, writeUserData } from '#device/codecs/sms-text.ts';
import {
  readTimestamp,
  readValidity,
  writeTimestamp,
  writeValidity,
} from '#device/codecs/sms-time.ts';
import { fractions } from '#simulators/simulation/chance.ts';
import { HOME } from '#test/tidy/sources.ts';

interface Golden {
  readonly pdu: string;
  readonly sent_at?: string;
  readonly done_at?: string;
  readonly outcome?: string;
}

const GOLDEN = JSON.parse(
  readFileSync(join(HOME, 'test', 'golden', 'sms-pdu.json'), 'utf8'),
) as Record<'deliver' | 'submit' | 'report', Golden[]>;

/** A repeatable stream of numbers below `n`. */
function dice(seed: number): (n: number) => number {
  const roll = fractions(seed);
  return (n) => Math.floor(roll() * n);
}

const GSM = 'abcXYZ019 @£$ΔΩé\n{}[]~\\|^€§¿àÄ';
const WIDE = '订单已付款饺子，。🥟é€ab';
const some = (letters: string, length: number, roll: (n: number) => number): string => {
  const all = [...letters];
  return Array.from({ length }, () => all[roll(all.length)] ?? '').join('');
};

describe('published messages', () => {
  for (const kind of ['deliver', 'submit', 'report'] as const) {
    for (const { pdu, sent_at, done_at, outcome, ...says } of GOLDEN[kind]) {
      test(`${kind} ${pdu.slice(0, 24)}…`, () => {
        const read = readSmsPdu(pdu) as unknown as Record<string, unknown>;
        assert.equal(read.is, kind);
        for (const [name, value] of Object.entries(says)) assert.deepEqual(read[name], value, name);
        if (sent_at !== undefined) assert.equal(read.sent_at, Date.parse(sent_at));
        if (done_at !== undefined) assert.equal(read.done_at, Date.parse(done_at));
        if (outcome !== undefined) assert.equal(outcomeOf(Number(read.status)), outcome);
        const length = pdu.length / 2 - 1 - Number.parseInt(pdu.slice(0, 2), 16);
        assert.notEqual(readSmsPdu(pdu, length), null);
        assert.equal(readSmsPdu(pdu, length + 1), null, 'a disturbed line is refused');
      });
    }
  }

  test('a submit is written as published, but for the report that we ask for', () => {
    const data = writeUserData('gsm', 'hellohello', null);
    const written = writeSubmit('+46708251358', data, 4 * 86_400_000);
    assert.equal(written.hex, '0031000B916407281553F80000AA0AE8329BFD4697D9EC37');
    assert.equal(written.length, 23);
  });

  test('any cut or lengthened message is refused or read, never thrown', () => {
    for (const { pdu } of Object.values(GOLDEN).flat()) {
      for (let end = 0; end < pdu.length; end += 1) readSmsPdu(pdu.slice(0, end));
      assert.equal(readSmsPdu(`${pdu}0`), null);
    }
    const roll = dice(7);
    for (let run = 0; run < 4000; run += 1) {
      readSmsPdu(some('0123456789ABCDEF', 2 * roll(60), roll));
    }
  });
});

describe('long messages', () => {
  const sizes: [letters: string, alone: number, part: number][] = [
    ['a', 160, 153],
    ['€', 80, 76],
    ['饺', 70, 67],
    ['🥟', 35, 33],
  ];
  for (const [letter, alone, part] of sizes) {
    test(`${letter}: ${alone} alone, ${part} in each part`, () => {
      const pieces = (count: number): number[] | undefined =>
        splitText(letter.repeat(count))?.pieces.map((each) => [...each].length);
      assert.deepEqual(pieces(alone), [alone]);
      assert.deepEqual(pieces(alone + 1), [part, alone + 1 - part]);
      assert.deepEqual(pieces(2 * part), [part, part]);
      assert.deepEqual(pieces(2 * part + 1), [part, part, 1]);
      assert.equal(splitText(letter.repeat(255 * part))?.pieces.length, 255);
      assert.equal(splitText(letter.repeat(255 * part + 1)), null);
    });
  }

  test('every text comes back, cut and joined in any order, with 8 and 16 bits', () => {
    const roll = dice(23);
    for (let run = 0; run < 400; run += 1) {
      const text = some(run % 2 === 0 ? GSM : WIDE, 1 + roll(400), roll);
      const split = splitText(text);
      assert.ok(split !== null);
      const count = split.pieces.length;
      const wide = roll(2) === 1;
      const reference = roll(wide ? 65_536 : 256);
      const parts = split.pieces.map((piece, at): WaitingPart => {
        // With a 16-bit reference a part has one octet less; a message of ours has always 8.
        const short = wide ? [...piece].slice(0, 30).join('') : piece;
        const part = count === 1 ? null : { reference, wide, count, number: at + 1 };
        const data = writeUserData(split.alphabet, short, part);
        const at_ = { from: '+8613800000001', at: 1_700_000_000_000 };
        const { hex, length } = writeDeliver('+8613800100500', at_, data);
        const read = readSmsPdu(hex, length);
        assert.ok(read?.is === 'deliver', hex);
        assert.deepEqual(read.part, part);
        if (wide || count === 1) assert.equal(read.text, short);
        return { message: { ...read, text: piece }, index: at };
      });
      const shuffled = parts.toSorted(() => roll(3) - 1);
      const doubled = [...shuffled, ...shuffled.slice(0, 1)];
      const { whole, waiting } = joinParts(doubled, 1_700_000_000_000);
      assert.equal(waiting.length, 0);
      if (count > 1)
        assert.deepEqual(
          whole.map((each) => each.text),
          [text],
        );
    }
  });

  test('a missing part is waited for, and the rest is given at last', () => {
    const message = (number: number): WaitingPart => ({
      index: number,
      message: {
        ...({ is: 'deliver', from: '10086', sent_at: 1000, text: `${number}.` } as const),
        part: { reference: 1, wide: false, count: 3, number },
      },
    });
    const parts = [message(3), message(1)];
    assert.equal(joinParts(parts, 2000).waiting.length, 2);
    const late = joinParts(parts, 1000 + PATIENCE_MS);
    assert.deepEqual(late.whole, [{ from: '10086', text: '1.3.', sent_at: 1000, indexes: [3, 1] }]);
  });

  test('a reference that came round again joins nothing', () => {
    const part = (index: number, number: number, text: string, sent_at: number): WaitingPart => ({
      index,
      message: {
        ...({ is: 'deliver', from: '10086', sent_at, text } as const),
        part: { reference: 7, wide: false, count: 2, number },
      },
    });
    const later = 1000 + SPREAD_MS + 1;
    // Of the first one its second part never came; of the next one the first part comes last.
    const stray = [part(1, 1, 'old ', 1000), part(2, 2, 'end', later), part(3, 1, 'new ', later)];
    const { whole, waiting } = joinParts(stray, later);
    assert.deepEqual(whole, [{ from: '10086', text: 'new end', sent_at: later, indexes: [2, 3] }]);
    assert.deepEqual(waiting, [stray[0]]);
    // Close together, two texts for one place are of two messages; the same one twice is not.
    const two = [part(1, 1, 'a', 1), part(2, 1, 'b', 2), part(3, 2, 'b', 3), part(4, 2, 'b', 4)];
    assert.deepEqual(
      joinParts(two, 5).whole.map(({ text, indexes }) => [text, indexes]),
      [['bb', [2, 3, 4]]],
    );
    // A part that was slow on its way is of its message all the same.
    const slow = [part(2, 2, 'B', 1000 + SPREAD_MS), part(1, 1, 'A', 1000)];
    assert.equal(joinParts(slow, 1000 + SPREAD_MS).whole[0]?.text, 'AB');
  });
});

describe('the rest of a message', () => {
  test('addresses: international, national, short, a name', () => {
    for (const from of ['+8613800000001', '13800000001', '10086', '+1', 'Hawker', '*100#']) {
      const { hex } = writeDeliver('+1', { from, at: 0 }, writeUserData('gsm', 'x', null));
      const read = readSmsPdu(hex);
      assert.ok(read?.is === 'deliver');
      assert.equal(read.from, from);
    }
    const data = writeUserData('gsm', 'x', null);
    assert.throws(() => writeSubmit('订单', data, 0), RangeError);
    assert.throws(() => writeSubmit('', data, 0), RangeError);
  });

  test('a report names the message and its end', () => {
    const report = {
      ...{ reference: 200, to: '+8613800000001', sent_at: 1e12, done_at: 1e12 + 5000, status: 0 },
    };
    const { hex, length } = writeReport('+8613800100500', report);
    assert.deepEqual(readSmsPdu(hex, length), { is: 'report', ...report });
    assert.deepEqual([0x00, 0x02, 0x20, 0x30, 0x40, 0x46, 0x63].map(outcomeOf), [
      ...['delivered', 'delivered', 'delayed', 'delayed', 'failed', 'failed', 'failed'],
    ]);
  });

  test('time stamps keep their moment in every time zone; nonsense is none', () => {
    const roll = dice(5);
    for (let run = 0; run < 500; run += 1) {
      const at = roll(2_000_000_000) * 1000;
      const offset = (roll(105) - 52) * 15;
      assert.equal(readTimestamp(writeTimestamp(at, offset)), at);
    }
    assert.equal(readTimestamp(Uint8Array.of(0x11, 0x31, 0x10, 0, 0, 0, 0)), null);
    assert.equal(readTimestamp(Uint8Array.of(0x1f, 0x10, 0x10, 0, 0, 0, 0)), null);
  });

  test('validity is never shorter than asked', () => {
    for (let octet = 0; octet < 256; octet += 1)
      assert.equal(writeValidity(readValidity(octet)), octet);
    assert.equal(writeValidity(1), 0);
    assert.equal(writeValidity(1e15), 255);
  });

  test('coding schemes of TS 23.038 §4', () => {
    const schemes: [number, ReturnType<typeof alphabetOf>][] = [
      [0x00, 'gsm'],
      [0x04, 'octets'],
      [0x08, 'ucs2'],
      [0x11, 'gsm'],
      [0x20, null],
      [0x0c, null],
      [0x80, null],
      [0xc8, 'gsm'],
      [0xe0, 'ucs2'],
      [0xf1, 'gsm'],
      [0xf5, 'octets'],
    ];
    for (const [scheme, alphabet] of schemes) assert.equal(alphabetOf(scheme), alphabet);
  });
});
