/** Wires that lose, delay and double: nobody presses a button, and it ends right all the same. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Order } from '#device/messages/order.ts';
import { until } from '#test/until.ts';
import { type Constellation, openConstellation } from './constellation.ts';
import {
  ALSO_RICH,
  type Answer,
  bearerFor,
  call,
  enrol,
  freshKey,
  makeOrder,
  pay,
  RICH,
  Terminal,
} from './harness.ts';

/** Long enough for a busy machine: connections are ended where an answer is to be lost. */
const PEER_TIMEOUT_MS = 2500;

describe('answers that do not come', () => {
  let all: Constellation;
  let terminal: Terminal;
  let wires: NonNullable<Constellation['wires']>;
  before(async () => {
    all = await openConstellation('apart', { peerTimeoutMs: PEER_TIMEOUT_MS });
    if (all.wires === null) throw new Error('no wires');
    wires = all.wires;
    terminal = await Terminal.connect(await enrol(all.http));
  });
  after(async () => {
    await terminal.close();
    for (const book of await all.books()) assert.deepEqual(book.complaints, []);
    assert.equal(
      (await all.balance(/^issuer:due:acquirer:/)) + (await all.balance(/^acquirer:due:issuer:/)),
      0,
    );
    await all.close();
  });

  const offer = async () => {
    const order = await terminal.offer(makeOrder(terminal.identity));
    return { order, bearer: await bearerFor(all.http, terminal, order) };
  };
  /** As a phone does: the same key until there is an answer. */
  const insist = (order: Order, bearer: string, key: string, payer = RICH): Promise<Answer> =>
    until('an answer', async () => {
      const answer = await pay(all.http, order.number, bearer, payer, key);
      return answer.body.code === 'payment_in_flight' ? null : answer;
    });
  const payers = () => all.balance(/^issuer:payer:/);

  for (const [wire, path] of [
    ['issuer', '/v1/issuer/debits'],
    ['acquirer', '/v1/acquirer/payments'],
  ] as const) {
    test(`the ${wire}'s time-out was a success: paid once, and both are told`, async () => {
      const { order, bearer } = await offer();
      const earlier = await payers();
      wires[wire].next(path, 'lose_answer');
      const key = freshKey();
      const first = await pay(all.http, order.number, bearer, RICH, key);
      assert.equal(first.body.code, 'payment_in_flight');
      const other = await pay(all.http, order.number, bearer, ALSO_RICH);
      assert.equal(other.status, 409, 'a second phone waits for the first');
      const answer = await insist(order, bearer, key);
      assert.equal(answer.body.outcome, 'paid');
      assert.equal((await terminal.result(order.number)).payment, answer.body.payment);
      assert.equal(earlier - (await payers()), 1250);
      assert.deepEqual((await all.moved(order.number)).kinds, ['debit', 'payment']);
    });

    test(`the ${wire} never got it: nothing is taken, and a new try pays`, async () => {
      const { order, bearer } = await offer();
      const earlier = await payers();
      wires[wire].next(path, 'lose_request');
      const answer = await insist(order, bearer, freshKey());
      assert.equal(answer.status, 502);
      assert.equal(answer.body.code, 'payment_not_made');
      assert.equal(earlier, await payers());
      const again = await pay(all.http, order.number, bearer, RICH);
      assert.equal(again.body.outcome, 'paid');
      assert.equal(earlier - (await payers()), 1250);
    });

    test(`what reaches the ${wire} after it was given up is refused`, async () => {
      const { order, bearer } = await offer();
      const earlier = await payers();
      const seen = wires[wire].seen.length;
      wires[wire].next(path, 'hold_request');
      const answer = await insist(order, bearer, freshKey());
      assert.equal(answer.body.code, 'payment_not_made');
      const isReversal = (each: string) => /reversals|voids/.test(each);
      await until('its reversal', () => wires[wire].seen.slice(seen).some(isReversal));
      await wires[wire].letGo();
      assert.equal(earlier, await payers());
      assert.deepEqual((await all.moved(order.number)).kinds, []);
    });

    test(`the ${wire} gets it twice and does it once`, async () => {
      const { order, bearer } = await offer();
      const earlier = await payers();
      wires[wire].next(path, 'double');
      const answer = await insist(order, bearer, freshKey());
      assert.equal(answer.body.outcome, 'paid');
      assert.equal(earlier - (await payers()), 1250);
      assert.deepEqual((await all.moved(order.number)).kinds, ['debit', 'payment']);
    });
  }

  test('approved after the order was cancelled: the money goes back by itself', async () => {
    const { order, bearer } = await offer();
    const earlier = await payers();
    wires.acquirer.next('/v1/acquirer/payments', 'lose_answer');
    const key = freshKey();
    const paying = pay(all.http, order.number, bearer, RICH, key);
    await until('the debit', async () => (await payers()) < earlier);
    await terminal.say({ kind: 'close', close: { order: order.number, because: 'cancelled' } });
    await paying;
    assert.equal((await terminal.result(order.number)).outcome, 'cancelled');
    await until('the money back', async () => (await payers()) === earlier);
    const answer = await insist(order, bearer, key);
    assert.equal(answer.body.code, 'closed');
    assert.equal(answer.body.state, 'cancelled');
    assert.deepEqual((await all.moved(order.number)).kinds, [
      ...['debit', 'payment', 'reversal', 'reversal'],
    ]);
  });

  test('an issuer that is away for a while: the order expires or is paid, never both', async () => {
    const { order, bearer } = await offer();
    const earlier = await payers();
    wires.issuer.cut = true;
    const key = freshKey();
    const first = await pay(all.http, order.number, bearer, RICH, key);
    assert.equal(first.body.code, 'payment_in_flight');
    await terminal.say({ kind: 'close', close: { order: order.number, because: 'expired' } });
    assert.equal((await terminal.result(order.number)).outcome, 'expired');
    wires.issuer.cut = false;
    const answer = await insist(order, bearer, key);
    assert.equal(answer.body.state, 'expired');
    await until('nothing open', async () => (await payers()) === earlier);
  });

  for (const wire of ['issuer', 'acquirer'] as const) {
    for (const fault of ['lose_answer', 'double'] as const) {
      test(`a refund whose way to the ${wire} does this: ${fault}`, async () => {
        const { order, bearer } = await offer();
        const earlier = await payers();
        assert.equal((await pay(all.http, order.number, bearer, RICH)).body.outcome, 'paid');
        wires[wire].next(`/v1/${wire}/refunds`, fault);
        const key = freshKey();
        const done = await until(
          'a refund',
          async () => {
            const answer = await call(`${all.http}/v1/orders/${order.number}/refunds`, {
              body: { amount_minor: 450 },
              bearer: all.centre.operatorToken,
              key,
            });
            return answer.status === 202 ? null : answer;
          },
          20_000,
        );
        assert.equal(done.status, 201);
        assert.equal(earlier - (await payers()), 800);
        const { kinds, held } = await all.moved(order.number);
        assert.deepEqual(kinds, ['debit', 'payment', 'refund', 'refund']);
        assert.equal(held, 0);
      });
    }
  }

  test('nobody is let in who is not known, or signs wrongly', async () => {
    const url = `${wires.issuer.url}/v1/issuer/debits`;
    const unsigned = await call(url, { body: {}, key: 'x' });
    assert.equal(unsigned.status, 401);
    assert.equal(unsigned.body.code, 'peer_refused');
    const headers = {
      'signature-input': `sig=("@method" "@path" "content-digest" "idempotency-key");created=${Math.floor(Date.now() / 1000)};keyid="acquirer";alg="ed25519"`,
      signature: `sig=:${Buffer.alloc(64).toString('base64')}:`,
      'content-digest': 'sha-256=:AAAA:',
    };
    const forged = await call(url, { body: {}, key: 'x', headers });
    assert.equal(forged.status, 401);
  });
});
