/** An order whose time is over before its link's: what its payer sees, and that nothing is taken for it. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { Clock } from '#gateway/clock.ts';
import { until } from '#test/until.ts';
import { RICH, shiftedClock } from './harness.ts';
import {
  type LinkStand,
  openLinkStand,
  PASSWORD,
  payByPassword,
  sendPassword,
} from './link-stand.ts';
import { BareBrowser } from './platform-stand.ts';

/** Longer than an order stays open by itself, and far less than a link does. */
const OVER_MS = 31 * 60_000;

for (const kind of ['together', 'apart'] as const) {
  describe(`an order that ends before its link, ${kind}`, () => {
    let stand: LinkStand;
    let clock: Clock & { ahead: number };
    before(async () => {
      clock = shiftedClock();
      stand = await openLinkStand(kind, { clock, peerTimeoutMs: 500 });
    });
    // Whoever delivers the messages has the right time.
    beforeEach(() => {
      clock.ahead = 0;
    });
    after(async () => {
      for (const book of await stand.all.books()) assert.deepEqual(book.complaints, []);
      await stand.close();
    });

    /** Lets its time pass; whatever is placed then has the order centre look at its clock. */
    async function runOut(): Promise<void> {
      clock.ahead += OVER_MS;
      await stand.place();
    }

    test('its page says that the order has ended, and whoever has the form open pays nothing', async () => {
      const { number, link } = await stand.order();
      const form = new BareBrowser();
      assert.match((await form.get(`${link}?method=password`)).text, /type="password"/);
      await runOut();
      await stand.state(number, 'expired');
      for (const browser of [form, new BareBrowser()]) {
        const page = await browser.get(`${link}?lang=en`);
        assert.equal(page.status, 200);
        assert.match(page.text, /<h1>Closed<\/h1>[\s\S]*This order has ended. Nothing was taken./);
        assert.doesNotMatch(page.text, /<form/);
        assert.match((await browser.get(`${link}?lang=zh-CN`)).text, /订单已结束，未扣款。/);
        const late = await sendPassword(browser, link, RICH.phone, PASSWORD);
        assert.match(late.text, /This order has ended/);
      }
      assert.deepEqual(await stand.all.moved(number), { kinds: [], held: 0 });
      assert.equal((await stand.look(number)).body.state, 'expired');
    });

    test('while the acquirer has not heard of it the order is open: who pays then has paid it', async () => {
      const { wires } = stand.all;
      if (wires === null) return;
      const { number, link } = await stand.order();
      wires.acquirer.cut = true;
      await runOut();
      const seen = await until('the wish to close it', async () => {
        const order = await stand.look(number);
        return order.body.closing === 'expired' && order;
      });
      assert.equal(seen.body.state, 'unpaid', 'it has not ended');
      assert.match((await payByPassword(new BareBrowser(), link)).text, /<h1>Paid<\/h1>/);
      await stand.state(number, 'paid');
      wires.acquirer.cut = false;
      await until('the question to be over', async () => {
        const { state, closing } = (await stand.look(number)).body;
        return state === 'paid' && closing === undefined;
      });
      assert.deepEqual(await stand.all.moved(number), { kinds: ['debit', 'payment'], held: 0 });
    });
  });
}
