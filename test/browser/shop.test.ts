/** The web shop in Chromium: by keyboard, with scripts and without, in both languages, and by axe. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { ShopStand } from '#test/gateway/shop-stand.ts';
import { until } from '#test/until.ts';
import { examine } from './cashier-stand.ts';
import { Phones } from './phones.ts';

const WORDS = {
  en: { basket: 'To the basket', pay: 'Go to payment', hold: 'Hold your card', paid: 'Paid' },
  'zh-CN': { basket: '查看购物篮', pay: '去付款', hold: '请将卡放在读卡器上', paid: '已支付' },
} as const;

describe('the shop in a browser', () => {
  let stand: ShopStand;
  let phones: Phones;
  before(async () => {
    stand = await ShopStand.open();
    phones = await Phones.open();
  });
  after(async () => {
    await phones.close();
    await stand.close();
    phones.calm();
  });

  async function picture(page: Page, name: string): Promise<void> {
    const directory = process.env.HAWKER_PICTURES;
    if (directory !== undefined) await page.screenshot({ path: `${directory}/shop-${name}.png` });
  }

  const waits = () =>
    until('the reader waits for a card', () => {
      const { invite } = stand.reader.state;
      return invite !== null && invite.invite.digits_of === undefined ? true : undefined;
    });

  for (const language of ['en', 'zh-CN'] as const) {
    // Without scripts a page waits for its refresh: one language is enough.
    for (const scripts of language === 'en' ? [true, false] : [true]) {
      const words = WORDS[language];
      test(`goods are paid by card (${language}, ${scripts ? 'with' : 'without'} scripts)`, async () => {
        const card = await stand.card(5000);
        const context = await phones.take({ script: scripts });
        const page = await phones.page(context);
        const looked = async (name: string): Promise<void> => {
          await picture(page, `${name}-${language}`);
          if (scripts) await examine(page);
        };
        await page.goto(`${stand.http}/shop/lin?lang=${language}`);
        await looked('goods');
        await page.locator('[name="q.3"]').fill('2');
        await page.keyboard.press('Enter');
        await page.getByRole('button', { name: words.pay }).waitFor();
        await looked('basket');
        await page.getByRole('button', { name: words.pay }).click();
        await page.locator('#number').fill(stand.number);
        await looked('reader');
        await page.keyboard.press('Enter');
        await page.locator('#digits').waitFor();
        const number = /orders\/(\w{16})/.exec(page.url())?.[1] ?? '';
        await looked('digits');
        await page.locator('#digits').fill(stand.digits(number));
        await page.keyboard.press('Enter');
        await page.getByRole('heading', { name: words.hold }).waitFor();
        await looked('tap');
        await waits();
        stand.reader.leave();
        stand.reader.put(card);
        await page.getByRole('heading', { name: words.paid }).waitFor();
        await looked('paid');
        stand.reader.lift();
        const wide = await page.content();
        assert.ok(wide.length < 20_000, `${wide.length} characters`);
        await context.close();
      });
    }
  }
});
