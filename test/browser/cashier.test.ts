import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import type { Order } from '#device/messages/order.ts';
import {
  bearerFor,
  enrol,
  makeOrder,
  POOR,
  pay,
  RICH,
  startGateway,
  Terminal,
  type TestGateway,
} from '#test/gateway/harness.ts';
import { until } from '#test/until.ts';

const CHROMIUM = '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Words {
  readonly pay: string;
  readonly paid: string;
  readonly declined: string;
  readonly wrong: string;
  readonly cancelled: string;
}
const WORDS: Readonly<Record<'en' | 'zh-CN', Words>> = {
  en: {
    pay: 'Pay ¥24.50',
    paid: 'Paid',
    declined: 'Declined',
    wrong: 'Phone number or PIN is wrong.',
    cancelled: 'Cancelled',
  },
  'zh-CN': {
    pay: '支付 ¥24.50',
    paid: '已支付',
    declined: '付款被拒绝',
    wrong: '手机号码或支付密码错误。',
    cancelled: '订单已取消',
  },
};
const LINES = [
  { name: 'Pork dumplings 猪肉水饺', code: '1', quantity: 2, unit_minor: 1200 },
  { quantity: 1, unit_minor: 50 },
];

describe('the cashier page in a browser', () => {
  let browser: Browser;
  let gateway: TestGateway;
  let terminal: Terminal;

  before(async () => {
    browser = await chromium
      .launch({ executablePath: CHROMIUM, args: FLAGS })
      .catch((error: unknown) => {
        throw new Error('no Chromium: sudo apt-get install chromium', { cause: error });
      });
    gateway = await startGateway();
    terminal = await Terminal.connect(await enrol(gateway.http));
  });
  after(async () => {
    await browser.close();
    await terminal.close();
    await gateway.close();
  });

  const offer = (): Promise<Order> => terminal.offer(makeOrder(terminal.identity, LINES));
  const contextFor = (locale: string, javaScriptEnabled: boolean, dark = false) =>
    browser.newContext({
      viewport: { width: 360, height: 640 },
      locale,
      javaScriptEnabled,
      colorScheme: dark ? 'dark' : 'light',
    });

  /** A page that fails its test on a script error, a blocked resource or a foreign request. */
  const openPage = async (context: BrowserContext, order: Order): Promise<Page> => {
    const page = await context.newPage();
    page.on('pageerror', (error) => assert.fail(error));
    page.on('console', (message) => {
      if (/Content Security Policy|Refused to/.test(message.text())) assert.fail(message.text());
    });
    page.on('request', (request) => {
      const url = request.url();
      assert.ok(url.startsWith(gateway.http) || url.startsWith('data:'), url);
    });
    await page.goto(`${gateway.http}/p/${terminal.token(order)}`);
    return page;
  };

  /** No finding of any weight, and nothing to scroll sideways. */
  const examine = async (page: Page): Promise<void> => {
    // The page's policy forbids foreign scripts: axe comes in by the debugger.
    const found = (await page.evaluate(
      `${AXE}; axe.run().then(({ passes, violations }) => ({
        passed: passes.length,
        violations: violations.map(({ id, nodes }) => id + ': ' + nodes.map((n) => n.html).join(' ')),
      }))`,
    )) as { passed: number; violations: string[] };
    assert.deepEqual(found.violations, []);
    assert.ok(found.passed > 10, `axe looked at ${found.passed} rules`);
    const wide = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
    assert.equal(wide, false, 'scrolls sideways');
  };

  for (const language of ['en', 'zh-CN'] as const) {
    for (const script of [true, false]) {
      const words = WORDS[language];
      test(`${language}, JavaScript ${script ? 'on' : 'off'}: look, mistype, pay, bill`, async () => {
        const context = await contextFor(language, script);
        const order = await offer();
        const page = await openPage(context, order);
        await page.getByRole('button', { name: words.pay }).waitFor();
        assert.equal(await page.locator('html').getAttribute('lang'), language);
        assert.match(await page.locator('table').innerText(), /Pork dumplings 猪肉水饺/);
        await page.locator('#digits').fill(terminal.digits(order));
        await page.locator('#phone').fill(RICH.phone);
        await page.locator('#pin').fill('975310');
        await page.getByRole('button', { name: words.pay }).click();
        await page.getByText(words.wrong).waitFor();
        await page.locator('#pin').fill(RICH.pin);
        await page.getByRole('button', { name: words.pay }).click();
        await page.getByRole('heading', { name: words.paid, exact: true }).waitFor();
        const bill = await page.locator('main').innerText();
        assert.match(bill, /¥24\.00/);
        assert.match(bill, /•••• 0001/);
        assert.match(bill, /PAY-/);
        await page.reload();
        await page.getByRole('heading', { name: words.paid, exact: true }).waitFor();
        await context.close();
      });
    }
  }

  for (const dark of [false, true]) {
    test(`axe finds nothing on form, complaint, bill and refusal (${dark ? 'dark' : 'light'})`, async () => {
      const context = await contextFor('en', true, dark);
      const order = await offer();
      const page = await openPage(context, order);
      await examine(page);
      await page.locator('#digits').fill(terminal.digits(order));
      await page.locator('#phone').fill(POOR.phone);
      await page.locator('#pin').fill('975310');
      await page.locator('.pay').click();
      await page.locator('.alert').waitFor();
      await examine(page);
      await page.locator('#phone').fill(dark ? POOR.phone : RICH.phone);
      await page.locator('#pin').fill(dark ? POOR.pin : RICH.pin);
      await page.locator('.pay').click();
      await page.getByRole('heading', { name: dark ? 'Declined' : 'Paid', exact: true }).waitFor();
      await examine(page);
      await page.goto(`${gateway.http}/p/${terminal.token(order, Date.now() - 120_000)}`);
      await page.getByText('too old').waitFor();
      await examine(page);
      await context.close();
    });
  }

  test('by keyboard alone, in the order in which it is read', async () => {
    const context = await contextFor('en', false);
    const order = await offer();
    const page = await openPage(context, order);
    const visited: string[] = [];
    for (let step = 0; step < 5; step += 1) {
      await page.keyboard.press('Tab');
      const focused = page.locator(':focus');
      visited.push((await focused.getAttribute('id')) ?? (await focused.innerText()));
      const typed = { digits: terminal.digits(order), phone: RICH.phone, pin: RICH.pin };
      const text = typed[visited.at(-1) as keyof typeof typed];
      if (text !== undefined) await page.keyboard.type(text);
    }
    assert.deepEqual(visited, ['中文', 'digits', 'phone', 'pin', 'Pay ¥24.50']);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Paid', exact: true }).waitFor();
    await context.close();
  });

  test('switches language without losing the order', async () => {
    const context = await contextFor('en', false);
    const page = await openPage(context, await offer());
    await page.getByRole('link', { name: '中文' }).click();
    await page.getByRole('button', { name: '支付 ¥24.50' }).waitFor();
    await page.getByRole('link', { name: 'English' }).click();
    await page.getByRole('button', { name: 'Pay ¥24.50' }).waitFor();
    await context.close();
  });

  test('a phone that gives its position pays without the digits', async () => {
    const context = await contextFor('en', true);
    const { latitude, longitude } = terminal.identity.stall.place;
    await context.setGeolocation({ latitude, longitude, accuracy: 8 });
    await context.grantPermissions(['geolocation'], { origin: gateway.http });
    const order = await offer();
    const page = await openPage(context, order);
    await page.getByText('Your phone says where you are').waitFor();
    await page.locator('#phone').fill(RICH.phone);
    await page.locator('#pin').fill(RICH.pin);
    await page.locator('.pay').click();
    await page.getByRole('heading', { name: 'Paid', exact: true }).waitFor();
    await context.close();
  });

  test('a phone that is elsewhere is told how far', async () => {
    const context = await contextFor('zh-CN', true);
    await context.setGeolocation({ latitude: 31.3, longitude: 121.46351, accuracy: 8 });
    await context.grantPermissions(['geolocation'], { origin: gateway.http });
    const page = await openPage(context, await offer());
    await page.getByText('已获取您的位置').waitFor();
    await page.locator('#phone').fill(RICH.phone);
    await page.locator('#pin').fill(RICH.pin);
    await page.locator('.pay').click();
    await page.getByText(/您的手机距摊位 77\d\d 米/).waitFor();
    await context.close();
  });

  test('shows at once that the stall cancelled, or that another phone paid', async () => {
    const context = await contextFor('en', true);
    const order = await offer();
    const page = await openPage(context, order);
    await terminal.say({ kind: 'close', close: { order: order.number, because: 'cancelled' } });
    await page.getByRole('heading', { name: 'Cancelled' }).waitFor();
    const other = await offer();
    const second = await openPage(context, other);
    await pay(gateway.http, other.number, await bearerFor(gateway.http, terminal, other), RICH);
    await second.getByRole('heading', { name: 'Already paid' }).waitFor();
    assert.equal((await second.locator('main').innerText()).includes('0001'), false);
    await context.close();
  });

  test('counts down, and waits by itself for an order that has not arrived', async () => {
    const context = await contextFor('en', true);
    const order = makeOrder(terminal.identity, LINES);
    const page = await context.newPage();
    await page.goto(`${gateway.http}/p/${terminal.token(order)}`);
    await page.getByText('not arrived here yet').waitFor();
    await terminal.offer(order);
    await page.locator('#left').waitFor();
    const first = await page.locator('#left').innerText();
    await until('the countdown', async () => (await page.locator('#left').innerText()) !== first);
    await context.close();
  });

  test('the bill prints without buttons and links', async () => {
    const context = await contextFor('en', true);
    const order = await offer();
    const page = await openPage(context, order);
    await page.locator('#digits').fill(terminal.digits(order));
    await page.locator('#phone').fill(RICH.phone);
    await page.locator('#pin').fill(RICH.pin);
    await page.locator('.pay').click();
    await page.getByRole('button', { name: 'Print the bill' }).waitFor();
    await page.emulateMedia({ media: 'print' });
    assert.equal(await page.locator('#print').isVisible(), false);
    assert.equal(await page.locator('header').isVisible(), false);
    assert.equal(await page.locator('table').isVisible(), true);
    await context.close();
  });
});
