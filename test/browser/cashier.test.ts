import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { bearerFor, pay, RICH } from '#test/gateway/harness.ts';
import { until } from '#test/until.ts';
import { CashierStand } from './cashier-stand.ts';

const WORDS = {
  en: { pay: 'Pay ¥24.50', paid: 'Paid', wrong: 'Phone number or PIN is wrong.' },
  'zh-CN': { pay: '支付 ¥24.50', paid: '已支付', wrong: '手机号码或支付密码错误。' },
} as const;

describe('the cashier page in a browser', () => {
  let stand: CashierStand;
  before(async () => {
    stand = await CashierStand.open();
  });
  after(() => stand.close());

  for (const locale of ['en', 'zh-CN'] as const) {
    for (const script of [true, false]) {
      test(`${locale}, JavaScript ${script ? 'on' : 'off'}: look, mistype, pay, bill`, async () => {
        const words = WORDS[locale];
        const context = await stand.phone({ locale, script });
        const order = await stand.offer();
        const page = await stand.scan(context, order);
        await page.getByRole('button', { name: words.pay }).waitFor();
        assert.equal(await page.locator('html').getAttribute('lang'), locale);
        assert.match(await page.locator('table').innerText(), /Pork dumplings 猪肉水饺/);
        await stand.fill(page, order, { ...RICH, pin: '975310' });
        await page.getByText(words.wrong).waitFor();
        await stand.fill(page, order, RICH);
        await page.getByRole('heading', { name: words.paid, exact: true }).waitFor();
        const bill = await page.locator('main').innerText();
        for (const part of [/¥24\.00/, /¥24\.50/, /•••• 0001/, /PAY-/]) assert.match(bill, part);
        await page.reload();
        await page.getByRole('heading', { name: words.paid, exact: true }).waitFor();
        await context.close();
      });
    }
  }

  test('a phone that gives its position pays without the digits', async () => {
    const context = await stand.phone({ position: stand.terminal.identity.stall.place });
    const order = await stand.offer();
    const page = await stand.scan(context, order);
    await page.getByText('Your phone says where you are').waitFor();
    await stand.fill(page, order, RICH);
    await page.getByRole('heading', { name: 'Paid', exact: true }).waitFor();
    await context.close();
  });

  test('a phone that is elsewhere is told how far', async () => {
    const position = { latitude: 31.3, longitude: 121.46351 };
    const context = await stand.phone({ locale: 'zh-CN', position });
    const order = await stand.offer();
    const page = await stand.scan(context, order);
    await page.getByText('已获取您的位置').waitFor();
    await stand.fill(page, order, RICH);
    await page.getByText(/您的手机距摊位 77\d\d 米/).waitFor();
    await context.close();
  });

  test('shows at once that the stall cancelled, or that another phone paid', async () => {
    const { terminal, gateway } = stand;
    const context = await stand.phone();
    const order = await stand.offer();
    const page = await stand.scan(context, order);
    await terminal.say({ kind: 'close', close: { order: order.number, because: 'cancelled' } });
    await page.getByRole('heading', { name: 'Cancelled' }).waitFor();
    const other = await stand.offer();
    const second = await stand.scan(context, other);
    await pay(gateway.http, other.number, await bearerFor(gateway.http, terminal, other), RICH);
    await second.getByRole('heading', { name: 'Already paid' }).waitFor();
    assert.equal((await second.locator('main').innerText()).includes('•••• 0001'), false);
    await context.close();
  });

  test('waits by itself for an order that has not arrived, and counts down', async () => {
    const context = await stand.phone();
    const order = stand.makeOrder();
    const page = await stand.scan(context, order);
    await page.getByText('not arrived here yet').waitFor();
    await stand.terminal.offer(order);
    await page.locator('#left').waitFor();
    const first = await page.locator('#left').innerText();
    await until('the countdown', async () => (await page.locator('#left').innerText()) !== first);
    await context.close();
  });
});
