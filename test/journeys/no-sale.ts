/** Orders that end without money: declined, cancelled by the vendor. Each ends clearly. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { TestStall } from './stall.ts';

export function tellNoSale(open: () => TestStall): void {
  describe('no sale', () => {
    let stall: TestStall;
    before(async () => {
      stall = open();
      await stall.begin();
    });

    test('declined: the screen, the voice and the phone say so', async () => {
      await stall.offer('5.00');
      await stall.scan('Alice');
      const poor = stall.client.state.payers.findIndex(({ label }) => label.includes('3.00'));
      const declined = await stall.pay('Alice', poor);
      assert.equal(declined.opened?.order.state, 'declined');
      assert.equal(declined.opened?.order.reason, 'insufficient_funds');
      await stall.waitForScreen(/Not paid/);
      const [said] = await stall.spoken(1);
      assert.match(said ?? '', /not paid|declined|balance/i);
    });

    test('cancelled by the vendor: a phone that has it open can no longer pay', async () => {
      await stall.offer('6.00');
      await stall.scan('Alice');
      await stall.key('\u001b', /Cancelled/);
      await stall.client.until('the close at the gateway', () =>
        stall.wires.some(({ text }) => /result: .* cancelled/.test(text)),
      );
      const late = await stall.pay('Alice');
      assert.equal(late.ok, false);
      assert.equal(late.refusal?.code, 'closed');
      assert.equal(late.opened?.order.state, 'cancelled');
      assert.equal(await stall.earned(), 0);
    });
  });
}
