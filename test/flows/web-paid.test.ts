/** A web order that was paid at this terminal's reader, at the terminal's end. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keepEntries } from '#device/flows/kept.ts';
import type { JournalEntry } from '#device/messages/journal.ts';
import type { WebPaid } from '#device/messages/order.ts';
import { Stand, settled } from './stand.ts';

const PAID: WebPaid = {
  ...{ order: '06D2A8Y1Z5W3KQ7M', amount_minor: 2300, currency: 'CNY', at: 1_800_000_000_000 },
  lines: [
    { name: 'Pork dumplings', quantity: 1, unit_minor: 1500 },
    { name: 'Pan-fried buns', quantity: 1, unit_minor: 800 },
  ],
  ...{ payment: 'CARD-HC06D2A8Y1Z5W3KQ7M-4', card: 'card ···KQ7M' },
};
const SAID = 'web order received twenty three yuan';

async function hear(stand: Stand, paid: WebPaid = PAID): Promise<void> {
  const head = { terminal: 't-0001', gateway_time: stand.clock.now() };
  stand.terminal.push({ is: 'downlink', downlink: { kind: 'web_paid', ...head, paid } });
  await settled();
}
const seen = (stand: Stand): number =>
  stand.sent.filter(({ kind }) => kind === 'web_paid_seen').length;

describe('a web order paid at the reader', () => {
  test('is on disk, acknowledged, said, shown aside and printed, once however often it is told', async () => {
    const stand = await Stand.start();
    await stand.sell('4');
    await hear(stand);
    assert.equal(stand.spoken.at(-1), SAID);
    assert.match(stand.screen?.lines[0] ?? '', /^Web order paid by card: ¥23\.00 \(Order /);
    assert.notEqual(stand.screen?.qr, undefined, 'the sale at the stall goes on');
    const slip = stand.printed.at(-1);
    assert.deepEqual(slip?.total, { label: 'Total', value: '¥23.00' });
    assert.ok(JSON.stringify(slip?.rows).includes('1 × Pork dumplings'));
    const [said, printed] = [stand.spoken.length, stand.printed.length];
    await hear(stand);
    assert.deepEqual([stand.spoken.length, stand.printed.length], [said, printed]);
    assert.equal(seen(stand), 2, 'its acknowledgement was lost');
    const again = await Stand.start({ disk: stand.disk });
    await hear(again);
    assert.deepEqual([again.spoken, again.printed], [[], []]);
    assert.equal(seen(again), 1);
  });

  test('a full disk: not acknowledged, so that it is told again', async () => {
    const stand = await Stand.start();
    stand.disk.full = true;
    await hear(stand);
    assert.equal(seen(stand), 0);
    assert.ok(!stand.spoken.includes(SAID));
    stand.disk.full = false;
    await Promise.all([hear(stand), hear(stand)]);
    assert.equal(stand.spoken.filter((each) => each === SAID).length, 1);
  });

  test('the power goes before it was said: said at the next start, as an earlier one', async () => {
    const stand = await Stand.start();
    stand.dumb = true;
    await hear(stand);
    stand.disk.crash();
    const again = await Stand.start({ disk: stand.disk });
    assert.deepEqual(again.spoken, [`earlier ${SAID}`]);
    assert.deepEqual(again.printed, [], 'it was printed as it came');
    assert.deepEqual((await Stand.start({ disk: stand.disk })).spoken, []);
  });

  test('a journal that is cut down keeps what nobody has heard of', () => {
    const order = (at: number): string => `06D2A8Y1Z5W3${String(at).padStart(4, '0')}`;
    const entries: JournalEntry[] = [];
    for (let at = 0; at < 30; at += 1) {
      const { order: _, ...rest } = PAID;
      const number = order(at);
      entries.push({
        kind: 'order',
        order: {
          ...{ number, terminal: 't-0001', vendor: 'lin', currency: 'CNY', amount_minor: 1 },
          place: { name: 'Gate', latitude: 31, longitude: 121, radius_m: 50 },
          ...{ lines: [{ quantity: 1, unit_minor: 1 }], made_at: 1, lifetime_s: 120 },
        },
      });
      entries.push({ kind: 'receipt', receipt: { order: number, said: 'conflicts' } });
      entries.push({ kind: 'announced', order: number });
      entries.push({ kind: 'web_paid', paid: { ...rest, order: number } });
      if (at > 0) entries.push({ kind: 'web_paid_announced', order: number });
    }
    const kept = keepEntries(entries, 2);
    const left = kept.flatMap((each) => (each.kind === 'web_paid' ? [each.paid.order] : []));
    assert.ok(left.includes(order(0)));
    assert.ok(left.includes(order(29)));
  });
});
