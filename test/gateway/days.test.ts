/** The end of a day at the gateway: whatever is missing or otherwise on either side has its name. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DayLine } from '#device/messages/day.ts';
import type { Result } from '#device/messages/order.ts';
import { findDay, viewStatement, viewWholeDay } from '#gateway/days/view.ts';
import { CARD, DayStand, restate, words } from './day-stand.ts';

/** A day with a sale by phone, one that was cancelled, one by card, and a refund. */
async function soldDay(days: DayStand) {
  const phone = await days.sell();
  const cancelled = await days.cancel();
  const card = await days.tap(4);
  const refund = await days.refund(phone);
  return { phone, cancelled, card, refund };
}

/** Lines of the statement, changed. */
type Change = (lines: readonly DayLine[]) => DayLine[];
const without =
  (is: DayLine['is'], at = 0): Change =>
  (lines) => {
    const gone = lines.filter((line) => line.is === is)[at];
    return lines.filter((line) => line !== gone);
  };
const doubled =
  (is: DayLine['is']): Change =>
  (lines) => [...lines, ...lines.filter((line) => line.is === is).slice(0, 1)];
const altered =
  (is: DayLine['is'], change: Partial<DayLine>): Change =>
  (lines) => {
    const first = lines.find((line) => line.is === is);
    return lines.map((line) => (line === first ? ({ ...line, ...change } as DayLine) : line));
  };

describe('a business day that both sides have', () => {
  test('a voucher counts of its own; what an older terminal calls it is no difference', async () => {
    for (const older of [false, true]) {
      const days = await DayStand.open();
      await days.sell(500);
      await days.redeem(600);
      await days.stand.clock.pass(120_000);
      const said = days.state();
      const ways = said.head.totals.map(({ way, sum_minor }) => `${way} ${sum_minor}`).sort();
      assert.deepEqual(ways, ['phone 500', 'voucher 600']);
      const lines = said.lines.map((line) =>
        line.is === 'order' ? ({ ...line, way: 'phone' } as const) : line,
      );
      const receipt = await days.submit(older ? restate(said, lines) : said);
      assert.deepEqual([receipt.agreed, receipt.differences], [true, []]);
      const terminal = days.terminal.identity.terminal;
      const row = findDay(days.tables, { terminal, number: 1 });
      const view = row === undefined ? null : viewWholeDay(days.tables, row);
      assert.deepEqual(view?.at_gateway, view?.at_terminal);
      days.close();
    }
  });

  test('agrees: counts and sums of both, days bound to each other, told again the same', async () => {
    const days = await DayStand.open();
    const sold = await soldDay(days);
    const receipt = await days.closeDay();
    assert.deepEqual([receipt.agreed, receipt.number, receipt.differences], [true, 1, []]);
    const next = await days.sell(500);
    const second = await days.closeDay();
    assert.deepEqual([second.agreed, second.number], [true, 2]);
    const terminal = days.terminal.identity.terminal;
    const row = findDay(days.tables, { terminal, number: 1 });
    assert.ok(row !== undefined);
    const view = viewWholeDay(days.tables, row);
    assert.deepEqual(view.at_gateway, view.at_terminal);
    assert.deepEqual(view.sales, { count: 2, sum_minor: 1950 });
    assert.deepEqual(view.at_terminal.cards, { count: 1, sum_minor: 700 });
    assert.ok(view.lines.some((line) => line.is === 'refund' && line.refund === sold.refund));
    const statement = viewStatement(days.tables, days.tables.days.ofVendor('lin', 0, 9e15));
    assert.deepEqual(statement.totals, [
      {
        currency: 'CNY',
        sales: { count: 3, sum_minor: 2450 },
        refunds: { count: 1, sum_minor: 300 },
      },
    ]);
    assert.equal(statement.agreed, true);
    assert.equal(days.tables.days.named(terminal, 'order', next.number).length, 1);
    days.close();
  });

  test('a day whose pages came while the clock was ahead is compared once that is put right', async () => {
    const days = await DayStand.open();
    await days.sell();
    await days.stand.clock.pass(120_000);
    const said = days.state();
    // One line less: without a difference nothing is waited for.
    const short = restate(said, said.lines.slice(1));
    const { terminal } = days.terminal.identity;
    const page = { head: short.head, page: 0, lines: short.lines };
    days.stand.clock.wall = 287 * 86_400_000;
    assert.equal(await days.days.take(terminal, page), 'wanted');
    days.stand.clock.wall = 0;
    assert.equal(await days.days.take(terminal, page), 'compared');
    assert.equal(days.receipt().agreed, false);
    days.close();
  });

  test('an order that is open at the close is of the next day, on both sides', async () => {
    const days = await DayStand.open();
    await days.sell();
    const open = days.make();
    await days.send(open);
    assert.equal((await days.closeDay([open.number])).agreed, true);
    await days.sell();
    await days.stand.clock.pass(200_000);
    const told = days.terminal.heard.find(
      (each) => each.kind === 'result' && each.result.order === open.number,
    );
    assert.ok(told?.kind === 'result' && told.result.outcome === 'expired');
    days.entries.push({ kind: 'result', result: told.result });
    const receipt = await days.closeDay();
    assert.deepEqual([receipt.agreed, receipt.number], [true, 2]);
    days.close();
  });

  test('pages come in any order, twice, and only once into the books', async () => {
    const days = await DayStand.open();
    await days.sell();
    const day = days.state();
    const lines = Array.from({ length: 600 }, (_, at): DayLine => {
      const order = `06D2A8Y1Z5W3${String(at).padStart(4, '0')}`;
      return { is: 'open', order };
    });
    const { head } = restate(day, [...day.lines, ...lines]);
    const all = [...day.lines, ...lines];
    const { terminal } = days.terminal.identity;
    const send = (page: number) =>
      days.days.take(terminal, { head, page, lines: all.slice(page * 250, page * 250 + 250) });
    assert.equal(await send(1), 'wanted');
    for (const page of [0, 0, 2, 1, 1]) assert.equal(await send(page), 'wanted');
    assert.equal(await send(2), 'compared');
    assert.equal(await send(0), 'compared');
    assert.equal(days.receipt().agreed, true);
    assert.equal(days.tables.days.lines({ terminal, ...head }).length, 601);
    const short = { head, page: 0, lines: all.slice(0, 10) };
    assert.equal(await days.days.take(terminal, short), 'refused');
    const other = { head: { ...head, digest: head.before }, page: 0, lines: all.slice(0, 250) };
    assert.equal(await days.days.take(terminal, other), 'refused', 'the first statement stands');
    days.close();
  });
});

describe('one thing is lost, changed or doubled: the report names exactly that', () => {
  type Sold = Awaited<ReturnType<typeof soldDay>>;
  const cardName = `${CARD}-4`;

  const atTerminal: readonly [string, Change, (sold: Sold) => string[]][] = [
    ['an order', without('order'), ({ phone }) => [`order ${phone.number} missing_at_terminal`]],
    ['a card’s debit', without('card'), () => [`card ${cardName} missing_at_terminal`]],
    ['a refund', without('refund'), ({ refund }) => [`refund ${refund} missing_at_terminal`]],
    [
      'an order’s amount',
      altered('order', { amount_minor: 9 }),
      ({ phone }) => [`order ${phone.number} amount_differs`],
    ],
    [
      'an order’s outcome',
      altered('order', { outcome: 'cancelled' }),
      ({ phone }) => [`order ${phone.number} outcome_differs`],
    ],
    [
      'how an order was paid',
      altered('order', { way: 'card' }),
      ({ phone }) => [`order ${phone.number} way_differs`],
    ],
    [
      'a debit’s amount',
      altered('card', { amount_minor: 9 }),
      () => [`card ${cardName} amount_differs`],
    ],
    [
      'a refund’s amount',
      altered('refund', { amount_minor: 9 }),
      ({ refund }) => [`refund ${refund} amount_differs`],
    ],
    ['an order, doubled', doubled('order'), ({ phone }) => [`order ${phone.number} twice`]],
    ['a debit, doubled', doubled('card'), () => [`card ${cardName} twice`]],
    ['a refund, doubled', doubled('refund'), ({ refund }) => [`refund ${refund} twice`]],
  ];
  for (const [what, change, named] of atTerminal) {
    test(`at the terminal: ${what}`, async () => {
      const days = await DayStand.open();
      const sold = await soldDay(days);
      await days.stand.clock.pass(120_000);
      const day = days.state();
      const receipt = await days.submit(restate(day, change(day.lines)));
      assert.equal(receipt.agreed, false);
      assert.deepEqual(receipt.differences.map(words), named(sold));
      days.close();
    });
  }

  test('at the terminal: totals that are not those of its lines', async () => {
    const days = await DayStand.open();
    await soldDay(days);
    const day = days.state();
    const refunds = { count: 0, sum_minor: 0 };
    const receipt = await days.submit({ ...day, head: { ...day.head, refunds } });
    assert.deepEqual(receipt.differences.map(words), ['day 1 totals_differ']);
    days.close();
  });

  test('at the gateway: an order that never came; it comes late, and the day is mended', async () => {
    const days = await DayStand.open();
    await soldDay(days);
    const lost = days.make(400);
    const result: Result = {
      ...{ order: lost.number, outcome: 'cancelled', amount_minor: 400, currency: 'CNY' },
      at: days.stand.clock.now(),
    };
    days.entries.push({ kind: 'result', result });
    const receipt = await days.closeDay();
    assert.deepEqual(receipt.differences.map(words), [`order ${lost.number} missing_at_gateway`]);
    await days.send(lost);
    await days.stand.clock.pass(2000);
    assert.equal(days.receipt().agreed, false, 'there, but still open');
    const close = { order: lost.number, because: 'cancelled' } as const;
    await days.terminal.say({ kind: 'close', close });
    await days.stand.clock.pass(2000);
    const mended = days.receipt();
    assert.deepEqual([mended.agreed, mended.healed, mended.differing], [true, 1, 0]);
    const { terminal } = days.terminal.identity;
    const [row] = days.tables.days.ofTerminal(terminal, 1);
    assert.ok(row !== undefined);
    const [difference] = viewWholeDay(days.tables, row).differences;
    assert.equal(difference?.name, lost.number);
    assert.equal(difference?.healed_at, new Date(mended.at).toISOString());
    days.close();
  });

  test('at the settlement: a debit lost, changed, of another order, and one of nobody', async () => {
    const days = await DayStand.open();
    for (const counter of [4, 5, 6]) await days.tap(counter);
    const stolen = await days.sell(100);
    const [, second, third] = days.debits;
    assert.ok(second !== undefined && third !== undefined);
    days.debits = [
      { ...second, amount_minor: 1 },
      { ...third, order: stolen.number },
      { card: CARD, counter: 9, order: stolen.number, amount_minor: 100 },
    ];
    const receipt = await days.closeDay();
    assert.deepEqual(receipt.differences.map(words), [
      `card ${CARD}-4 missing_at_gateway`,
      `card ${CARD}-5 amount_differs`,
      `card ${CARD}-6 outcome_differs`,
      `card ${CARD}-9 missing_at_terminal`,
    ]);
    const first = days.tables.days.lines({ ...receipt, terminal: days.terminal.identity.terminal });
    const line = first.find(({ name }) => name === `${CARD}-4`);
    const { order } = JSON.parse(line?.body ?? '{}') as { order: string };
    days.debit({ card: CARD, counter: 4, order, amount_minor: 700 });
    await days.stand.clock.pass(61_000);
    assert.deepEqual([days.receipt().healed, days.receipt().differing], [1, 3], 'it came late');
    days.close();
  });

  test('a journal that was lost begins another book: what was in it is named', async () => {
    const days = await DayStand.open();
    await days.sell();
    assert.equal((await days.closeDay()).agreed, true);
    const gone = await days.sell();
    days.lose();
    await days.sell();
    const receipt = await days.closeDay();
    assert.deepEqual(receipt.differences.map(words), [`order ${gone.number} missing_at_terminal`]);
    assert.equal(receipt.number, 1);
    const again = await days.sell();
    assert.equal((await days.closeDay()).agreed, true, `${again.number}; named once, not each day`);
    days.close();
  });
});

test('random days: a loss on either side is named, and nothing else is', async () => {
  let seed = 41;
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * below);
  };
  const days = await DayStand.open();
  let counter = 1;
  for (let round = 1; round <= 25; round += 1) {
    const names: string[] = [];
    const expected: string[] = [];
    for (let at = random(6) + 1; at > 0; at -= 1) {
      await days.stand.clock.pass(random(50_000));
      const order = await [
        () => (round % 8 === 0 ? days.sell(100 + random(900)) : days.cancel()),
        () => days.cancel(),
        () => days.tap(counter++, 100 + random(900)),
      ][random(3)]?.();
      names.push(order?.number ?? '');
    }
    const victim = names[random(names.length)] ?? '';
    const planted = random(3);
    if (planted === 1) {
      const made = days.make(300);
      const at = days.stand.clock.now();
      const of = { order: made.number, amount_minor: 300, currency: 'CNY', at } as const;
      days.entries.push({ kind: 'result', result: { ...of, outcome: 'expired' } });
      expected.push(`order ${made.number} missing_at_gateway`);
    }
    if (planted === 2) {
      const byCard = days.entries.find(
        (each) => each.kind === 'card_done' && each.payment.order === victim,
      );
      days.entries = days.entries.filter(
        (each) => each !== byCard && !(each.kind === 'result' && each.result.order === victim),
      );
      expected.push(`order ${victim} missing_at_terminal`);
      if (byCard?.kind === 'card_done') {
        expected.push(`card ${CARD}-${byCard.payment.counter} missing_at_terminal`);
      }
    }
    const receipt = await days.closeDay();
    assert.deepEqual(receipt.differences.map(words), expected, `round ${round}`);
  }
  days.close();
});
