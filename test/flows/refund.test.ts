/** Money of a paid order that goes back, at the terminal's end. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Order } from '#device/messages/order.ts';
import { Stand, settled } from './stand.ts';

const refundsSeen = (stand: Stand): string[] =>
  stand.sent.flatMap((uplink) => (uplink.kind === 'refund_seen' ? [uplink.seen.refund] : []));

async function sold(stand: Stand, amount = '12.50'): Promise<Order> {
  const order = await stand.sell(amount);
  await stand.receive(order);
  await stand.result(order);
  return order;
}

const REFUNDED = 'refunded three yuan to the payer';

describe('a refund of a street order', () => {
  test('is on disk, acknowledged, shown aside, spoken once and printed', async () => {
    const stand = await Stand.start();
    const order = await sold(stand);
    await stand.sell('4');
    const printed = stand.printed.length;
    await stand.refund(order);
    assert.deepEqual(stand.spoken.at(-1), REFUNDED);
    assert.match(stand.screen?.lines[0] ?? '', /^Refunded: ¥3\.00 \(Order /);
    assert.notEqual(stand.screen?.qr, undefined, 'the next order is offered all the while');
    assert.deepEqual(refundsSeen(stand), ['REF-1']);
    assert.match(stand.disk.text, /REF-1/);
    const slip = stand.printed.at(-1);
    assert.equal(stand.printed.length, printed + 1);
    assert.deepEqual(slip?.total, { label: 'Refunded', value: '¥3.00' });
    await stand.refund(order);
    assert.equal(stand.spoken.filter((said) => said === REFUNDED).length, 1);
    assert.equal(stand.printed.length, printed + 1);
    assert.deepEqual(refundsSeen(stand), ['REF-1', 'REF-1'], 'its acknowledgement was lost');
  });

  test('while its order is still on the screen, and a second part of it', async () => {
    const stand = await Stand.start();
    const order = await sold(stand);
    await stand.refund(order);
    await stand.refund(order, { refund: 'REF-2', amount_minor: 950, refunded_minor: 1250 });
    assert.deepEqual(stand.spoken.slice(-2), [REFUNDED, 'refunded nine yuan fifty to the payer']);
    assert.equal(new Set(stand.marks).size, stand.marks.length, 'no two have one mark');
    assert.deepEqual(refundsSeen(stand), ['REF-1', 'REF-2']);
  });

  test('twice at once, while the disk has not taken it yet: once', async () => {
    const stand = await Stand.start();
    const order = await sold(stand);
    const both = [stand.refund(order), stand.refund(order)];
    await Promise.all(both);
    assert.equal(stand.spoken.filter((said) => said === REFUNDED).length, 1);
  });

  test('of an order that is not paid, in other money or of too much is silent', async () => {
    const stand = await Stand.start();
    const order = await sold(stand);
    const cancelled = await stand.sell('5');
    await stand.result(cancelled, { outcome: 'cancelled' });
    const open = await stand.sell('6');
    const said = stand.spoken.length;
    await stand.refund(cancelled);
    await stand.refund(open);
    await stand.refund(order, { amount_minor: 1251, refunded_minor: 1251 });
    await stand.refund(order, { currency: 'EUR' });
    assert.equal(stand.spoken.length, said);
    assert.deepEqual(refundsSeen(stand), []);
    assert.equal(stand.logged.length, 4);
    assert.ok(!stand.disk.text.includes('REF-1'));
    await stand.refund(order);
    await stand.refund(order, { refund: 'REF-2', amount_minor: 951, refunded_minor: 1251 });
    assert.deepEqual(refundsSeen(stand), ['REF-1'], 'both together are more than was paid');
  });

  test('of an order that was paid so long ago that it is forgotten: told all the same, once', async () => {
    const stand = await Stand.start();
    const order = { ...(await sold(stand)), number: '06D2A8Y1Z5W3KQ7M' };
    await stand.refund(order);
    await stand.refund(order);
    await stand.refund(order, { refund: 'REF-2', amount_minor: 200, refunded_minor: 500 });
    await settled();
    assert.deepEqual(stand.spoken.slice(-2), [REFUNDED, 'refunded two yuan to the payer']);
    assert.deepEqual(refundsSeen(stand), ['REF-1', 'REF-1', 'REF-2']);
    const again = await Stand.start({ disk: stand.disk });
    await again.refund(order);
    assert.deepEqual(again.spoken, []);
    assert.deepEqual(refundsSeen(again), ['REF-1'], 'its acknowledgement was lost');
    await again.refund(order, { refund: 'REF-3', currency: 'EUR' });
    assert.deepEqual(refundsSeen(again), ['REF-1']);
  });

  test('a full disk: not acknowledged, so that it is told again', async () => {
    const stand = await Stand.start();
    const order = await sold(stand);
    stand.disk.full = true;
    await stand.refund(order);
    assert.deepEqual(refundsSeen(stand), []);
    assert.ok(!stand.spoken.includes(REFUNDED));
    stand.disk.full = false;
    await stand.refund(order);
    assert.deepEqual(refundsSeen(stand), ['REF-1']);
    assert.ok(stand.spoken.includes(REFUNDED));
  });

  test('that it was told is written down as soon as the disk takes it', async () => {
    const stand = await Stand.start();
    const order = await sold(stand);
    const { append } = stand.disk;
    stand.disk.append = async (bytes) => {
      if (new TextDecoder().decode(bytes).includes('refund_announced')) throw new Error('worn out');
      await append.call(stand.disk, bytes);
    };
    await stand.refund(order);
    await stand.clock.pass(70_000);
    assert.ok(!stand.disk.text.includes('refund_announced'));
    stand.disk.append = append;
    await stand.clock.pass(4_000);
    assert.equal(stand.disk.text.split('refund_announced').length, 2, 'once');
    await stand.clock.pass(10_000);
    assert.equal(stand.disk.text.split('refund_announced').length, 2, 'and not again');
    const again = await Stand.start({ disk: stand.disk });
    assert.deepEqual(again.spoken, []);
  });

  test('a restart: one that was told is not told again; one that was not is an earlier one', async () => {
    const stand = await Stand.start();
    const order = await sold(stand);
    await stand.refund(order);
    await settled();
    stand.dumb = true;
    await stand.refund(order, { refund: 'REF-2', amount_minor: 200, refunded_minor: 500 });
    const [mark] = stand.marks.slice(-1);
    stand.disk.crash();
    const again = await Stand.start({ disk: stand.disk });
    assert.deepEqual(again.spoken, ['earlier refunded two yuan to the payer']);
    assert.deepEqual(again.marks, [mark], 'a speaker that has said it keeps silent');
    await again.refund(order, { refund: 'REF-2', amount_minor: 200, refunded_minor: 500 });
    await again.refund(order);
    assert.equal(again.spoken.length, 1);
    assert.deepEqual(refundsSeen(again), ['REF-2', 'REF-1']);
    const third = await Stand.start({ disk: stand.disk });
    assert.deepEqual(third.spoken, []);
  });

  test('without a speaker it is seen and heard as a beep', async () => {
    const stand = await Stand.start({ speaker: false });
    const order = await sold(stand);
    const beeps = stand.beeps.length;
    await stand.refund(order);
    assert.equal(stand.beeps.length, beeps + 1);
    assert.match(stand.screen?.lines[0] ?? '', /Refunded/);
  });
});
