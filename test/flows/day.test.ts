/** The end of a business day at the terminal: closed on disk first, told once, sent until answered. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { digestLines, NO_DAY, sumLines } from '#device/codecs/day-digest.ts';
import { readJournalLines, writeJournalLine } from '#device/codecs/journal-line.ts';
import { neededByDays } from '#device/flows/day-keep.ts';
import type { DayHead, DayPage, DayReceipt } from '#device/messages/day.ts';
import { dayPageSchema } from '#device/messages/day.ts';
import type { JournalEntry } from '#device/messages/journal.ts';
import type { Order } from '#device/messages/order.ts';
import { HandClock, MemoryDisk, Stand, settled } from './stand.ts';

const daysSent = (stand: Stand): DayPage[] =>
  stand.sent.flatMap((uplink) => (uplink.kind === 'day' ? [uplink.day] : []));

async function sold(stand: Stand, amount = '12.50'): Promise<Order> {
  const order = await stand.sell(amount);
  await stand.receive(order);
  await stand.result(order);
  stand.key('cancel');
  return order;
}

async function close(stand: Stand): Promise<void> {
  stand.key('+', '6', 'enter', 'enter');
  await settled();
  stand.key('cancel', 'cancel');
}

function receiptFor(head: DayHead | undefined, change: Partial<DayReceipt> = {}): DayReceipt {
  assert.ok(head !== undefined);
  const { book, number, digest } = head;
  return {
    ...{ book, number, digest, agreed: true, differing: 0, healed: 0, differences: [] },
    ...{ at: 1_800_000_000_000, ...change },
  };
}

describe('the end of a business day', () => {
  test('Enter twice closes it: on disk, said, printed, sent, and told what came of it', async () => {
    const stand = await Stand.start();
    const paid = await sold(stand);
    await sold(stand, '3');
    const left = await stand.sell('9');
    await stand.receive(left);
    await stand.result(left, { outcome: 'cancelled' });
    stand.key('cancel');
    await stand.refund(paid);
    stand.key('+', '6');
    assert.equal(stand.screen?.title, 'Day 1, open');
    assert.equal(stand.screen?.big, '¥15.50');
    stand.key('enter');
    assert.match(stand.screen?.hint ?? '', /Enter again/);
    stand.key('enter');
    await settled();
    assert.equal(
      stand.spoken.at(-1),
      'day closed two sales in all fifteen yuan fifty that is one five point five zero yuan',
    );
    const report = stand.printed.at(-1);
    assert.deepEqual(report?.total, { label: 'Total', value: '¥15.50' });
    const rows = (report?.rows ?? []).map(({ label, value = '' }) => `${label} ${value}`.trim());
    for (const row of [
      '2 × Paid, phone 15.50',
      '1 × Cancelled, phone 9.00',
      '1 × Given back 3.00',
    ]) {
      assert.ok(rows.includes(row), `${row} in ${rows.join(' | ')}`);
    }
    const [day] = daysSent(stand);
    assert.ok(day !== undefined);
    assert.deepEqual(sumLines(day.lines).totals, day.head.totals);
    assert.equal(day.head.digest, digestLines(NO_DAY, day.lines));
    assert.equal(day.lines.length, 4);
    assert.match(day.head.head, /^[\w-]{22}$/);
    assert.match(stand.disk.text, /"kind":"day_closed"/);
    assert.match(stand.screen?.lines.join('\n') ?? '', /Not compared with the server yet/);
    await stand.told({ kind: 'day_receipt', receipt: receiptFor(day.head) });
    assert.match(stand.screen?.lines.join('\n') ?? '', /The server agrees/);
    const sent = daysSent(stand).length;
    await stand.clock.pass(200_000);
    assert.equal(daysSent(stand).length, sent, 'what was answered is not sent again');
  });

  test('a day in which nothing ended is not closed; an open order belongs to the next', async () => {
    const stand = await Stand.start();
    await close(stand);
    assert.equal(daysSent(stand).length, 0);
    const first = await sold(stand);
    const open = await stand.sell('4');
    await stand.receive(open);
    // The day is closed by the operator while another order is on its way out.
    stand.key('cancel');
    await settled();
    stand.key('5', 'cancel');
    await close(stand);
    await stand.result(open, { outcome: 'paid' });
    await close(stand);
    const [one, two] = [...new Map(daysSent(stand).map((day) => [day.head.number, day])).values()];
    assert.deepEqual(
      one?.lines.map((line) => [
        line.is,
        line.is === 'refund' ? '' : 'order' in line && line.order,
      ]),
      [
        ['order', first.number],
        ['open', open.number],
      ],
    );
    await stand.told({ kind: 'day_receipt', receipt: receiptFor(one?.head) });
    const second = two ?? daysSent(stand).find(({ head }) => head.number === 2);
    assert.deepEqual(
      second?.lines.map((line) => line.is),
      ['order'],
    );
    assert.equal(second?.head.before, one?.head.digest, 'each day is bound to the one before');
    assert.equal(second?.head.book, one?.head.book);
    assert.equal(second?.head.from, one?.head.to);
  });

  test('the first sale of another date closes the day before it, in the stall’s time zone', async () => {
    const clock = new HandClock();
    const stand = await Stand.start({ clock });
    await sold(stand);
    await clock.pass(15 * 3_600_000);
    assert.equal(daysSent(stand).length, 0, 'it is 23:00 at the stall, and nothing is sold');
    await sold(stand);
    assert.equal(daysSent(stand).length, 0);
    await clock.pass(3_600_000);
    const next = await stand.sell('7');
    const [day] = daysSent(stand);
    assert.equal(day?.lines.length, 2);
    assert.equal(stand.screen?.title, 'Scan to pay', 'the sale goes on all the while');
    assert.ok(stand.orders().some(({ number }) => number === next.number));
  });

  test('without network it waits; then its orders go first, and pages one by one', async () => {
    const stand = await Stand.start();
    for (let at = 0; at < 260; at += 1) await sold(stand, '1');
    stand.link(false);
    await close(stand);
    assert.equal(daysSent(stand).length, 0);
    stand.link(true);
    await settled();
    const name = () => {
      const { book = '', number = 1 } = daysSent(stand).at(-1)?.head ?? {};
      return { book, number };
    };
    assert.deepEqual(
      daysSent(stand).map(({ page, lines }) => [page, lines.length]),
      [[0, 250]],
    );
    await stand.clock.pass(2500);
    assert.equal(daysSent(stand).at(-1)?.page, 0, 'again, until it is answered');
    await stand.told({ kind: 'day_wanted', wanted: { ...name(), page: 1 } });
    assert.equal(daysSent(stand).at(-1)?.lines.length, 10);
    for (const day of daysSent(stand)) assert.ok(dayPageSchema.safeParse(day).success);
    const sent = daysSent(stand).length;
    await stand.told({ kind: 'day_wanted', wanted: { ...name(), page: 2 } });
    assert.equal(daysSent(stand).length, sent, 'the gateway compares');
    await stand.clock.pass(2500);
    assert.equal(daysSent(stand).length, sent + 1, 'and is asked what came of it');
    for (let waited = 0; waited < 3600; waited += 5) {
      await stand.told({ kind: 'day_wanted', wanted: { ...name(), page: 2 } });
      await stand.clock.pass(5000);
    }
    const asked = daysSent(stand).length - sent;
    assert.ok(
      asked > 55 && asked < 70,
      `once a minute while it can’t compare: ${asked} in an hour`,
    );
    await stand.told({ kind: 'day_wanted', wanted: { ...name(), number: 9, page: 0 } });
    const head = daysSent(stand)[0]?.head;
    await stand.told({ kind: 'day_receipt', receipt: receiptFor(head, { digest: NO_DAY }) });
    assert.doesNotMatch(stand.disk.text, /day_receipt/, 'of another statement: silent');
    await stand.told({ kind: 'day_receipt', receipt: receiptFor(head) });
    assert.match(stand.disk.text, /day_receipt/);
  });

  test('differences are told in words with the order, asked about again, and mended', async () => {
    const stand = await Stand.start();
    const order = await sold(stand);
    await close(stand);
    const [day] = daysSent(stand);
    const differences = [
      { kind: 'missing_at_gateway', of: 'order', name: order.number } as const,
      {
        kind: 'amount_differs',
        of: 'refund',
        name: 'R-1',
        terminal: '300',
        gateway: '200',
      } as const,
    ];
    const receipt = receiptFor(day?.head, { agreed: false, differing: 2, differences });
    await stand.told({ kind: 'day_receipt', receipt });
    const grouped = order.number.replace(/(.{4})(?=.)/g, '$1-');
    const slip = stand.printed.at(-1)?.rows.map(({ label }) => label) ?? [];
    assert.ok(slip.includes(`Order ${grouped} is missing at the server.`), slip.join('|'));
    assert.ok(slip.includes('Refund R-1: amount 3.00 here, 2.00 at the server.'), slip.join('|'));
    stand.key('+', '6');
    assert.equal(stand.screen?.tone, 'bad');
    assert.ok(stand.screen?.lines.includes(`Order ${grouped} is missing at the server.`));
    const sent = daysSent(stand).length;
    await stand.clock.pass(100_000);
    assert.equal(daysSent(stand).length, sent, 'it was told');
    stand.link(false);
    stand.link(true);
    await settled();
    assert.equal(daysSent(stand).length, sent + 1, 'asked again with the next connection');
    const printed = stand.printed.length;
    await stand.told({ kind: 'day_receipt', receipt });
    assert.equal(stand.printed.length, printed, 'nothing new');
    await stand.told({ kind: 'day_receipt', receipt: receiptFor(day?.head, { healed: 2 }) });
    assert.ok(stand.screen?.lines.includes('The server agrees.'));
    assert.ok(stand.screen?.lines.includes('2 mended since.'));
    const restarted = await Stand.start({ disk: stand.disk });
    assert.equal(daysSent(restarted).length, 0, 'what was agreed is over');
  });

  test('a disk that refuses: the day stays open, and is closed when it is keyed again', async () => {
    const stand = await Stand.start();
    await sold(stand);
    stand.disk.full = true;
    stand.key('+', '6', 'enter', 'enter');
    await settled();
    assert.match(stand.screen?.lines[0] ?? '', /could not be written down/);
    assert.equal(daysSent(stand).length, 0);
    stand.disk.full = false;
    stand.key('enter', 'enter');
    await settled();
    assert.equal(daysSent(stand).length, 1);
  });

  test('every point of a power cut: the same days, nothing lost, nothing in two of them', async () => {
    const stand = await Stand.start();
    const orders: string[] = [];
    for (const amount of ['1', '2', '3']) orders.push((await sold(stand, amount)).number);
    const refunded = await sold(stand, '8');
    orders.push(refunded.number);
    await close(stand);
    await stand.refund(refunded);
    orders.push((await sold(stand, '5')).number);
    await close(stand);
    const { values } = readJournalLines(await stand.disk.read());
    for (let count = 0; count <= values.length; count += 1) {
      const prefix = values.slice(0, count) as JournalEntry[];
      const again = await Stand.start({ disk: diskOf(prefix) });
      const ended = prefix.flatMap((each) => (each.kind === 'result' ? [each.result.order] : []));
      // An order that was open is on the screen again: it is called off.
      again.key('cancel');
      await settled();
      await close(again);
      // Nobody answers the order that was open: it does not hold the day up for ever.
      await again.clock.pass(65_000);
      const stated = await statedBy(again);
      assert.deepEqual([...stated].sort(), [...ended].sort(), `${count} entries`);
    }
    assert.equal(orders.length, 5);
  });

  test('a journal cut down to what days need states the same days', async () => {
    const stand = await Stand.start();
    await sold(stand);
    await close(stand);
    await sold(stand, '2');
    const { values } = readJournalLines(await stand.disk.read());
    const entries = values as JournalEntry[];
    const needed = neededByDays(entries, new Set());
    const cut = entries.filter((entry) => needed.has(entry));
    assert.deepEqual(
      cut.map(({ kind }) => kind),
      ['day_closed', 'order', 'result'],
    );
    const receipts = new Set(entries.filter(({ kind }) => kind === 'receipt'));
    assert.equal(neededByDays(entries, receipts).size, needed.size);
    const [whole, short] = await Promise.all(
      [entries, cut].map(async (each) => {
        const again = await Stand.start({ disk: diskOf(each) });
        await close(again);
        return statedBy(again);
      }),
    );
    assert.equal(whole?.length, 2);
    assert.deepEqual(short, whole);
  });
});

function diskOf(entries: readonly JournalEntry[]): MemoryDisk {
  const disk = new MemoryDisk();
  let chain = Buffer.alloc(16).toString('base64url');
  const lines = entries.map((entry) => {
    const line = writeJournalLine(chain, entry);
    chain = line.chain;
    return line.bytes;
  });
  void disk.append(Buffer.concat(lines));
  void disk.sync();
  return disk;
}

/** Orders of all days that the terminal sends, each answered in turn. */
async function statedBy(stand: Stand): Promise<string[]> {
  const days = new Map<string, DayPage>();
  for (let round = 0; round < 4; round += 1) {
    const last = daysSent(stand).at(-1);
    if (last === undefined || days.has(last.head.digest)) break;
    days.set(last.head.digest, last);
    await stand.told({ kind: 'day_receipt', receipt: receiptFor(last.head) });
  }
  return [...days.values()].flatMap(({ lines }) =>
    lines.flatMap((line) => (line.is === 'order' ? [line.order] : [])),
  );
}
