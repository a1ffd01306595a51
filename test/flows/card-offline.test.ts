/** Cards where the network is down: what is taken, within which limits, and what is told later. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Counter, cardWith } from './card-stand.ts';
import { settled } from './stand.ts';

const title = ({ stand }: Counter): string | undefined => stand.screen?.title;

describe('without network', () => {
  const open = async (limits: object): Promise<Counter> => {
    const counter = await Counter.open({ limits });
    await counter.hotlist();
    counter.stand.link(false);
    return counter;
  };

  test('paid, said so, and told when the network is back: the order first', async () => {
    const counter = await open({});
    await counter.stand.sell('1').catch(() => undefined);
    await counter.tap(await cardWith(10_000));
    assert.deepEqual(counter.stand.spoken, ['received one yuan without network']);
    assert.ok(counter.stand.screen?.lines.some((line) => line.startsWith('Without network')));
    assert.equal(counter.stand.sent.length, 0);
    await counter.restart(true);
    const kinds = counter.stand.sent.map(({ kind }) => kind);
    assert.deepEqual(kinds, ['order', 'card_payment']);
    assert.equal(counter.payments()[0]?.offline, true);
    assert.deepEqual(counter.stand.spoken, [], 'it was said before');
  });

  test('each limit, in words; what the gateway posted counts no more', async () => {
    const counter = await open({ amount_minor: 500, count: 2, sum_minor: 800 });
    const card = await cardWith(10_000);
    const refuse = async (amount: string, says: string): Promise<void> => {
      await counter.sell(amount);
      await counter.tap(card);
      assert.equal(title(counter), says);
      counter.stand.key('cancel');
      await settled();
      counter.stand.key('cancel');
    };
    await refuse('5.01', 'Too much without network');
    await counter.sell('5');
    await counter.tap(card);
    await refuse('3.01', 'Too much in all without network');
    await counter.sell('1');
    await counter.tap(card);
    await refuse('1', 'Too many without network');
    counter.stand.link(true);
    await settled();
    for (const payment of counter.payments()) await counter.receive(payment);
    counter.stand.link(false);
    await counter.sell('1');
    await counter.tap(card);
    assert.equal(counter.stand.spoken.at(-1), 'received one yuan without network');
    await counter.clock.pass(86_400_000 + 1000);
    await refuse('1', 'List of blocked cards too old');
  });
});

test('an order that a card paid is sent until the gateway has it, also where the payment arrived alone', async () => {
  const counter = await Counter.open();
  const order = await counter.stand.sell('5');
  await counter.tap(await cardWith(10_000));
  const [payment] = counter.payments();
  assert.ok(payment !== undefined);
  await counter.receive(payment);
  const sent = counter.stand.orders().length;
  await counter.stand.clock.pass(70_000);
  assert.ok(counter.stand.orders().length > sent);
  await counter.restart();
  assert.deepEqual(counter.stand.orders().at(-1), order, 'also after a power cut');
  await counter.stand.receive(order);
  const later = counter.stand.orders().length;
  await counter.stand.clock.pass(200_000);
  assert.equal(counter.stand.orders().length, later);
});
