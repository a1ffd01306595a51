/** A voucher pays the link of a merchant's own system, which hears of it and gives back. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { verifyWebhook } from '#device/codecs/standard-webhooks.ts';
import { freePort } from '#simulators/free-port.ts';
import { until } from '#test/until.ts';
import { openHook } from './centre-bench.ts';
import { type Asking, askSigned } from './certificate-caller.ts';
import { freshKey, RICH } from './harness.ts';
import { type Credentials, granted } from './identity-bench.ts';
import { type LinkStand, openLinkStand, sendVoucher, VOUCHER_LINK_SEED } from './link-stand.ts';
import { BareBrowser } from './platform-stand.ts';
import { type VoucherDesk, voucherDesk } from './voucher-desk.ts';

describe('a voucher and a merchant’s own system', () => {
  let stand: LinkStand;
  let desk: VoucherDesk;
  let lin: Credentials;

  before(async () => {
    const peerDoor = { host: '127.0.0.1', port: await freePort() };
    const acquirer = { peerDoor, privateWebhooks: true };
    stand = await openLinkStand('together', { seed: VOUCHER_LINK_SEED }, { acquirer });
    desk = voucherDesk(() => stand.all.funds?.at.http ?? '');
    lin = await granted(stand.all.centre, { kind: 'merchant', subject: 'lin' });
  });
  after(async () => {
    for (const book of await stand.all.books()) assert.deepEqual(book.complaints, []);
    await stand.close();
  });

  const ask = (path: string, asking: Asking = {}) =>
    askSigned(stand.all.acquirer.peerDoor ?? '', 'lin', lin, `/v1/merchant/${path}`, asking);
  const make = async (order: string): Promise<string> => {
    const body = {
      ...{ merchant_number: 'LIN', order, amount_minor: 2400, currency: 'CNY' },
      phone: RICH.phone,
      lines: [{ name: 'Pork dumplings', quantity: 2, unit_minor: 1200 }],
    };
    return String((await ask('links', { body, key: freshKey() })).body.link);
  };

  test('is told, refunds a part to the voucher, and voids another whole', async () => {
    const hook = await openHook();
    const hooked = await ask('webhook', { body: { url: hook.url }, key: freshKey() });
    assert.equal(hooked.status, 201, JSON.stringify(hooked.body));
    const told = (type: string, of: string) =>
      until(`${type} of ${of}`, () => {
        const taken = hook.came.map(({ body }) => JSON.parse(body));
        return taken.find((each) => each.type === type && each.data.order === of);
      });
    const voucher = await desk.issue({ amount_minor: 5000 });
    const masked = `•••• ${voucher.number.slice(-4)}`;
    const sell = async (order: string): Promise<string> => {
      const link = await make(order);
      const browser = new BareBrowser();
      await browser.get(`${link}?method=voucher&lang=en`);
      const page = await sendVoucher(browser, link, voucher.number, voucher.code);
      assert.match(page.text, /<h1>Paid<\/h1>/);
      const { body } = await ask(`orders/${order}`);
      assert.deepEqual([body.state, body.payer, body.refunded_minor], ['paid', masked, 0]);
      return String(body.payment);
    };
    const payment = await sell('V-1');
    const paid = await told('payment.paid', 'V-1');
    assert.deepEqual([paid.data.payment, paid.data.payer], [payment, masked]);
    assert.deepEqual(await desk.seen(voucher.number), ['issued', 2400, 2600]);
    const asked = { body: { amount_minor: 400 }, key: freshKey() };
    const part = await ask(`payments/${payment}/refunds`, asked);
    assert.deepEqual([part.status, part.body.outcome], [201, 'refunded']);
    assert.deepEqual(await ask(`payments/${payment}/refunds`, asked), part, 'the same again');
    assert.equal((await told('refund.refunded', 'V-1')).data.amount_minor, 400);
    assert.deepEqual(await desk.seen(voucher.number), ['issued', 2000, 3000]);
    const other = await sell('V-2');
    const voided = await ask(`payments/${other}/void`, { key: freshKey() });
    assert.equal(voided.body.state, 'voided', JSON.stringify(voided.body));
    await told('payment.voided', 'V-2');
    assert.deepEqual(await desk.seen(voucher.number), ['issued', 2000, 3000]);
    for (const { headers, body } of hook.came) {
      const secret = String(hooked.body.secret);
      assert.ok(verifyWebhook([secret], { ...headers }, body, Date.now()).ok);
    }
    await hook.close();
  });

  test('one that is too small leaves the link open, and nobody is told that it was paid', async () => {
    const link = await make('V-3');
    const voucher = await desk.issue({ amount_minor: 1000 });
    const browser = new BareBrowser();
    await browser.get(`${link}?method=voucher&lang=en`);
    const page = await sendVoucher(browser, link, voucher.number, voucher.code);
    assert.equal(page.status, 422);
    assert.match(page.text, /data-code="too_small"/);
    assert.equal((await ask('orders/V-3')).body.state, 'open');
    assert.deepEqual(await desk.seen(voucher.number), ['issued', 0, 1000]);
  });
});
