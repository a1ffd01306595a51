/** Row A1: what the vendor keys becomes lines of an order, or a clear refusal, never another amount. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EMPTY_ENTRY, keyEntry, readEntry } from '#device/flows/entry.ts';
import type { Key } from '#device/ports/keypad.ts';

const STALL = {
  currency: 'CNY',
  catalogue: [
    { code: '2', name: 'Dumplings', unit_minor: 600 },
    { code: '21', name: 'Soup', unit_minor: 450 },
  ],
} as const;
const stall = { ...STALL, catalogue: [...STALL.catalogue] };

function keyed(text: string) {
  const keys = text.split('').map((each) => (each === '<' ? 'back' : each)) as Exclude<
    Key,
    'enter'
  >[];
  return readEntry(keys.reduce(keyEntry, EMPTY_ENTRY), stall);
}

describe('entry', () => {
  const good: [text: string, total: number, lines: number][] = [
    ['12.50', 1250, 1],
    ['12.5', 1250, 1],
    ['.5', 50, 1],
    ['12.', 1200, 1],
    ['0.01', 1, 1],
    ['007', 700, 1],
    ['999999.99', 99_999_999, 1],
    ['3*4.50', 1350, 1],
    ['/2', 600, 1],
    ['3*/21', 1350, 1],
    ['3*/2+1.20+/21', 2370, 3],
    ['12.345<', 1234, 1],
    ['1..<5', 150, 1],
  ];
  for (const [text, total, lines] of good) {
    test(`${text} is ${total} in ${lines} line(s)`, () => {
      const read = keyed(text);
      assert.equal(read.problem, undefined);
      assert.equal(read.total_minor, total);
      assert.equal(read.lines.length, lines);
    });
  }

  const bad: [text: string, problem: string, stuck: boolean][] = [
    ['', 'empty', false],
    ['.', 'empty', false],
    ['0', 'zero', false],
    ['0.00', 'zero', true],
    ['-5', 'negative', true],
    ['1.234', 'too_many_places', true],
    ['1..2', 'two_points', true],
    ['1000000', 'too_large', true],
    ['99999999999999999999', 'too_large', true],
    ['5*999999', 'too_large', true],
    ['12.50+', 'empty', false],
    ['+12.50', 'empty', true],
    ['0*5', 'quantity_zero', true],
    ['1.5*2', 'not_a_number', true],
    ['10000*1', 'quantity_too_large', true],
    ['2*3*4', 'not_a_number', true],
    ['/9', 'unknown_item', false],
    ['/99999', 'unknown_item', true],
    ['1/2', 'not_a_number', true],
    ['1+'.repeat(50), 'too_many_lines', true],
    ['1'.repeat(201), 'too_many_keys', true],
  ];
  for (const [text, problem, stuck] of bad) {
    test(`${text.slice(0, 24) || 'nothing'} is refused: ${problem}`, () => {
      const read = keyed(text);
      assert.equal(read.problem, problem);
      assert.equal(read.stuck, stuck);
    });
  }

  test('cancel empties, back takes one key back', () => {
    assert.deepEqual(keyEntry({ keyed: '12', refused: true }, 'cancel'), EMPTY_ENTRY);
    assert.equal(keyEntry({ keyed: '12', refused: true }, 'back').keyed, '1');
    assert.equal(keyEntry(EMPTY_ENTRY, 'back').keyed, '');
  });

  test('no sequence of keys makes an order that its own digits do not say', () => {
    // A deterministic walk over random keys; an independent reader of the text is the judge.
    let seed = 7;
    const next = (): number => {
      seed = (seed * 48271) % 2147483647;
      return seed;
    };
    const keys = '0123456789.+-*/<'.split('');
    for (let round = 0; round < 20_000; round += 1) {
      const text = Array.from({ length: next() % 12 }, () => keys[next() % keys.length]).join('');
      const read = keyed(text);
      if (read.problem !== undefined) continue;
      const left = text.replace(/./g, (each, at) => (text[at + 1] === '<' ? '' : each));
      if (left.includes('<') && /<</.test(text)) continue;
      assert.equal(read.total_minor, judge(left.replaceAll('<', '')), text);
    }
  });
});

/** Adds the terms up in fen with plain decimal arithmetic on strings. */
function judge(text: string): number {
  return text.split('+').reduce((sum, term) => {
    const [what = '', times = '1'] = term.split('*').reverse();
    if (what.startsWith('/')) {
      const price = stall.catalogue.find((item) => `/${item.code}` === what)?.unit_minor ?? NaN;
      return sum + price * Number(times);
    }
    const [whole = '', part = ''] = what.split('.');
    return sum + (Number(whole || '0') * 100 + Number(part.padEnd(2, '0'))) * Number(times);
  }, 0);
}
