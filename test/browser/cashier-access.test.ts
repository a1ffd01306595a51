import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { POOR, RICH } from '#test/gateway/harness.ts';
import { CashierStand, examine } from './cashier-stand.ts';

describe('the cashier page for everybody', () => {
  let stand: CashierStand;
  before(async () => {
    stand = await CashierStand.open();
  });
  after(() => stand.close());

  for (const [dark, payer, ending] of [
    [false, RICH, 'Paid'],
    [true, POOR, 'Declined'],
  ] as const) {
    const light = dark ? 'dark' : 'light';
    test(`axe finds nothing on form, complaint, ending and refusal (${light})`, async () => {
      const context = await stand.phone({ dark });
      const order = await stand.offer();
      const page = await stand.scan(context, order);
      await examine(page);
      await stand.fill(page, order, { ...payer, pin: '975310' });
      await page.locator('.alert').waitFor();
      await examine(page);
      await stand.fill(page, order, payer);
      await page.getByRole('heading', { name: ending, exact: true }).waitFor();
      await examine(page);
      const old = await stand.scan(context, order, 120_000);
      await old.getByText('too old').waitFor();
      await examine(old);
      await context.close();
    });
  }

  test('axe finds nothing in Chinese', async () => {
    const context = await stand.phone({ locale: 'zh-CN' });
    await examine(await stand.scan(context, await stand.offer()));
    await context.close();
  });

  test('by keyboard alone, in the order in which it is read', async () => {
    const context = await stand.phone({ script: false });
    const order = await stand.offer();
    const page = await stand.scan(context, order);
    const typed: Readonly<Record<string, string>> = {
      digits: stand.terminal.digits(order),
      phone: RICH.phone,
      pin: RICH.pin,
    };
    const visited: string[] = [];
    for (let step = 0; step < 5; step += 1) {
      await page.keyboard.press('Tab');
      const focused = page.locator(':focus');
      const name = (await focused.getAttribute('id')) ?? (await focused.innerText());
      visited.push(name);
      const text = typed[name];
      if (text !== undefined) await page.keyboard.type(text);
    }
    assert.deepEqual(visited, ['中文', 'digits', 'phone', 'pin', 'Pay ¥24.50']);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Paid', exact: true }).waitFor();
    await context.close();
  });

  test('after a complaint the field it is about has the focus', async () => {
    const context = await stand.phone();
    const order = await stand.offer();
    const page = await stand.scan(context, order);
    await stand.fill(page, order, { ...RICH, pin: '975310' });
    await page.locator('.alert').waitFor();
    assert.equal(await page.locator(':focus').getAttribute('id'), 'pin');
    assert.equal(await page.locator('#pin').getAttribute('aria-describedby'), 'alert');
    await context.close();
  });

  test('switches language without losing the order', async () => {
    const context = await stand.phone({ script: false });
    const page = await stand.scan(context, await stand.offer());
    await page.getByRole('link', { name: '中文' }).click();
    await page.getByRole('button', { name: '支付 ¥24.50' }).waitFor();
    await page.getByRole('link', { name: 'English' }).click();
    await page.getByRole('button', { name: 'Pay ¥24.50' }).waitFor();
    await context.close();
  });

  test('the bill prints without buttons and links', async () => {
    const context = await stand.phone();
    const order = await stand.offer();
    const page = await stand.scan(context, order);
    await stand.fill(page, order, RICH);
    await page.getByRole('button', { name: 'Print the bill' }).waitFor();
    await page.emulateMedia({ media: 'print' });
    assert.equal(await page.locator('#print').isVisible(), false);
    assert.equal(await page.locator('header').isVisible(), false);
    assert.equal(await page.locator('table').isVisible(), true);
    await context.close();
  });
});
