/** A payer's own page in a phone-sized Chromium: forms, a passkey of this phone, and a link paid by it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { freePort } from '#simulators/free-port.ts';
import { ALSO_RICH, RICH } from '#test/gateway/harness.ts';
import { LINK_SEED, type LinkStand, MEI, openLinkStand } from '#test/gateway/link-stand.ts';
import { CODE, startPlatform, type TestPlatform } from '#test/gateway/platform-stand.ts';
import { examine } from './cashier-stand.ts';
import { Phones } from './phones.ts';
import { addAuthenticator } from './virtual-authenticator.ts';

describe('a payer’s own page', () => {
  let stand: LinkStand;
  let platform: TestPlatform;
  let phones: Phones;
  let base: string;

  before(async () => {
    phones = await Phones.open();
    platform = await startPlatform();
    const port = await freePort();
    base = `http://localhost:${port}`;
    stand = await openLinkStand('together', {
      http: { host: '127.0.0.1', port },
      publicUrl: base,
      platforms: [{ kind: 'lotus', title: 'Lotus Pay', url: platform.url, secret: CODE }],
      seed: { ...LINK_SEED, contracts: (LINK_SEED.contracts ?? []).slice(0, 1) },
    });
  });
  after(async () => {
    await phones.close();
    await stand.close();
    await platform.close();
    phones.calm();
  });

  async function open(locale: 'en' | 'zh-CN', script: boolean, dark: boolean): Promise<Page> {
    const page = await phones.page(await phones.take({ locale, script, dark }));
    await page.goto(`${base}/payer`);
    return page;
  }

  async function logIn(page: Page, { phone, pin }: typeof RICH): Promise<void> {
    await page.locator('#phone').fill(phone);
    await page.locator('#pin').fill(pin);
    await page.locator('.pay').click();
  }

  test('a passkey of this phone is added, pays a link, and is removed', async () => {
    const page = await open('en', true, false);
    await addAuthenticator(page);
    await examine(page);
    await logIn(page, RICH);
    await page.getByRole('heading', { name: 'Your ways to pay' }).waitFor();
    await examine(page);
    await page.getByRole('button', { name: 'Add face or fingerprint' }).click();
    await page.getByText('Added.').waitFor();
    const { number, link } = await stand.order();
    await page.goto(`${link}?method=passkey`);
    await page.locator('#passkey').click();
    await page.getByRole('heading', { name: 'Paid', exact: true }).waitFor();
    await stand.state(number, 'paid');
    await page.goto(`${base}/payer`);
    await examine(page);
    await page.getByRole('button', { name: 'Remove' }).click();
    await page.getByText('Done.').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Remove' }).count(), 0);
    await page.context().close();
  });

  test('a new payer registers in Chinese, by forms alone', async () => {
    const page = await open('zh-CN', false, true);
    await logIn(page, { ...ALSO_RICH, pin: '000000' });
    await page.getByText('手机号码或支付密码错误').waitFor();
    assert.equal(await page.locator('#phone').inputValue(), ALSO_RICH.phone);
    await logIn(page, ALSO_RICH);
    await page.locator('#name').fill(MEI.name);
    await page.locator('#identity_number').fill(MEI.identity_number);
    await page.locator('#password').fill('a window of my own');
    await page.locator('.pay').click();
    await page.getByRole('heading', { name: '我的付款方式' }).waitFor();
    await page.locator('#account-lotus').fill('alice');
    await page.getByRole('button', { name: '登记账户' }).click();
    await page.getByText('al•••').waitFor();
    await page.context().close();
  });
});
