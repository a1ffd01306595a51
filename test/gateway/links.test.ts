/** Payment links: one payer, one phone, one debit; alike whether the organisations are one or apart. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Clock } from '#gateway/clock.ts';
import { until } from '#test/until.ts';
import { ALSO_RICH, POOR, RICH, shiftedClock } from './harness.ts';
import {
  type LinkStand,
  OTHER_PASSWORD,
  openLinkStand,
  PASSWORD,
  payByPassword,
  sendPassword,
} from './link-stand.ts';
import { BareBrowser } from './platform-stand.ts';

const TIMEOUT_MS = 500;

for (const kind of ['together', 'apart'] as const) {
  describe(`payment links, ${kind}`, () => {
    let stand: LinkStand;
    let clock: Clock & { ahead: number };
    const takings = () => stand.all.balance(/^acquirer:merchant:/);

    before(async () => {
      clock = shiftedClock();
      stand = await openLinkStand(kind, { clock, peerTimeoutMs: TIMEOUT_MS });
    });
    after(async () => {
      for (const book of await stand.all.books()) assert.deepEqual(book.complaints, []);
      const due = await stand.all.balance(/^(issuer:due:acquirer|acquirer:due:issuer):/);
      assert.equal(due, 0);
      await stand.close();
    });

    test('shows merchant, product, quantity, amount and order, and takes the money once', async () => {
      const { number, link } = await stand.order();
      const earlier = await takings();
      const browser = new BareBrowser();
      const page = await browser.get(`${link}?method=password`);
      assert.equal(page.status, 200);
      const shown = ['Lin&#39;s Dumplings', 'LIN', 'Chive and egg dumplings', '2 ×', '¥20.00'];
      for (const text of [...shown, number, 'Stall 12']) {
        assert.ok(page.text.includes(text), text);
      }
      assert.ok(!page.text.includes(RICH.phone.slice(3)), 'the phone number is shown to nobody');
      assert.doesNotMatch(page.text, /Open until/, 'its order is over sooner than the link');
      const paid = await payByPassword(browser, link);
      assert.match(paid.text, /<h1>Paid<\/h1>/);
      const seen = await stand.state(number, 'paid');
      assert.ok(paid.text.includes(String(seen.body.payment)), 'the same payment on both bills');
      assert.equal(seen.body.payer, '•••• 0001');
      assert.equal(await takings(), earlier + 2000);
      assert.deepEqual((await stand.all.moved(number)).kinds, ['debit', 'payment']);
    });

    test('pressed twice, back and again, in two tabs: one debit', async () => {
      const { number, link } = await stand.order();
      const earlier = await takings();
      const browser = new BareBrowser();
      await browser.get(link);
      const pages = await Promise.all(
        [1, 2, 3, 4, 5].map(() => sendPassword(browser, link, RICH.phone, PASSWORD)),
      );
      for (const page of pages) assert.equal(page.status, 200, page.text);
      await stand.state(number, 'paid');
      const late = await sendPassword(browser, link, RICH.phone, PASSWORD);
      assert.match(late.text, /<h1>Paid<\/h1>/);
      assert.equal(await takings(), earlier + 2000);
      assert.deepEqual((await stand.all.moved(number)).kinds, ['debit', 'payment']);
    });

    test('two phones at once: one pays, the other learns nothing', async () => {
      const { number, link } = await stand.order();
      const earlier = await takings();
      const phones = [new BareBrowser(), new BareBrowser()];
      const pages = await Promise.all(phones.map((phone) => payByPassword(phone, link)));
      assert.deepEqual(pages.map(({ status }) => status).sort(), [200, 403]);
      await stand.state(number, 'paid');
      assert.equal(await takings(), earlier + 2000);
      const stranger = pages.find(({ status }) => status === 403);
      assert.match(stranger?.text ?? '', /Opened on another phone/);
      assert.ok(!stranger?.text.includes(number));
      assert.ok(!stranger?.text.includes('¥20.00'));
    });

    test('a forwarded link pays nothing: another person’s phone is not the order’s', async () => {
      const { number, link } = await stand.order();
      const earlier = await takings();
      const friend = new BareBrowser();
      const page = await payByPassword(friend, link, ALSO_RICH.phone, OTHER_PASSWORD);
      assert.match(page.text, /belongs to another phone number/);
      const seen = await stand.state(number, 'cancelled');
      assert.equal(seen.body.reason, 'payer_not_verified');
      // The transaction has failed, and with it link and order.
      const owner = await payByPassword(new BareBrowser(), link);
      assert.match(owner.text, /Not paid/);
      assert.equal(await takings(), earlier);
      assert.deepEqual((await stand.all.moved(number)).kinds, []);
    });

    test('five wrong passwords end the link, and lock that contract for a while', async () => {
      const { number, link } = await stand.order({ phone: POOR.phone });
      const browser = new BareBrowser();
      const first = await payByPassword(browser, link, POOR.phone, 'not the password');
      assert.equal(first.status, 422);
      assert.match(first.text, /Tries left: 4/);
      const unknown = await sendPassword(browser, link, '+8613899999999', PASSWORD);
      assert.match(unknown.text, /Tries left: 3/, 'an unknown number gets the same answer');
      for (const _ of [3, 4]) await sendPassword(browser, link, POOR.phone, 'not the password');
      const last = await sendPassword(browser, link, POOR.phone, 'not the password');
      assert.match(last.text, /Too many wrong tries/);
      assert.match((await sendPassword(browser, link, POOR.phone, PASSWORD)).text, /Not paid/);
      await until('the order centre to know', async () => {
        return (await stand.look(number)).body.reason === 'payer_not_verified';
      });
      const other = await stand.order({ phone: POOR.phone });
      await payByPassword(browser, other.link, POOR.phone, 'not the password');
      const locked = await sendPassword(browser, other.link, POOR.phone, PASSWORD);
      assert.match(locked.text, /locked for a quarter of an hour/);
      clock.ahead += 16 * 60_000;
      const open = await sendPassword(browser, other.link, POOR.phone, PASSWORD);
      assert.match(open.text, /not enough money/, 'let in, and declined');
      clock.ahead -= 16 * 60_000;
    });

    test('declined: told to both, open for another try, at most five', async () => {
      const lines = [{ code: '2', quantity: 3 }];
      const { number, link } = await stand.order({ phone: POOR.phone, lines });
      clock.ahead += 16 * 60_000;
      const browser = new BareBrowser();
      await payByPassword(browser, link, POOR.phone);
      const seen = await until('the reason', async () => {
        const order = await stand.look(number);
        return order.body.reason === 'insufficient_funds' && order;
      });
      assert.equal(seen.body.state, 'unpaid');
      for (const _ of [2, 3, 4, 5]) await sendPassword(browser, link, POOR.phone, PASSWORD);
      const page = await browser.get(link);
      assert.match(page.text, /This link is no longer good/);
      clock.ahead -= 16 * 60_000;
    });

    test('unknown, expired and cancelled links say so', async () => {
      const { number, link } = await stand.order();
      const browser = new BareBrowser();
      const wrong = await browser.get(`${link.slice(0, -6)}AAAAAA`);
      assert.equal(wrong.status, 404);
      assert.match(wrong.text, /No such link/);
      clock.ahead += 25 * 3_600_000;
      assert.match((await browser.get(link)).text, /Expired/);
      assert.match((await sendPassword(browser, link, RICH.phone, PASSWORD)).text, /Expired/);
      clock.ahead -= 25 * 3_600_000;
      const other = await stand.order();
      await stand.change(other.number, 'cancellation');
      await stand.state(other.number, 'cancelled');
      assert.match((await browser.get(other.link)).text, /Closed/);
      await sendPassword(browser, other.link, RICH.phone, PASSWORD);
      assert.deepEqual((await stand.all.moved(other.number)).kinds, []);
      assert.notEqual(number, other.number);
    });

    test('a merchant that is suspended, or beyond its bounds, gets no link', async () => {
      for (const [merchant, quantity] of [
        ['shut', 1],
        ['small', 2],
      ]) {
        const order = await stand.place({ merchant, lines: [{ code: '1', quantity }] });
        const seen = await stand.state(String(order.body.number), 'cancelled');
        assert.equal(seen.body.reason, 'no_link');
      }
      const { link } = await stand.order({
        merchant: 'small',
        lines: [{ code: '1', quantity: 1 }],
      });
      const page = await new BareBrowser().get(link);
      assert.ok(page.text.includes('M-0003') && page.text.includes('3 Low Road'));
    });

    test('foreign forms, missing cookies and card data are refused, and open no account', async () => {
      const { number, link } = await stand.order();
      const browser = new BareBrowser();
      await browser.get(link);
      const fields = { phone: RICH.phone, password: PASSWORD };
      const foreign = await browser.post(`${link}/password`, fields, {
        'sec-fetch-site': 'cross-site',
      });
      assert.equal(foreign.status, 403);
      const bare = await new BareBrowser().post(`${link}/password`, fields);
      assert.match(bare.text, /Cookies are off/);
      const card = await browser.post(`${link}/password`, {
        ...fields,
        password: '4111 1111 1111 1111',
      });
      assert.equal(card.status, 422);
      const cvv = await browser.post(`${link}/password`, { ...fields, cvv: '123' });
      assert.equal(cvv.status, 422);
      assert.equal((await stand.look(number)).body.state, 'unpaid');
      assert.ok(!JSON.stringify(stand.all.logged).includes('4111'));
    });

    test('no log holds a phone number, an identity number or a password', () => {
      const logged = JSON.stringify(stand.all.logged);
      for (const text of [RICH.phone, '110101199003070011', PASSWORD]) {
        assert.ok(!logged.includes(text), text);
      }
    });
  });
}

describe('payment links, when the issuer’s answer is lost', () => {
  test('the page says so and resolves itself; one debit', async () => {
    const stand = await openLinkStand('apart', { peerTimeoutMs: TIMEOUT_MS });
    try {
      const { number, link } = await stand.order();
      stand.all.wires?.issuer.next('/v1/issuer/debits', 'lose_answer', 'time_out');
      const browser = new BareBrowser();
      const page = await payByPassword(browser, link);
      assert.match(page.text, /One moment/);
      assert.match(page.text, /http-equiv="refresh"/);
      const seen = await stand.state(number, 'paid');
      await until('the payer’s page', async () =>
        /<h1>Paid<\/h1>/.test((await browser.get(link)).text),
      );
      assert.deepEqual((await stand.all.moved(number)).kinds, ['debit', 'payment']);
      assert.equal(seen.body.payer, '•••• 0001');
    } finally {
      await stand.close();
    }
  });

  test('an order that is being paid can’t be cancelled, and ends paid', async () => {
    const stand = await openLinkStand('apart', { peerTimeoutMs: TIMEOUT_MS });
    try {
      const { number, link } = await stand.order();
      stand.all.wires?.issuer.next('/v1/issuer/debits', 'lose_answer', 'time_out');
      const browser = new BareBrowser();
      const paying = payByPassword(browser, link);
      await stand.state(number, 'paying');
      await stand.change(number, 'cancellation');
      await paying;
      const seen = await stand.state(number, 'paid');
      assert.equal(seen.body.state, 'paid');
      assert.deepEqual((await stand.all.moved(number)).kinds, ['debit', 'payment']);
    } finally {
      await stand.close();
    }
  });
});
