/** What a scanner types, and what a scanned text is. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EV_KEY, EV_SYN, type InputEvent, readEvents, writeEvents } from '#device/codecs/evdev.ts';
import { readScan } from '#device/codecs/scan.ts';
import {
  endTyped,
  keyOf,
  MOST_CHARACTERS,
  NOTHING_TYPED,
  type Typed,
  typeEvent,
} from '#device/codecs/scan-keys.ts';
import type { Scan } from '#device/ports/scanner.ts';

const key = (code: number, value: number): InputEvent => ({ type: EV_KEY, code, value });
const press = (code: number): InputEvent[] => [key(code, 1), key(code, 0)];

/** What a row of events types. */
function typed(...events: readonly InputEvent[]): { scans: Scan[]; rest: Typed } {
  const scans: Scan[] = [];
  let rest = NOTHING_TYPED;
  for (const event of events) {
    const step = typeEvent(rest, event);
    rest = step.typed;
    if (step.scan !== null) scans.push(step.scan);
  }
  return { scans, rest };
}

const ENTER = press(28);
const code = (text: string): Scan => ({ is: 'code', text, ended: true });

describe('keys of a scanner', () => {
  test('events of a 64-bit and of a 32-bit program, cut anywhere', () => {
    for (const length of [24, 16] as const) {
      const events = [...press(30), { type: EV_SYN, code: 0, value: -1 }];
      const bytes = writeEvents(events, length);
      assert.equal(bytes.length, 3 * length);
      const first = readEvents(bytes.subarray(0, length + 5), length);
      assert.deepEqual([first.events, first.rest.length], [events.slice(0, 1), 5]);
      const joined = Buffer.concat([first.rest, bytes.subarray(length + 5)]);
      assert.deepEqual(readEvents(joined, length).events, events.slice(1));
    }
  });

  test('every printable character has its key', () => {
    for (let at = 32; at < 127; at += 1) {
      const character = String.fromCharCode(at);
      const found = keyOf(character);
      assert.ok(found, character);
      const shift = found.shift ? [key(54, 1)] : [];
      const { scans } = typed(...shift, ...press(found.code), ...ENTER);
      assert.deepEqual(scans, [code(character)]);
    }
    assert.equal(keyOf('ö'), null);
  });

  test('Shift held over a scan, Caps Lock, the keypad, Alt codes and held keys', () => {
    const both = typed(key(42, 1), key(54, 1), key(42, 0), ...press(30), key(54, 0), ...press(30));
    assert.equal(both.rest.text, 'Aa');
    const caps = typed(...press(58), ...press(30), ...press(2), key(42, 1), ...press(30));
    assert.equal(caps.rest.text, 'A1a', 'digits know no Caps Lock');
    assert.equal(typed(...press(58), ...ENTER, ...press(30)).rest.text, 'a', 'forgotten');
    assert.equal(typed(...press(79), ...press(82), ...press(83)).rest.text, '10.');
    const alt = [key(56, 1), ...press(82), ...press(77), ...press(76), key(56, 0)];
    assert.equal(typed(...alt).rest.text, 'A', '065');
    assert.equal(typed(key(30, 1), key(30, 2), key(30, 2), key(30, 0)).rest.text, 'a');
  });

  test('keys that write nothing, lost events and too much make a scan unreadable, once', () => {
    const garbled = { is: 'unreadable', why: 'garbled' } as const;
    assert.deepEqual(typed(...press(194), ...press(30), ...ENTER).scans, [garbled]);
    const dropped = { type: EV_SYN, code: 3, value: 0 };
    const { scans } = typed(...press(30), dropped, ...ENTER, ...press(30), ...ENTER);
    assert.deepEqual(scans, [garbled, code('a')]);
    const long = Array.from({ length: MOST_CHARACTERS + 50 }, () => press(30)).flat();
    assert.deepEqual(typed(...long, ...ENTER).scans, [{ is: 'unreadable', why: 'too_long' }]);
    assert.deepEqual(typed(...ENTER, ...ENTER).scans, [], 'nothing was scanned');
    assert.deepEqual(endTyped(typed(...press(30)).rest, false), { ...code('a'), ended: false });
  });
});

describe('what was scanned', () => {
  const what = (text: string): string => {
    const read = readScan(text);
    return read.is === 'voucher' ? `voucher ${read.token}` : read.what;
  };
  const SHORT = '17$*+-:'.repeat(20);
  const LONG = 'eyJhbGciOiJFZERTQSJ9.eyJ2IjoxLCJudW1i.c2lnbmF0dXJlc2ln';

  test('a voucher, by its address in either form or bare, with an AIM prefix or none', () => {
    assert.equal(what(`HTTPS://FUNDS.EXAMPLE:8443/V/${SHORT}`), `voucher ${SHORT}`);
    assert.equal(what(`]Q1HTTP://FUNDS.EXAMPLE/V/${SHORT}`), `voucher ${SHORT}`);
    assert.equal(what(`https://funds.example/v?t=${LONG}`), `voucher ${LONG}`);
    assert.equal(what(SHORT), `voucher ${SHORT}`);
    assert.equal(what(` ${LONG} `), `voucher ${LONG}`);
  });

  test('anything else is named', () => {
    for (const product of ['4006381333931', ']E04006381333931', '96385074', '036000291452']) {
      assert.equal(what(product), 'product', product);
    }
    assert.equal(what('4006381333932'), 'unknown', 'its check digit is wrong');
    assert.equal(what('00020101021229300012D156000000000510A93FO3230Q'), 'payment');
    assert.equal(what('http://127.0.0.1:8401/p/AbC-123'), 'payment');
    assert.equal(what('wxp://f2f0abc'), 'payment');
    assert.equal(what('https://example.com/menu'), 'link');
    assert.equal(what('https://example.com/V/'), 'link');
    assert.equal(what('mailto:a@example.com'), 'link');
    assert.equal(what('HTTPS>&&FUNDS.EXAMPLE&V&17'), 'layout', 'German');
    assert.equal(what('httpM!!funds'), 'unknown');
    for (const odd of ['', ']', ']Q1', 'hello', '%', '\u0000', 'V/', 'http', 'https:']) {
      assert.ok(['unknown', 'layout', 'link'].includes(what(odd)), odd);
    }
  });
});
