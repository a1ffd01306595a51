/** A payer without an app: the QR's URL in a real browser, with a position, and without JavaScript. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { TestStall } from './stall.ts';

export function tellSaleByBrowser(open: () => TestStall): void {
  describe('a sale by a browser', () => {
    let stall: TestStall;
    before(async () => {
      stall = open();
      await stall.begin();
    });

    const ACCOUNT = { phone: '+8613800000001', pin: '246810' };
    const browse = (body: object): Promise<{ text: string }> =>
      stall.client.call('POST', 'phones/Alice/browse', body);
    const pay = (body: object): Promise<{ text: string }> =>
      stall.client.call('POST', 'phones/Alice/browser/pay', body);

    test('pays on the cashier page, the position from the phone', async () => {
      await stall.offer('12.50');
      const page = await browse({});
      assert.match(page.text, /Lin's Dumplings/);
      assert.match(page.text, /12\.50/);
      // The page asks for the position by itself where it has leave.
      for (let text = page.text; !/knows|says where you are/i.test(text); ) {
        text = (await stall.client.call<{ text: string }>('GET', 'phones/Alice/browser')).text;
      }
      const paid = await pay(ACCOUNT);
      assert.match(paid.text, /Paid/);
      assert.deepEqual(await stall.spoken(1), ['received twelve yuan fifty']);
    });

    test('pays with JavaScript off, the two digits read off the screen', async () => {
      await stall.offer('3.00');
      await browse({ scripts: false, locate: false });
      const paid = await pay({ ...ACCOUNT, digits: stall.digits });
      assert.match(paid.text, /Paid/);
      assert.equal((await stall.spoken(2))[1], 'received three yuan');
      assert.equal(await stall.earned(), 1550);
    });
  });
}
