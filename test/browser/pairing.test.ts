/** The phone's page and the platform's in a browser: with scripts and without, in both languages. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { RICH } from '#test/gateway/harness.ts';
import { PairingStand } from '#test/gateway/pairing-stand.ts';
import { ALICE, POOR_BOB } from '#test/gateway/platform-stand.ts';
import { examine } from './cashier-stand.ts';
import { Phones } from './phones.ts';

const WORDS = {
  en: {
    logIn: 'Log in',
    connect: 'Connect',
    wait: 'Waiting for the amount',
    yes: 'Yes, pay with Lotus Pay',
    again: 'Try again with Lotus Pay',
    poor: 'not enough money',
    pay: 'Pay ¥12.50',
    paid: 'Paid',
    left: 'You have left the terminal.',
    leave: 'Leave',
  },
  'zh-CN': {
    logIn: '登录',
    connect: '连接',
    wait: '正在等待金额',
    yes: '同意，用Lotus Pay支付',
    again: '用Lotus Pay再试一次',
    poor: '余额不足',
    pay: '支付 ¥12.50',
    paid: '已支付',
    left: '您已断开与终端的连接。',
    leave: '断开',
  },
} as const;

describe('paying on site in a browser', () => {
  let stand: PairingStand;
  let phones: Phones;
  before(async () => {
    stand = await PairingStand.open();
    phones = await Phones.open();
  });
  after(async () => {
    await phones.close();
    await stand.close();
    phones.calm();
  });

  const open = async (locale: 'en' | 'zh-CN', script: boolean, dark = false) => {
    const context = await phones.take({ locale, script, dark });
    const page = await phones.page(context);
    await page.goto(`${stand.back.url}/pair`);
    return { context, page };
  };

  const typeAccount = async (page: Page, holder: { account: string; password: string }) => {
    const account = page.locator('#account');
    if ((await account.count()) > 0) await account.fill(holder.account);
    await page.locator('#password').fill(holder.password);
  };

  for (const [locale, script, dark] of [
    ['en', true, false],
    ['en', false, true],
    ['zh-CN', true, true],
  ] as const) {
    const how = `${locale}, ${script ? 'with' : 'without'} JavaScript, ${dark ? 'dark' : 'light'}`;
    test(`log in, connect, confirm, fail, try again, pay, leave (${how})`, async () => {
      const words = WORDS[locale];
      const { context, page } = await open(locale, script, dark);
      // axe is a script itself; the second time it looks at what is coloured otherwise.
      const look = (again = false) => (script && (again || !dark) ? examine(page) : undefined);
      await look(true);
      await page.locator('#phone').fill(RICH.phone);
      await page.locator('#pin').fill(RICH.pin);
      await page.getByRole('button', { name: words.logIn, exact: true }).click();
      await look();
      await page.locator('#number').fill(stand.number.replace(/^(...)/, '$1 '));
      await page.getByRole('button', { name: words.connect, exact: true }).click();
      await page.getByText(words.wait).first().waitFor();
      await look();
      const order = await stand.offer();
      const yes = page.getByRole('button', { name: words.yes });
      await yes.waitFor();
      await look();
      await yes.click();
      await page.getByRole('button', { name: words.pay, exact: true }).waitFor();
      assert.ok(page.url().startsWith(stand.platform.url));
      await look(true);
      await typeAccount(page, POOR_BOB);
      await page.getByRole('button', { name: words.pay, exact: true }).click();
      const again = page.getByRole('button', { name: words.again });
      await again.waitFor();
      await page.getByText(words.poor).waitFor();
      await look(true);
      await again.click();
      await page.getByRole('button', { name: words.pay, exact: true }).waitFor();
      const forget = page.locator('button[value=forget]');
      await forget.click();
      await typeAccount(page, ALICE);
      await page.getByRole('button', { name: words.pay, exact: true }).click();
      await page.getByRole('heading', { name: words.paid, exact: true }).waitFor();
      await look();
      assert.equal((await stand.terminal.result(order.number)).outcome, 'paid');
      await page.getByRole('button', { name: words.leave, exact: true }).click();
      await page.getByText(words.left).waitFor();
      await context.close();
    });
  }

  test('by keyboard alone, from the log-in to the platform', async () => {
    const { context, page } = await open('en', false);
    const tab = async (count: number) => {
      for (let at = 0; at < count; at += 1) await page.keyboard.press('Tab');
    };
    await tab(2);
    await page.keyboard.type(RICH.phone);
    await tab(1);
    await page.keyboard.type(RICH.pin);
    await page.keyboard.press('Enter');
    await page.locator('#number').waitFor();
    const order = await stand.offer();
    await tab(2);
    await page.keyboard.type(stand.number);
    await page.keyboard.press('Enter');
    await page.locator('button[value=yes]').waitFor();
    await tab(2);
    assert.equal(await page.locator(':focus').getAttribute('value'), 'yes');
    await page.keyboard.press('Enter');
    await page.locator('#account').waitFor();
    await tab(2);
    await page.keyboard.type(ALICE.account);
    await tab(1);
    await page.keyboard.type(ALICE.password);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Paid', exact: true }).waitFor();
    assert.equal((await stand.terminal.result(order.number)).outcome, 'paid');
    await context.close();
  });

  test('a wrong password on the platform’s page: said, focused, and forgotten', async () => {
    const { context, page } = await open('en', true);
    const granted = await stand.phone(RICH);
    await granted.pair(stand.number);
    const order = await stand.offer();
    await granted.step('confirm');
    await page.goto(await granted.agree(order));
    await typeAccount(page, { ...ALICE, password: 'not this one' });
    await page.locator('.pay').click();
    await page.getByText('Account or password is wrong').waitFor();
    await examine(page);
    assert.equal(await page.locator(':focus').getAttribute('id'), 'password');
    assert.equal(await page.locator('#password').inputValue(), '');
    await context.close();
  });
});
