/** The stall page as a person uses it: two sizes, axe, both languages, and one sale by keyboard alone. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { TestStall } from '#test/journeys/stall.ts';
import { launchChromium } from './phones.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let stall: TestStall;
let browser: Browser;
before(async () => {
  stall = await TestStall.open('Alice:1,Bob:3.5');
  browser = await launchChromium('--autoplay-policy=no-user-gesture-required');
});
after(async () => {
  await stall.close();
  await browser.close();
});

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}

async function openPage(width: number, height: number, locale = 'en-GB'): Promise<Page> {
  const context = await browser.newContext({ viewport: { width, height }, locale });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.on('pageerror', (error) => assert.fail(error));
  await page.goto(stall.client.url);
  await page.waitForSelector('body[data-ready] .token');
  return page;
}

/** What axe has against the page; the terminal's own screen in its frame has tests of its own. */
async function violations(page: Page, part = 'body'): Promise<string[]> {
  // Once a page: it stays there.
  if (!(await page.evaluate('"axe" in globalThis'))) await page.evaluate(AXE);
  const found = await page.evaluate(async (part) => {
    const { axe } = globalThis as unknown as {
      axe: { run(context: object, options: object): Promise<{ violations: Violation[] }> };
    };
    const context = { include: [part], exclude: ['iframe'] };
    return axe.run(context, { iframes: false, resultTypes: ['violations'] });
  }, part);
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
}

for (const [width, height] of [
  [1280, 800],
  [360, 640],
] as const) {
  for (const locale of ['en-GB', 'zh-CN']) {
    test(`fits ${width}×${height} in ${locale}, and axe finds nothing`, async () => {
      const page = await openPage(width, height, locale);
      const wide = Number(await page.evaluate('document.documentElement.scrollWidth'));
      assert.ok(wide <= width, `${wide} pixels wide on ${width}`);
      assert.equal(
        await page.evaluate('document.documentElement.lang'),
        locale === 'zh-CN' ? 'zh-CN' : 'en',
      );
      assert.deepEqual(await violations(page), []);
      // The panels are the same at each size: small in one language, large in the other.
      const panels = (width === 360) === (locale === 'zh-CN') ? ['cables', 'spoken', 'papers'] : [];
      for (const tab of panels) {
        await page.click(`#tab-${tab}`);
        await page.waitForSelector(`#panel-${tab}:not([hidden])`);
        assert.deepEqual(await violations(page, `#panel-${tab}`), [], tab);
      }
      await page.context().close();
    });
  }
}

test('a phone pairs, pays on the platform’s page, and after a failure once more', async () => {
  const page = await openPage(1280, 800);
  await stall.waitForScreen(/Terminal \d{3} \d{3}/);
  const alice = page.locator('article[aria-label=Alice]');
  const press = (name: string | RegExp) => alice.getByRole('button', { name, exact: true }).click();
  await press('Pair');
  await press('Pair with the terminal');
  await alice.getByText('Waiting for an amount').waitFor();
  await stall.key('7.50\n', /The phone is asked/);
  await press('Yes, pay');
  await alice.locator('select').selectOption('bob');
  await press(/at Lotus Pay/);
  await alice.getByText('Not enough money').waitFor();
  await press('Yes, pay');
  await alice.locator('select').selectOption('alice');
  assert.deepEqual(await violations(page), [], 'at the platform');
  await press(/at Lotus Pay/);
  await alice.locator('.verdict', { hasText: 'Paid' }).waitFor();
  await press('Disconnect');
  await alice.getByRole('button', { name: 'Pair', exact: true }).waitFor();
  await page.context().close();
});

test('a whole sale by keyboard alone, audible at the end', async (t) => {
  const page = await openPage(1280, 800);
  t.after(() => page.context().close());
  await page.evaluate(`
    globalThis.played = [];
    const { play } = HTMLMediaElement.prototype;
    HTMLMediaElement.prototype.play = function () {
      globalThis.played.push(this.src);
      return play.call(this);
    };
  `);
  await page.keyboard.type('12.50', { delay: 30 });
  await page.frameLocator('.screen-frame').getByText('12.50').first().waitFor();
  await page.keyboard.press('Enter');
  await page.frameLocator('.screen-frame').locator('.qr').waitFor();
  await stall.client.until('the QR', () => stall.client.state.screen.qr);

  const alice = page.locator('article[aria-label=Alice]');
  await alice.locator('.actions button').first().focus();
  await page.keyboard.press('Enter');
  await alice.locator('form.pay').waitFor();
  await alice.locator('form.pay input').focus();
  await page.keyboard.press('Enter');
  await alice.locator('.verdict[data-state=paid]').waitFor();
  await page.locator('.said', { hasText: 'received twelve yuan fifty' }).waitFor();
  await page.locator('.paper img').waitFor();
  const played = await page.evaluate(() => (globalThis as unknown as { played: string[] }).played);
  assert.ok(played.some((source) => /\/v1\/spoken\/\d+\.wav$/.test(source)));
  assert.deepEqual(await violations(page), [], 'after the sale');
});

test('a voucher is held before the scanner by keyboard, and pays; another code is named', async () => {
  const page = await openPage(360, 640);
  await page.locator('#scanner button', { hasText: 'Issue a voucher' }).focus();
  await page.keyboard.press('Enter');
  const pocket = page.locator('.pocket[data-kind=voucher]');
  await pocket.getByText('¥50.00 left').waitFor();
  const code = /code (\d{6})/.exec(await pocket.innerText())?.[1] ?? assert.fail();
  const hold = async (): Promise<void> => {
    await pocket.getByRole('button').focus();
    await page.keyboard.press('Enter');
  };
  await stall.offer('12.50');
  await hold();
  await stall.waitForScreen(/Genuine voucher: ¥50\.00 left/);
  await stall.key(`${code}\n`, /Paid/);
  await pocket.getByText('¥37.50 left').waitFor();
  await hold();
  await stall.waitForScreen(/how much/);
  await page.locator('.any-code input').fill('4006381333931');
  await page.keyboard.press('Enter');
  await stall.waitForScreen(/product’s barcode/);
  await stall.key('\n', /Voucher\n¥37\.50/);
  await stall.key(`${code}\n`, /Paid/);
  await pocket.getByText('used up').waitFor();
  assert.deepEqual(await violations(page), [], 'with a voucher');
  await page.context().close();
});

test('a phone is moved along the street with the arrow keys, a cable is pulled with the space bar', async () => {
  const page = await openPage(1280, 800);
  await page.locator('.token', { hasText: 'Bob' }).focus();
  for (let presses = 0; presses < 4; presses += 1) await page.keyboard.press('ArrowRight');
  await stall.client.until('Bob at 5.5 m', () => stall.phone('Bob').distance_m === 5.5);
  await page.click('#tab-cables');
  const speaker = page.locator('.cables-list li', { hasText: 'Sound card' });
  await speaker.locator('input').focus();
  await page.keyboard.press('Space');
  await page.locator('.chips li', { hasText: 'Sound card' }).waitFor();
  await stall.waitForScreen(/Speaker/);
  await speaker.locator('input').focus();
  await page.keyboard.press('Space');
  await stall.client.until('the speaker', () => !/Speaker/.test(stall.screen), 30_000);
});
