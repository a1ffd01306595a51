/** Which list of blocked cards a terminal goes by, in whatever order they come. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { applyHotlist, isNews, recallHotlist } from '#device/flows/hotlist.ts';
import type { Hotlist } from '#device/messages/card.ts';
import { Counter, cardWith } from './card-stand.ts';
import { START } from './stand.ts';

const CARD = 'HC7T51WJ65BYGAECSS';
const list = (version: number, issued_at: number, ...entries: string[]): Hotlist => ({
  ...{ version, issued_at, entries, full: true, removed: [] },
});

describe('list of blocked cards', () => {
  test('a newer one counts, also where the clock of the gateway was ahead before', () => {
    const ahead = applyHotlist(null, list(3, 9_000, CARD), 9_000);
    const righted = applyHotlist(ahead, list(4, 1_000), 1_000);
    assert.deepEqual(righted, { version: 4, cards: new Set(), issuedAt: 1_000 });
  });

  test('one that was overtaken, or is said again, changes nothing', () => {
    const known = applyHotlist(null, list(4, 9_000), 9_000);
    assert.equal(applyHotlist(known, list(3, 8_000, CARD), 9_500), known);
    assert.equal(applyHotlist(known, list(4, 8_000), 9_500), known);
  });

  test('of the same version, one whose date has not come yet gives way to the true date, for good', () => {
    const year = 365 * 86_400_000;
    const ahead = applyHotlist(null, list(4, START + year, CARD), START + year);
    const told = list(4, START, CARD);
    const righted = applyHotlist(ahead, told, START);
    assert.equal(righted?.issuedAt, START);
    assert.ok(isNews(ahead, told), 'the journal must have it');
    const journal = [list(4, START + year, CARD), told].map(
      (hotlist) => ({ kind: 'hotlist', hotlist }) as const,
    );
    assert.equal(recallHotlist(journal)?.issuedAt, START);
  });

  test('an earlier one that was dated by a clock that was ahead undoes nothing', () => {
    const known = applyHotlist(null, list(4, 1_000, CARD), 1_000);
    assert.equal(applyHotlist(known, list(3, 9_000_000), 2_000), known);
    // A gateway that was restored from a backup begins with an earlier version.
    assert.equal(applyHotlist(known, list(3, 3_000), 3_000)?.version, 3);
  });

  test('without network, a date that has not come yet is as good as none', async () => {
    const counter = await Counter.open();
    await counter.hotlist({ issued_at: counter.clock.now() + 365 * 86_400_000 });
    counter.stand.link(false);
    await counter.sell('1.25');
    await counter.tap(await cardWith(10_000));
    assert.match(counter.stand.screen?.title ?? '', /list/i);
    counter.stand.link(true);
    await counter.hotlist();
    counter.stand.link(false);
    await counter.tap(await cardWith(10_000));
    assert.equal(counter.stand.screen?.title, 'Paid');
  });
});
