/** Which list of blocked cards a terminal goes by, in whatever order they come. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { applyHotlist } from '#device/flows/hotlist.ts';
import type { Hotlist } from '#device/messages/card.ts';

const CARD = 'HC7T51WJ65BYGAECSS';
const list = (version: number, issued_at: number, ...entries: string[]): Hotlist => ({
  ...{ version, issued_at, entries, full: true, removed: [] },
});

describe('list of blocked cards', () => {
  test('a newer one counts, also where the clock of the gateway was ahead before', () => {
    const ahead = applyHotlist(null, list(3, 9_000, CARD));
    const righted = applyHotlist(ahead, list(4, 1_000));
    assert.deepEqual(righted, { version: 4, cards: new Set(), issuedAt: 1_000 });
  });

  test('one that was overtaken, or is said again, changes nothing', () => {
    const known = applyHotlist(null, list(4, 9_000));
    assert.equal(applyHotlist(known, list(3, 8_000, CARD)), known);
    assert.equal(applyHotlist(known, list(4, 8_000)), known);
  });
});
