/** The pages of a voucher's parties in Chromium, from asking to redeeming, by forms alone. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { fromBase64url } from '#device/codecs/bytes.ts';
import { readScan } from '#device/codecs/scan.ts';
import { readVoucher } from '#device/codecs/voucher.ts';
import { readPng } from '#simulators/picture.ts';
import { readQr } from '#test/eyes.ts';
import { type Constellation, openConstellation } from '#test/gateway/constellation.ts';
import { SEED } from '#test/gateway/harness.ts';
import { type Party, VOUCHER_SEED, WANG } from '#test/gateway/voucher-stand.ts';
import { examine } from './cashier-stand.ts';
import { launchChromium } from './phones.ts';

describe('pages of vouchers', () => {
  let browser: Browser;
  let all: Constellation;

  before(async () => {
    browser = await launchChromium();
    const { payers, parties } = VOUCHER_SEED;
    all = await openConstellation('together', { seed: { ...SEED, payers, parties } });
  });
  after(async () => {
    await browser.close();
    await all.close();
  });

  /** Logged in, with one of the two languages and screens; the page has no script in any case. */
  async function logIn(party: Party, locale: 'en' | 'zh-CN', wide: boolean): Promise<Page> {
    const context = await browser.newContext({
      viewport: wide ? { width: 1280, height: 800 } : { width: 360, height: 640 },
      ...{ locale, javaScriptEnabled: party !== 'fund' },
    });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    await page.goto(`${all.http}/vouchers`);
    await page.locator('#party').fill(party);
    await page.locator('#password').fill(`password of ${party}`);
    await page.locator('.pay').click();
    return page;
  }
  /** At the fund server's own pages. */
  async function signIn(locale: 'en' | 'zh-CN', width: number): Promise<Page> {
    const viewport = { width, height: 640 };
    const context = await browser.newContext({ viewport, locale });
    const page = await context.newPage();
    await page.goto(`${all.http}/vouchers/office`);
    await page.locator('#token').fill(all.centre.operatorToken);
    await page.locator('.pay').click();
    await page.locator('h2').first().waitFor();
    return page;
  }
  const press = (page: Page, action: string) =>
    page.locator(`form[action*="/${action}?"] button`).click();
  const open = (page: Page) => page.locator('li a').first().click();

  test('three parties take one from asking to redeeming', async () => {
    const shop = await logIn('shop', 'en', true);
    await examine(shop);
    await shop.locator('#paying').selectOption('fund');
    await shop.locator('#beneficiary').selectOption('chen');
    await shop.locator('#amount').fill('200');
    await shop.locator('#memo').fill('Mid-autumn '.padEnd(140, 'n'));
    await shop.locator('form[action^="/vouchers?"] .pay').click();
    const fund = await logIn('fund', 'zh-CN', false);
    await open(fund);
    await press(fund, 'agree');
    await shop.reload();
    await press(shop, 'request-issue');
    await fund.reload();
    await fund.locator('#phone').fill(WANG.phone);
    await fund.locator('#pin').fill(WANG.pin);
    await fund.locator('#name').fill(WANG.name);
    await press(fund, 'name-account');
    await shop.reload();
    await press(shop, 'confirm-account');
    await examine(shop);
    const chen = await logIn('chen', 'en', false);
    await open(chen);
    await examine(chen);
    const qr = await chen.locator('svg.qr').count();
    assert.equal(qr, 1);
    await readsAsSigned(chen);
    await chen.locator('#amount').fill('12.50');
    await press(chen, 'redeem');
    await chen.locator('[role=status]').waitFor();
    assert.match(await chen.locator('main').innerText(), /¥187\.50/);
    await chen.locator('#amount').fill('999');
    await press(chen, 'redeem');
    assert.match(await chen.locator('[role=alert]').innerText(), /too little/);
    // What ends it takes two presses.
    assert.equal(await chen.locator('form[action*="/give-up?"] button').isVisible(), false);
    await chen.locator('summary', { hasText: 'Give it back' }).click();
    await examine(chen);
    const [office, trail] = [await signIn('zh-CN', 360), await signIn('en', 1280)];
    await examine(office);
    await open(trail);
    await examine(trail);
    if (process.env.HAWKER_PICTURES !== undefined) {
      for (const [name, page] of Object.entries({ shop, fund, chen, office, trail })) {
        await page.screenshot({
          path: `${process.env.HAWKER_PICTURES}/${name}.png`,
          fullPage: true,
        });
      }
      await shop.goto(`${all.http}/vouchers`);
      await shop.screenshot({ path: `${process.env.HAWKER_PICTURES}/list.png`, fullPage: true });
    }
    await press(chen, 'give-up');
    await chen.locator('[role=status]').waitFor();
    assert.match(await chen.locator('.slip').innerText(), /Cancelled/);
  });

  /** Two decoders read the code off the page's pixels; what they read is what was signed. */
  async function readsAsSigned(page: Page): Promise<void> {
    const text = await readQr(
      readPng(await page.locator('svg.qr').screenshot({ scale: 'device' })),
    );
    const scanned = readScan(text ?? '');
    assert.ok(scanned.is === 'voucher', String(text));
    const { key } = (await (await fetch(`${all.http}/v1/funds/key`)).json()) as { key: string };
    const read = readVoucher(fromBase64url(key) ?? assert.fail(), scanned.token, Date.now());
    assert.ok(read.ok && !read.expired);
    const { amount_minor, beneficiary } = read.claims;
    assert.deepEqual([amount_minor, beneficiary], [20_000, 'The chen']);
    const answer = await fetch(String(text).replace(/^https?:\/\/[^/]+/i, all.http));
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /¥200\.00/);
  }

  test('a stranger sees nothing, and whoever scans the code whether it is genuine', async () => {
    const chen = await logIn('chen', 'en', false);
    await open(chen);
    const at = new URL(chen.url()).pathname;
    const stranger = await logIn('stranger', 'en', false);
    const answer = await stranger.goto(all.http + at);
    assert.equal(answer?.status(), 404);
    const forged = await stranger.goto(`${all.http}/v?t=a.b.c`);
    assert.equal(forged?.status(), 422);
    await examine(stranger);
  });
});
