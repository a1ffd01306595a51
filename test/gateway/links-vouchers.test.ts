/** Vouchers as a way to pay behind a payment link, in both constellations. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { until } from '#test/until.ts';
import { POOR } from './harness.ts';
import {
  type LinkStand,
  openLinkStand,
  payByPassword,
  VOUCHER_LINK_SEED as SEED,
  sendVoucher,
} from './link-stand.ts';
import { BareBrowser, type Seen } from './platform-stand.ts';
import { type VoucherDesk, voucherDesk } from './voucher-desk.ts';

const wrongOf = (code: string): string => (code === '000000' ? '000001' : '000000');

for (const kind of ['together', 'apart'] as const) {
  describe(`a voucher pays a link, ${kind}`, () => {
    let stand: LinkStand;
    let desk: VoucherDesk;

    before(async () => {
      stand = await openLinkStand(kind, { seed: SEED }, { 'fund-server': {} });
      desk = voucherDesk(() => stand.all.funds?.at.http ?? '');
    });
    after(async () => {
      for (const book of await stand.all.books()) assert.deepEqual(book.complaints, []);
      await stand.close();
    });

    /** Opens the form of a link as a phone does, in English. */
    const opened = async (link: string): Promise<BareBrowser> => {
      const browser = new BareBrowser();
      const page = await browser.get(`${link}?method=voucher&lang=en`);
      assert.match(page.text, /name="voucher"/);
      return browser;
    };
    const alertOf = ({ status, text }: Seen) => {
      const [, code] = /id="alert" data-code="([^"]*)"/.exec(text) ?? [];
      const [, field] = /name="(\w+)"[^>]*aria-invalid="true"/.exec(text) ?? [];
      return [status, code, field];
    };

    test('the whole order, told to everybody, and given back to the voucher', async () => {
      const { number, link } = await stand.order();
      const voucher = await desk.issue({ amount_minor: 5000 });
      const choice = await new BareBrowser().get(`${link}?lang=en`);
      assert.match(choice.text, /method=voucher">Voucher</);
      const browser = await opened(link);
      const spaced = voucher.number.replace(/(\d{4})/g, '$1 ');
      const paid = await sendVoucher(browser, link, spaced, voucher.code);
      assert.match(paid.text, /<h1>Paid<\/h1>/);
      assert.ok(paid.text.includes(`•••• ${voucher.number.slice(-4)}`));
      const seen = await stand.state(number, 'paid');
      assert.equal(seen.body.payer, `•••• ${voucher.number.slice(-4)}`);
      assert.deepEqual(await desk.seen(voucher.number), ['issued', 2000, 3000]);
      await until('the desk to know', () =>
        stand.told(number).some(({ data }) => data.state === 'paid'),
      );
      const again = await sendVoucher(browser, link, voucher.number, voucher.code);
      assert.match(again.text, /<h1>Paid<\/h1>/);
      const part = await stand.done(number, 'refunds', { amount_minor: 500 });
      assert.equal(part.body.outcome, 'refunded', JSON.stringify(part.body));
      await until('refilled', async () => (await desk.seen(voucher.number))[2] === 3500);
      await stand.done(number, 'refunds');
      assert.deepEqual(await desk.seen(voucher.number), ['issued', 0, 5000]);
    });

    test('refused by name and field, and the link stays open', async () => {
      const { number, link } = await stand.order();
      const browser = await opened(link);
      const say = async (voucher: string, code: string) =>
        alertOf(await sendVoucher(browser, link, voucher, code));
      const small = await desk.issue({ amount_minor: 1999 });
      const whole = await desk.issue({
        ...{ amount_minor: 2100, terms: { transferable: true, partial: false } },
      });
      assert.deepEqual(await say('12', small.code), [422, 'malformed_request', 'voucher']);
      assert.deepEqual(await say(small.number, '12'), [422, 'malformed_request', 'code']);
      const wrong = await sendVoucher(browser, link, small.number, wrongOf(small.code));
      assert.deepEqual(alertOf(wrong), [422, 'wrong_code', 'code']);
      assert.match(wrong.text, /Tries left: 4/);
      assert.deepEqual(await say(small.number, small.code), [422, 'too_small', 'voucher']);
      assert.deepEqual(await say(whole.number, whole.code), [422, 'whole_only', 'voucher']);
      await desk.act('chen', whole.number, 'redeem', { amount_minor: 2100, currency: 'CNY' });
      assert.deepEqual(await say(whole.number, whole.code), [422, 'not_good', 'voucher']);
      const passed = await desk.issue({ amount_minor: 2100, beneficiary: 'shop' });
      const { body } = await desk.ask('shop', `vouchers/${passed.number}`);
      assert.deepEqual(await say(passed.number, String(body.code)), [
        ...[422, 'unregistered', 'voucher'],
      ]);
      assert.equal((await stand.look(number)).body.state, 'unpaid');
      assert.deepEqual((await stand.all.moved(number)).kinds, []);
      // Nobody was verified yet: the payer's own phone still pays.
      const page = await payByPassword(new BareBrowser(), link);
      assert.match(page.text, /<h1>Paid<\/h1>/);
    });

    test('another person’s voucher fails the transaction, as does guessing five times', async () => {
      const { number, link } = await stand.order();
      const voucher = await desk.issue({ amount_minor: 5000 });
      await desk.act('chen', voucher.number, 'transfer', { beneficiary: 'zhao' });
      const { body } = await desk.ask('zhao', `vouchers/${voucher.number}`);
      const page = await sendVoucher(await opened(link), link, voucher.number, String(body.code));
      assert.match(page.text, /belongs to another phone number/);
      assert.equal((await stand.state(number, 'cancelled')).body.reason, 'payer_not_verified');
      assert.deepEqual(await desk.seen(voucher.number), ['issued', 0, 5000]);
      const other = await stand.order({ phone: POOR.phone });
      const browser = await opened(other.link);
      let last = await sendVoucher(browser, other.link, voucher.number, wrongOf(String(body.code)));
      for (const _ of [2, 3, 4, 5]) {
        last = await sendVoucher(browser, other.link, voucher.number, wrongOf(String(body.code)));
      }
      assert.match(last.text, /Too many wrong tries/);
      await stand.state(other.number, 'cancelled');
    });

    test('two phones and two presses at once: redeemed once', async () => {
      const { number, link } = await stand.order();
      const voucher = await desk.issue({ amount_minor: 5000 });
      const phones = [await opened(link), await opened(link)];
      const pages = await Promise.all(
        [...phones, ...phones].map((phone) =>
          sendVoucher(phone, link, voucher.number, voucher.code),
        ),
      );
      assert.ok(pages.some(({ status }) => status === 403));
      await stand.state(number, 'paid');
      assert.deepEqual(await desk.seen(voucher.number), ['issued', 2000, 3000]);
    });
  });
}

test('a fund server and an issuer that do not answer: said so, and one redemption', async () => {
  const stand = await openLinkStand(
    'apart',
    { seed: SEED, peerTimeoutMs: 400 },
    { 'fund-server': {} },
  );
  try {
    const desk = voucherDesk(() => stand.all.funds?.at.http ?? '');
    const { number, link } = await stand.order();
    const voucher = await desk.issue({ amount_minor: 5000 });
    const browser = new BareBrowser();
    await browser.get(`${link}?method=voucher`);
    stand.all.funds?.wire?.next('/v1/issuer/captures', 'lose_answer', 'time_out');
    const page = await sendVoucher(browser, link, voucher.number, voucher.code);
    assert.match(page.text, /One moment/);
    await stand.state(number, 'paid');
    assert.deepEqual(await desk.seen(voucher.number), ['issued', 2000, 3000]);
    const other = await stand.order();
    await browser.get(`${other.link}?method=voucher`);
    await stand.all.funds?.at.close();
    const away = await sendVoucher(browser, other.link, voucher.number, voucher.code);
    assert.equal(away.status, 422);
    assert.match(away.text, /Vouchers can’t be asked just now/);
    assert.equal((await stand.look(other.number)).body.state, 'unpaid');
  } finally {
    await stand.close();
  }
});
