/** The gateway can't be reached: the order waits on the terminal's disk and is delivered later. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { TestStall } from './stall.ts';

export function tellPartition(open: () => TestStall): void {
  describe('a network that is cut', () => {
    let stall: TestStall;
    before(async () => {
      stall = open();
      await stall.begin();
    });

    const orders = (): string[] =>
      stall.wires
        .filter(({ text, wire }) => wire === 'mqtt' && /PUBLISH.*: order /.test(text))
        .map(({ text }) => /: order (\w+)/.exec(text)?.[1] ?? '');

    test('an order made while the network is cut is delivered when it is back, once', async () => {
      await stall.fault('mqtt', { fault: 'unplug' });
      await stall.waitForScreen(/offline|no connection|not connected|network|gateway/i);
      await stall.offer('6.60');
      assert.deepEqual(orders(), []);
      await stall.fault('mqtt', { fault: 'replug' });
      await stall.client.until('the order on the wire', () => orders().length > 0);
      const opened = await stall.scan('Alice');
      assert.equal(opened.opened?.order.amount_minor, 660);
      await stall.pay('Alice');
      assert.deepEqual(await stall.spoken(1), ['received six yuan sixty']);
      assert.equal(await stall.earned(), 660);
    });

    test('a swallowed acknowledgement makes it sent again, and still one order', async () => {
      await stall.fault('mqtt', { fault: 'drop', packet: 'puback', direction: 'in', nth: 1 });
      await stall.offer('1.10');
      await stall.client.until('the loss', () =>
        stall.wires.some(({ text }) => text.includes('(swallowed)')),
      );
      await stall.scan('Alice');
      const paid = await stall.pay('Alice');
      assert.equal(paid.opened?.order.state, 'paid');
      assert.equal((await stall.spoken(2))[1], 'received one yuan ten');
      assert.equal(await stall.earned(), 770);
    });

    test('a result that is lost on the way is announced when the network is back, once', async () => {
      await stall.offer('2.20');
      await stall.scan('Alice');
      await stall.fault('mqtt', { fault: 'unplug' });
      const paid = await stall.pay('Alice');
      assert.equal(paid.opened?.order.state, 'paid', 'the phone reaches the gateway by itself');
      assert.equal((await stall.spoken(2)).length, 2, 'nothing is announced that was not heard of');
      await stall.fault('mqtt', { fault: 'replug' });
      assert.equal((await stall.spoken(3))[2], 'received two yuan twenty');
      await stall.waitForScreen(/Paid/);
    });
  });
}
