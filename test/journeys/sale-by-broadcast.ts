/** Who stands near hears the order and pays it; who stands far hears nothing; a forger is refused. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { TestStall } from './stall.ts';

export function tellSaleByBroadcast(open: () => TestStall): void {
  describe('a sale by broadcast', () => {
    let stall: TestStall;
    before(async () => {
      stall = open();
      await stall.begin();
    });

    test('a near phone hears the order and pays it, a far one hears nothing', async () => {
      await stall.offer('8.00');
      const heard = await stall.client.until('the broadcast', () =>
        stall.phone('Alice').heard.at(-1),
      );
      assert.equal(heard.broadcast.length, 48);
      const opened = await stall.open('Alice', { by: 'broadcast' });
      assert.equal(opened.opened?.order.number, heard.order);
      assert.equal(opened.opened?.order.amount_minor, 800);

      assert.deepEqual(stall.phone('Far').heard, []);
      await assert.rejects(stall.open('Far', { by: 'broadcast' }), /move it nearer/);

      const paid = await stall.pay('Alice');
      assert.equal(paid.opened?.order.state, 'paid');
      assert.deepEqual(await stall.spoken(1), ['received eight yuan']);
      await stall.client.until('silence', () => stall.phone('Alice').heard.length === 0);
    });

    test('a phone that comes nearer begins to hear, and one that leaves stops', async () => {
      await stall.offer('1.50');
      await stall.client.call('PATCH', 'phones/Far', { distance_m: 2 });
      await stall.client.until('the broadcast at 2 m', () => stall.phone('Far').heard.length > 0);
      await stall.client.call('PATCH', 'phones/Far', { distance_m: 60 });
      await stall.client.until('silence at 60 m', () => stall.phone('Far').heard.length === 0);
      await stall.key('\u001b', /Cancelled/);
    });

    test('a broadcast with a wrong authenticator is refused', async () => {
      await stall.offer('2.00');
      await stall.client.until('the broadcast', () => stall.phone('Alice').heard.length > 0);
      const forged = await stall.open('Alice', { by: 'forged' });
      assert.equal(forged.ok, false);
      assert.ok(['forged', 'unknown_order'].includes(forged.refusal?.code ?? ''));
      const { broadcast } = stall.phone('Alice').heard[0] ?? {};
      assert.ok(broadcast);
      // One bit of the authenticator, everything else true.
      const last = (Number.parseInt(broadcast.slice(-1), 16) ^ 1).toString(16);
      const answer = await fetch(`${stall.client.state.gateway.http}/v1/matches`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ broadcast: broadcast.slice(0, -1) + last }),
      });
      assert.equal(answer.status, 403);
      assert.equal(((await answer.json()) as { code: string }).code, 'forged');
    });

    test('a browser reads the order over a connection to the terminal', async () => {
      const opened = await stall.open('Alice', { by: 'connection' });
      assert.equal(opened.opened?.order.amount_minor, 200);
    });
  });
}
