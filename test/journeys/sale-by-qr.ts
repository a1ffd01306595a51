/** A payer scans the screen and pays: screen, voice, bills and books agree. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { TestStall } from './stall.ts';

export function tellSaleByQr(open: () => TestStall): void {
  describe('a sale by QR', () => {
    let stall: TestStall;
    before(async () => {
      stall = open();
      await stall.begin();
    });

    test('a whole sale by QR', async () => {
      const url = await stall.offer('12.50');
      assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/p\/[\w-]{27}$/);

      const opened = await stall.scan('Alice');
      assert.equal(opened.opened?.order.amount_minor, 1250);
      assert.equal(opened.opened?.order.state, 'offered');

      const paid = await stall.pay('Alice');
      assert.equal(paid.opened?.order.state, 'paid');
      await stall.waitForScreen(/Paid/);
      assert.match(stall.screen, /12\.50/);
      assert.deepEqual(await stall.spoken(1), ['received twelve yuan fifty']);

      const paper = await stall.client.until('a bill', () => stall.papers.at(-1));
      assert.ok(paid.bill);
      assert.ok(paper.text.includes(paid.bill.payment), 'both bills name the same payment');
      assert.match(paper.text, /12\.50/);
      assert.equal(paid.bill.amount_minor, 1250);

      const books = await stall.trialBalance();
      assert.deepEqual(books.complaints, []);
      assert.equal(await stall.earned(), 1250);

      // What went back is told at the stall, too: shown, spoken once, and on paper.
      await stall.refund(paid.bill.order, 300);
      await stall.waitForScreen(/Refunded: ¥3\.00/);
      assert.equal((await stall.spoken(2)).at(-1), 'refunded three yuan to the payer');
      const slip = await stall.client.until('a slip', () => stall.papers[1]);
      assert.match(slip.text, /Refunded +[¥￥]3\.00/);
      assert.equal(await stall.earned(), 950);
    });

    test('items of the catalogue stand on both bills', async () => {
      await stall.key('2*/1+/5\n');
      await stall.waitForScreen(/27\.50/);
      await stall.client.until('a QR', () => stall.client.state.screen.qr);
      const opened = await stall.scan('Alice');
      assert.equal(opened.opened?.order.amount_minor, 2750);
      const paid = await stall.pay('Alice');
      assert.deepEqual(
        paid.bill?.lines.map(({ quantity, unit_minor }) => [quantity, unit_minor]),
        [
          [2, 1200],
          [1, 350],
        ],
      );
      const paper = await stall.client.until('another bill', () => stall.papers[2]);
      assert.ok(paper.text.replaceAll('\n', '').includes('猪肉水饺'));
      assert.equal(await stall.earned(), 3700);
    });

    test('the customer can scan the serial panel instead, and a wrong PIN leaves the order open', async () => {
      await stall.offer('3.20');
      const opened = await stall.scan('Alice', { of: 'panel' });
      assert.equal(opened.opened?.order.amount_minor, 320);
      const [payer] = stall.client.state.payers;
      const refused = await stall.client.call<{ ok: boolean; refusal: { code: string } }>(
        'POST',
        'phones/Alice/pay',
        { phone: payer?.phone, pin: '000000' },
      );
      assert.equal(refused.refusal.code, 'wrong_pin');
      const paid = await stall.pay('Alice');
      assert.equal(paid.opened?.order.state, 'paid');
      assert.equal((await stall.spoken(4)).at(-1), 'received three yuan twenty');
    });
  });
}
