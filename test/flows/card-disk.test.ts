/** Cards where the disk refuses: nothing is asked that is not written, and nothing done is lost. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { INS } from '#device/codecs/desfire.ts';
import { Counter, cardWith } from './card-stand.ts';
import { settled } from './stand.ts';

describe('a disk that refuses what a card did', () => {
  const paidWhile = async (counter: Counter, refuses: (entry: string) => boolean) => {
    const card = await cardWith(10_000);
    const order = await counter.stand.sell('5');
    const { append } = counter.disk;
    counter.disk.append = async (bytes) => {
      if (refuses(new TextDecoder().decode(bytes))) throw new Error('worn out');
      await append.call(counter.disk, bytes);
    };
    await counter.tap(card);
    assert.deepEqual(counter.stand.spoken, ['received five yuan']);
    await counter.stand.clock.pass(4_000);
    return {
      order,
      mend() {
        counter.disk.append = append;
      },
    };
  };

  test('the payment and that it was said: both are written when there is room', async () => {
    const counter = await Counter.open();
    const { mend } = await paidWhile(counter, (text) => /card_done|announced/.test(text));
    assert.ok(!/card_done|announced/.test(counter.disk.text));
    mend();
    await counter.stand.clock.pass(4_000);
    assert.match(counter.disk.text, /card_done.*announced/s);
    await counter.restart();
    assert.deepEqual(counter.heard, ['received five yuan'], 'a restart says nothing again');
    assert.equal(counter.payments().length, 1, 'and tells settlement');
  });

  test('a receipt of what is not written yet is asked for again, so that a restart knows it', async () => {
    const counter = await Counter.open();
    const { mend } = await paidWhile(counter, (text) => text.includes('card_done'));
    const [payment] = counter.payments();
    assert.ok(payment !== undefined);
    const { order, card, counter: count } = payment;
    const receipt = { order, card, counter: count, said: 'posted' } as const;
    await counter.stand.told({ kind: 'card_receipt', receipt });
    mend();
    await counter.stand.clock.pass(4_000);
    await counter.stand.told({ kind: 'card_receipt', receipt });
    assert.match(counter.disk.text, /card_done.*card_receipt/s);
    await counter.restart();
    const sent = counter.payments().length;
    await counter.clock.pass(100_000);
    assert.equal(counter.payments().length, sent, 'it has been told');
  });

  test('the payment of an order whose result it refused, too: neither is lost', async () => {
    const counter = await Counter.open();
    const card = await cardWith(10_000);
    const order = await counter.stand.sell('5');
    // Torn after the commit; then the vendor cancels, and the disk takes nothing any more.
    await counter.tap(card, { ins: INS.commitTransaction, when: 'after' });
    counter.stand.key('cancel');
    await settled();
    counter.disk.full = true;
    await counter.stand.result(order, { outcome: 'cancelled' });
    await counter.tap(card);
    counter.disk.full = false;
    await counter.stand.clock.pass(4_000);
    assert.match(counter.disk.text, /"kind":"result"/);
    assert.match(counter.disk.text, /"kind":"card_done"/);
    assert.ok(counter.stand.sent.some(({ kind }) => kind === 'seen'));
    const [payment] = counter.payments();
    assert.deepEqual([payment?.order, payment?.sold], [order.number, false], 'owed back');
  });
});
