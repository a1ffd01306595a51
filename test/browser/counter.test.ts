/** The card counter in Chromium: by keyboard, with scripts and without, in both languages, by axe. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { Card } from '#simulators/card/card.ts';
import { repeatable } from '#test/card/bench.ts';
import { ShopStand } from '#test/gateway/shop-stand.ts';
import { until } from '#test/until.ts';
import { examine } from './cashier-stand.ts';
import { Phones } from './phones.ts';

describe('the card counter in a browser', () => {
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

  const open = async (script: boolean): Promise<Page> => phones.page(await phones.take({ script }));

  async function looked(page: Page, name: string): Promise<void> {
    const directory = process.env.HAWKER_PICTURES;
    if (directory !== undefined) {
      await page.screenshot({ path: `${directory}/counter-${name}.png`, fullPage: true });
      await page.setViewportSize({ width: 1280, height: 800 });
      await page.screenshot({ path: `${directory}/counter-${name}-wide.png` });
      await page.setViewportSize({ width: 360, height: 640 });
    }
    await examine(page);
    assert.ok((await page.content()).length < 20_000);
  }

  async function signIn(page: Page, token: string): Promise<void> {
    await page.locator('#token').fill(token);
    await page.keyboard.press('Enter');
  }

  async function put(card: Card): Promise<void> {
    await stand.reader.invited('the terminal asks for the card');
    stand.reader.leave();
    stand.reader.put(card);
  }

  test('an agent makes, loads, reads, blocks and unblocks a card', async () => {
    const page = await open(true);
    await page.goto(`${stand.http}/counter?lang=en`);
    await looked(page, 'sign-in');
    await signIn(page, 'not-a-token-of-this-house');
    await page.getByText('This token is not known here.').waitFor();
    await signIn(page, stand.gateway.agentToken);
    await page.locator('#terminal').fill('000 001');
    await page.getByRole('button', { name: 'Read' }).click();
    await page.getByText('No terminal has this number.').waitFor();
    await looked(page, 'complaint');
    await page.locator('#terminal').fill(stand.number);
    await page.getByRole('button', { name: 'Make a new card' }).click();
    await page.getByRole('heading', { name: 'Hold the card' }).waitFor();
    await looked(page, 'waiting');
    const card = new Card({ uid: Uint8Array.of(4, 8, 8, 8, 8, 8, 1), chance: repeatable(88) });
    await put(card);
    await page.getByRole('heading', { name: 'The card is made' }).waitFor({ timeout: 8000 });
    stand.reader.lift();
    await page.getByRole('link', { name: 'Back to the counter' }).click();
    // The terminal is remembered; Enter loads.
    await page.locator('#amount').fill('50');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Hold the card' }).waitFor();
    await put(card);
    await page.getByRole('heading', { name: 'Loaded' }).waitFor({ timeout: 8000 });
    await looked(page, 'loaded');
    stand.reader.lift();
    await page.getByRole('link', { name: /^HC / }).click();
    await page.getByText('+¥50.00').waitFor();
    await page.getByRole('button', { name: 'Block' }).click();
    await page.getByText('Blocked. Every terminal hears of it.').waitFor();
    await page.getByRole('button', { name: 'Take the block off' }).click();
    await page.getByText('The block is off.').waitFor();
    await looked(page, 'card');
    // An agent whose token ends is out at once.
    await stand.operator('/v1/centre/agents/first/revocation', {});
    await page.reload();
    await page.locator('#token').waitFor();
    assert.ok(await stand.clean());
  });

  /** Pays ¥12 of the web shop with a card. */
  async function buy(page: Page, card: Card): Promise<void> {
    await page.goto(`${stand.http}/shop/lin/basket?q.1=1&lang=en`);
    await page.getByRole('button', { name: 'Go to payment' }).click();
    await page.locator('#number').fill(stand.number);
    await page.keyboard.press('Enter');
    const number = /orders\/(\w{16})/.exec(page.url())?.[1] ?? '';
    await page.locator('#digits').fill(stand.digits(number));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Hold your card' }).waitFor();
    await until('the reader waits for a card', () => {
      const { invite } = stand.reader.state;
      return invite !== null && invite.invite.digits_of === undefined ? true : undefined;
    });
    stand.reader.leave();
    stand.reader.put(card);
    await page.getByRole('heading', { name: 'Paid' }).waitFor({ timeout: 8000 });
    stand.reader.lift();
  }

  test('a payment is given back, once, from the list of a card', async () => {
    const card = await stand.card(3000);
    const page = await open(true);
    await buy(page, card);
    await page.goto(`${stand.http}/counter?lang=en`);
    await signIn(page, stand.gateway.operatorToken);
    await page.locator('#terminal').fill(stand.number);
    await page.getByRole('button', { name: 'Read' }).click();
    await page.getByRole('heading', { name: 'Hold the card' }).waitFor();
    await put(card);
    await page.getByRole('link', { name: /^HC / }).click();
    await page.getByText('−¥12.00').waitFor();
    stand.reader.lift();
    await page.getByRole('button', { name: 'Give back ¥12.00' }).click();
    await page.getByText('¥12.00 will be put on the card at its next tap').waitFor();
    assert.equal(await page.getByRole('button', { name: /^Give back/ }).count(), 0);
    await looked(page, 'refund');
    const read = await stand.counter(card, { act: 'inspect' });
    await stand.counted(read.id, 'done');
    stand.reader.lift();
    await page.reload();
    await page.getByText('+¥12.00').waitFor();
    assert.ok(await stand.clean());
  });

  test('the operator reads a card in Chinese, without scripts', async () => {
    const card = await stand.card(3000);
    const page = await open(false);
    await page.goto(`${stand.http}/counter?lang=zh-CN`);
    await signIn(page, stand.gateway.operatorToken);
    await page.locator('#terminal').fill(stand.number);
    await page.getByRole('button', { name: '读卡' }).click();
    await page.getByRole('heading', { name: '请将卡放在终端' }).waitFor();
    await put(card);
    await page.getByRole('heading', { name: '卡片信息' }).waitFor({ timeout: 8000 });
    stand.reader.lift();
    await page.getByRole('link', { name: /^HC / }).click();
    await page.getByText('+¥30.00').waitFor();
    const number = /HC\w{16}/.exec(page.url())?.[0];
    await page.goto(`${stand.http}/counter/cards?card=${number?.toLowerCase()}`);
    assert.ok(page.url().includes(`/counter/cards/${number}`));
    await until('nobody asks any more', () => stand.reader.state.invite === null || undefined);
  });
});
