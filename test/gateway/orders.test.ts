import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Order } from '#device/messages/order.ts';
import { readTrail } from '#gateway/ledger/trail.ts';
import { trialBalance } from '#gateway/ledger/trial-balance.ts';
import { ALSO_RICH, BLOCKED, makeOrder, POOR, RICH } from './harness.ts';
import { chanceKey, openStand, type Stand, settle } from './stand.ts';

const payWith = (stand: Stand, order: Order, payer: { phone: string; pin: string }, key?: string) =>
  stand.core.payments.pay({ order: order.number, key: key ?? chanceKey(), ...payer });

const results = (stand: Stand, order: Order) =>
  stand.terminals[0].heard.filter(
    (each) => each.kind === 'result' && each.result.order === order.number,
  );

const receipts = (stand: Stand, order: Order): string[] =>
  stand.terminals[0].heard.flatMap((each) =>
    each.kind === 'receipt' && each.receipt.order === order.number ? [each.receipt.said] : [],
  );

const stateOf = (stand: Stand, order: Order) => stand.core.tables.orders.find(order.number)?.state;

describe('an order is recorded once', () => {
  test('the same again is already recorded, however often', async () => {
    const stand = await openStand();
    const [terminal] = stand.terminals;
    const order = makeOrder(terminal.identity);
    await Promise.all([1, 2, 3].map(() => terminal.say({ kind: 'order', order })));
    await settle();
    assert.deepEqual(receipts(stand, order).sort(), [
      'already_recorded',
      'already_recorded',
      'recorded',
    ]);
    const kinds = readTrail(stand.core.tables, order.number).events.map(({ kind }) => kind);
    assert.deepEqual(kinds, ['recorded']);
    stand.core.close();
  });

  test('another order of that number conflicts, and the first stands', async () => {
    const stand = await openStand();
    const [terminal, stranger] = stand.terminals;
    const order = makeOrder(terminal.identity);
    await terminal.say({ kind: 'order', order });
    const lines = [{ name: 'Dumplings', quantity: 2, unit_minor: 625 }];
    await terminal.say({ kind: 'order', order: { ...order, lines } });
    await stranger.say({ kind: 'order', order: { ...order, terminal: 't-0002' } });
    await settle();
    const said = [...terminal.heard, ...stranger.heard].flatMap((each) =>
      each.kind === 'receipt' && each.receipt.said === 'conflicts' ? [each.receipt.field] : [],
    );
    assert.deepEqual(said, ['lines[0].quantity', 'terminal']);
    assert.equal(stand.core.tables.orders.find(order.number)?.body, JSON.stringify(order));
    stand.core.close();
  });

  test('a vendor or currency that is not the terminal’s conflicts', async () => {
    const stand = await openStand();
    const [terminal] = stand.terminals;
    const order = { ...makeOrder(terminal.identity), vendor: 'City Hospital' };
    await terminal.say({ kind: 'order', order });
    await settle();
    assert.deepEqual(receipts(stand, order), ['conflicts']);
    assert.equal(stateOf(stand, order), undefined);
    stand.core.close();
  });
});

describe('an order ends once', () => {
  test('two phones with ten retries each: one debit, and both are told the same for their key', async () => {
    const stand = await openStand();
    const order = makeOrder(stand.terminals[0].identity);
    await stand.terminals[0].say({ kind: 'order', order });
    const tries = [RICH, ALSO_RICH].flatMap((payer) => {
      const key = chanceKey();
      return Array.from({ length: 10 }, () => payWith(stand, order, payer, key));
    });
    const answers = await Promise.all(tries);
    const again = [await payWith(stand, order, RICH), await payWith(stand, order, ALSO_RICH)];
    const kinds = [...answers, ...again].map((each) => (each.ok ? each.answer.kind : each.code));
    assert.equal(kinds.filter((kind) => kind === 'paid').length, 1);
    assert.equal(kinds.filter((kind) => kind === 'closed').length, 3);
    assert.equal(kinds.filter((kind) => kind === 'payment_in_flight').length, 18);
    const { transfers } = readTrail(stand.core.tables, order.number);
    // The issuer's debit and the acquirer's posting, each in its own books.
    assert.deepEqual(
      transfers.map(({ kind }) => kind),
      ['debit', 'payment'],
    );
    for (const { postings } of transfers) {
      assert.deepEqual(
        postings.map(({ amount_minor }) => amount_minor),
        [-1250, 1250],
      );
    }
    assert.equal(trialBalance(stand.core.tables).balanced, true);
    assert.equal(results(stand, order).length, 1);
    stand.core.close();
  });

  test('cancel and pay at the same moment have one winner', async () => {
    const stand = await openStand();
    const [terminal] = stand.terminals;
    const outcomes = new Set<string>();
    for (let round = 0; round < 8; round += 1) {
      const order = makeOrder(terminal.identity);
      await terminal.say({ kind: 'order', order });
      const cancel = () =>
        terminal.say({ kind: 'close', close: { order: order.number, because: 'cancelled' } });
      const paying = payWith(stand, order, RICH);
      // Once before the PIN is stretched, once about when it is done.
      if (round % 2 === 0) await cancel();
      const paid = await paying;
      await cancel();
      assert.ok(paid.ok);
      const state = stateOf(stand, order);
      assert.equal(state, paid.answer.kind === 'paid' ? 'paid' : 'cancelled');
      const { transfers, events } = readTrail(stand.core.tables, order.number);
      assert.equal(transfers.length, state === 'paid' ? 2 : 0);
      const endings = events.filter(({ kind }) => kind === 'paid' || kind === 'cancelled');
      assert.equal(endings.length, 1);
      outcomes.add(state ?? '');
    }
    assert.deepEqual([...outcomes].sort(), ['cancelled', 'paid']);
    stand.core.close();
  });

  test('it expires by the gateway’s clock from when it was recorded', async () => {
    const stand = await openStand();
    const [terminal] = stand.terminals;
    const order = { ...makeOrder(terminal.identity), made_at: 0, lifetime_s: 60 };
    await terminal.say({ kind: 'order', order });
    await stand.clock.pass(59_000);
    assert.equal(stateOf(stand, order), 'offered');
    await stand.clock.pass(1_000);
    assert.equal(stateOf(stand, order), 'expired');
    const [result] = results(stand, order);
    assert.ok(result?.kind === 'result');
    assert.equal(result.result.outcome, 'expired');
    const late = await payWith(stand, order, RICH);
    assert.deepEqual(late.ok && late.answer, { kind: 'closed', state: 'expired' });
    stand.core.close();
  });

  test('recorded while the clock was years ahead, it ends in its own time once it is right', async () => {
    const stand = await openStand();
    const [terminal] = stand.terminals;
    const order = { ...makeOrder(terminal.identity), lifetime_s: 60 };
    stand.clock.wall += 3 * 365 * 86_400_000;
    await terminal.say({ kind: 'order', order });
    stand.clock.wall -= 3 * 365 * 86_400_000;
    // Looked at after a quarter of a minute at the latest; from then its lifetime counts.
    await stand.clock.pass(50_000);
    assert.equal(stateOf(stand, order), 'offered');
    await stand.clock.pass(40_000);
    assert.equal(stateOf(stand, order), 'expired');
    stand.core.close();
  });

  test('a wrong PIN leaves it open; five lock the account', async () => {
    const stand = await openStand();
    const order = makeOrder(stand.terminals[0].identity);
    await stand.terminals[0].say({ kind: 'order', order });
    const wrong = { ...RICH, pin: '000000' };
    const answers = [];
    for (let count = 0; count < 5; count += 1) answers.push(await payWith(stand, order, wrong));
    const said = answers.map((each) =>
      each.ok && each.answer.kind === 'not_admitted'
        ? [each.answer.code, 'tries_left' in each.answer ? each.answer.tries_left : null]
        : [],
    );
    assert.deepEqual(said, [
      ['wrong_pin', 4],
      ['wrong_pin', 3],
      ['wrong_pin', 2],
      ['wrong_pin', 1],
      ['account_locked', null],
    ]);
    const locked = await payWith(stand, order, RICH);
    assert.ok(locked.ok && locked.answer.kind === 'not_admitted');
    assert.equal(locked.answer.code, 'account_locked');
    assert.equal(stateOf(stand, order), 'offered');
    const other = await payWith(stand, order, ALSO_RICH);
    assert.ok(other.ok && other.answer.kind === 'paid');
    stand.core.close();
  });

  test('an unknown number is told no more than a wrong PIN', async () => {
    const stand = await openStand();
    const order = makeOrder(stand.terminals[0].identity);
    await stand.terminals[0].say({ kind: 'order', order });
    const answer = await payWith(stand, order, { phone: '+8613999999999', pin: '246810' });
    assert.deepEqual(answer.ok && answer.answer, {
      kind: 'not_admitted',
      code: 'wrong_pin',
    });
    stand.core.close();
  });

  for (const [name, payer, reason] of [
    ['too little money', POOR, 'insufficient_funds'],
    ['a blocked account', BLOCKED, 'account_blocked'],
  ] as const) {
    test(`${name} declines it, and nothing is posted`, async () => {
      const stand = await openStand();
      const order = makeOrder(stand.terminals[0].identity);
      await stand.terminals[0].say({ kind: 'order', order });
      const answer = await payWith(stand, order, payer);
      assert.deepEqual(answer.ok && answer.answer, { kind: 'declined', reason });
      assert.equal(stateOf(stand, order), 'declined');
      assert.deepEqual(readTrail(stand.core.tables, order.number).transfers, []);
      stand.core.close();
    });
  }
});

describe('a close request', () => {
  test('that comes before its order lets the order be born closed', async () => {
    const stand = await openStand();
    const [terminal] = stand.terminals;
    const order = makeOrder(terminal.identity);
    await terminal.say({ kind: 'close', close: { order: order.number, because: 'cancelled' } });
    await terminal.say({ kind: 'order', order });
    await settle();
    assert.deepEqual(receipts(stand, order), ['recorded']);
    assert.equal(stateOf(stand, order), 'cancelled');
    assert.equal(results(stand, order).length, 1);
    stand.core.close();
  });

  test('of another terminal does nothing, before and after the order', async () => {
    const stand = await openStand();
    const [terminal, stranger] = stand.terminals;
    const order = makeOrder(terminal.identity);
    const close = { order: order.number, because: 'cancelled' } as const;
    await stranger.say({ kind: 'close', close });
    await terminal.say({ kind: 'order', order });
    assert.equal(await stranger.say({ kind: 'close', close }), 'refused');
    assert.equal(stateOf(stand, order), 'offered');
    stand.core.close();
  });

  test('of a paid order is answered with the result that stands', async () => {
    const stand = await openStand();
    const [terminal] = stand.terminals;
    const order = makeOrder(terminal.identity);
    await terminal.say({ kind: 'order', order });
    await payWith(stand, order, RICH);
    await terminal.say({ kind: 'seen', seen: { order: order.number } });
    await terminal.say({ kind: 'close', close: { order: order.number, because: 'cancelled' } });
    await settle();
    const said = results(stand, order).map((each) => each.kind === 'result' && each.result.outcome);
    assert.deepEqual(said, ['paid', 'paid']);
    stand.core.close();
  });
});

describe('the outbox', () => {
  test('sends a result with back-off until it was seen, and then no more', async () => {
    const stand = await openStand();
    const [terminal] = stand.terminals;
    const order = makeOrder(terminal.identity);
    await terminal.say({ kind: 'order', order });
    await payWith(stand, order, RICH);
    await stand.clock.pass(8_000);
    assert.equal(results(stand, order).length, 4, 'at 0, 1, 3 and 7 seconds');
    await terminal.say({ kind: 'seen', seen: { order: order.number } });
    await stand.clock.pass(600_000);
    assert.equal(results(stand, order).length, 4);
    stand.core.close();
  });

  test('keeps everything for a terminal that is away, and sends it with the time on arrival', async () => {
    const stand = await openStand();
    const [terminal] = stand.terminals;
    const order = makeOrder(terminal.identity);
    terminal.listening = false;
    await terminal.say({ kind: 'order', order });
    await payWith(stand, order, RICH);
    await stand.clock.pass(100_000);
    assert.equal(terminal.heard.length, 0);
    terminal.listening = true;
    stand.core.downlinks.arrived('t-0001');
    await settle();
    assert.deepEqual(
      terminal.heard.map(({ kind }) => kind),
      ['time', 'receipt', 'result', 'pairing'],
    );
    assert.equal(terminal.heard[0]?.gateway_time, stand.clock.now());
    stand.core.close();
  });

  test('gives the result again to a terminal that sends an ended order again', async () => {
    const stand = await openStand();
    const [terminal] = stand.terminals;
    const order = makeOrder(terminal.identity);
    await terminal.say({ kind: 'order', order });
    await payWith(stand, order, RICH);
    await terminal.say({ kind: 'seen', seen: { order: order.number } });
    await terminal.say({ kind: 'order', order });
    await settle();
    assert.deepEqual(receipts(stand, order), ['recorded', 'already_recorded']);
    assert.equal(results(stand, order).length, 2);
    stand.core.close();
  });
});

test('an order whose price is no number of units is refused in words', async () => {
  const stand = await openStand();
  const [terminal] = stand.terminals;
  const order = makeOrder(terminal.identity);
  for (const unit_minor of [1e308, 0.5, -1]) {
    const lines = [{ name: 'Dumplings', quantity: 2, unit_minor }];
    assert.equal(await terminal.say({ kind: 'order', order: { ...order, lines } }), 'refused');
    assert.match(stand.logged.at(-1)?.says ?? '', /order\.lines/);
  }
  stand.core.close();
});

test('receipts of one commit share a message, and each is told once', async () => {
  const stand = await openStand();
  const [terminal] = stand.terminals;
  const orders = Array.from({ length: 30 }, () => makeOrder(terminal.identity));
  await Promise.all(orders.map((order) => terminal.say({ kind: 'order', order })));
  await settle();
  for (const order of orders) assert.deepEqual(receipts(stand, order), ['recorded']);
  assert.ok(stand.messages() < 5, `${stand.messages()} messages`);
  await stand.clock.pass(60_000);
  for (const order of orders) assert.deepEqual(receipts(stand, order), ['recorded']);
  stand.core.close();
});
