/** Power that goes at any byte leaves the old state or the new one: every byte is tried. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hex, utf8 } from '#device/codecs/bytes.ts';
import * as c from '#device/codecs/desfire-commands.ts';
import type { Card } from '#simulators/card/card.ts';
import { Eeprom, PowerLost, TwoCopies } from '#simulators/card/eeprom.ts';
import { writeState } from '#simulators/card/state.ts';
import { DEBIT, FILES, KEYS, opened, purse, ZERO_KEY } from './bench.ts';

const stateOf = (card: Card): string => hex(writeState(card.state));

interface Story {
  readonly name: string;
  /** Brings the card to where the last step is one write; that step is torn. */
  readonly until: (card: Card) => () => void;
}

const STORIES: readonly Story[] = [
  {
    name: 'a debit with its record and Transaction MAC',
    until(card) {
      const to = opened(card, DEBIT);
      to.must(c.debit(FILES.value, 1250, 'full'));
      to.must(c.writeRecord(FILES.log, 0, utf8('sixteen letters.'), 'mac'));
      return () => to.must(c.commitTransaction(true));
    },
  },
  {
    name: 'a key change',
    until(card) {
      const to = opened(card, 0);
      const old = KEYS[3] ?? ZERO_KEY;
      return () => to.must(c.changeKey({ keyNo: 3, key: ZERO_KEY, version: 8, old }));
    },
  },
  {
    name: 'a write to a standard file',
    until(card) {
      const to = opened(card, DEBIT);
      const data = new Uint8Array(40).fill(0xee);
      return () => to.must(c.writeData(FILES.standard, 3, data, 'full'));
    },
  },
];

describe('torn in the middle', () => {
  for (const { name, until } of STORIES) {
    test(`${name}: old or new after every byte, and never old after it was answered`, () => {
      const origin = purse().eeprom.image();
      const fresh = (): Card => purse({ eeprom: new Eeprom(origin) });
      const whole = fresh();
      const old = stateOf(whole);
      const finish = until(whole);
      const before = whole.eeprom.written;
      finish();
      const bytes = whole.eeprom.written - before;
      const after = stateOf(whole);
      assert.ok(bytes > 20 && after !== old, `${bytes} bytes`);
      const seen = { old: 0, new: 0 };
      for (let cut = 0; cut < bytes; cut += 1) {
        const card = fresh();
        const end = until(card);
        card.eeprom.cutAfter(cut);
        assert.throws(end, PowerLost);
        const found = stateOf(purse({ eeprom: new Eeprom(card.eeprom.image()) }));
        assert.equal(stateOf(card), found, 'the card knows what its memory holds');
        assert.ok(found === old || found === after, `a mixture after ${cut} bytes`);
        seen[found === old ? 'old' : 'new'] += 1;
      }
      assert.ok(seen.old > 0);
    });
  }

  test('a card torn again and again keeps all that it answered', () => {
    const card = purse();
    let spent = 0;
    for (let round = 0; round < 60; round += 1) {
      const to = opened(card, DEBIT);
      to.must(c.debit(FILES.value, 10, 'full'));
      card.eeprom.cutAfter((round * 97) % 1700);
      try {
        to.must(c.commitTransaction(true));
        spent += 10;
      } catch (error) {
        assert.ok(error instanceof PowerLost);
      }
      card.eeprom.cutAfter(null);
      card.powerDown();
      const value = opened(card, DEBIT).must(c.getValue(FILES.value, 'full'));
      assert.equal(new DataView(value.buffer).getInt32(0, true), 10_000 - spent);
    }
    assert.ok(spent > 0 && spent < 600, `${spent} spent`);
  });
});

test('two copies take turns, and a blank memory has none', () => {
  const eeprom = new Eeprom();
  const store = new TwoCopies(eeprom);
  assert.equal(store.load(), null);
  for (const text of ['a', 'bb', 'ccc']) {
    store.save(utf8(text));
    assert.equal(hex(store.load() ?? utf8('')), hex(utf8(text)));
  }
  assert.throws(() => store.save(new Uint8Array(40_000)), RangeError);
});
