/** The page behind a payment link in a phone-sized Chromium: forms, face and fingerprint, for everybody. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { BrowserContext, Page } from 'playwright-core';
import { freePort } from '#simulators/free-port.ts';
import { ALSO_RICH, POOR, RICH } from '#test/gateway/harness.ts';
import {
  LINK_SEED,
  type LinkStand,
  OTHER_PASSWORD,
  openLinkStand,
  PASSWORD,
  VOUCHER_LINK_SEED,
} from '#test/gateway/link-stand.ts';
import { ALICE, CODE, startPlatform, type TestPlatform } from '#test/gateway/platform-stand.ts';
import { voucherDesk } from '#test/gateway/voucher-desk.ts';
import { until } from '#test/until.ts';
import { examine } from './cashier-stand.ts';
import { type PhoneSettings, Phones } from './phones.ts';
import { addAuthenticator } from './virtual-authenticator.ts';

const HEAVIEST = 20_000;
/** Whom the money for cards goes to. */
const CARD_OFFICE = {
  ...{ id: 'cards', name: 'Card office' },
  acquiring: { number: 'M-0009', currencies: [{ currency: 'CNY' as const }] },
};

describe('the page behind a payment link', () => {
  let stand: LinkStand;
  let phones: Phones;
  let platform: TestPlatform;

  before(async () => {
    phones = await Phones.open();
    platform = await startPlatform();
    const port = await freePort();
    stand = await openLinkStand(
      'together',
      {
        http: { host: '127.0.0.1', port },
        publicUrl: `http://localhost:${port}`,
        platforms: [{ kind: 'lotus', title: 'Lotus Pay', url: platform.url, secret: CODE }],
        seed: {
          ...VOUCHER_LINK_SEED,
          vendors: [...LINK_SEED.vendors, CARD_OFFICE],
          card_merchant: 'cards',
          contracts: (LINK_SEED.contracts ?? []).map((each) =>
            each.phone === RICH.phone ? { ...each, platforms: { lotus: 'alice' } } : each,
          ),
        },
      },
      { settlement: {} },
    );
  });
  after(async () => {
    await phones.close();
    await stand.close();
    await platform.close();
    phones.calm();
  });

  const phone = (settings: PhoneSettings = {}) => phones.take(settings);

  async function open(context: BrowserContext, link: string): Promise<Page> {
    const page = await phones.page(context, ['http://localhost', platform.url]);
    await page.goto(link);
    return page;
  }

  async function payByPassword(page: Page, who: string, password: string): Promise<void> {
    await page.getByRole('link', { name: 'Password' }).click();
    await page.locator('#phone').fill(who);
    await page.locator('#password').fill(password);
    await page.locator('.pay').click();
  }
  const heading = (page: Page, name: string) =>
    page.getByRole('heading', { name, exact: true }).waitFor();

  for (const script of [true, false]) {
    test(`pays by password, JavaScript ${script ? 'on' : 'off'}`, async () => {
      const { number, link } = await stand.order();
      const context = await phone({ script });
      const page = await open(context, link);
      await payByPassword(page, '138 0000 0001', 'wrong again');
      await page.locator('.alert').waitFor();
      assert.equal(await page.locator('#phone').inputValue(), '138 0000 0001');
      assert.equal(await page.locator('#password').inputValue(), '');
      if (script) assert.equal(await page.locator(':focus').getAttribute('id'), 'password');
      await page.locator('#password').fill(PASSWORD);
      await page.locator('.pay').click();
      await heading(page, 'Paid');
      await stand.state(number, 'paid');
      await page.reload();
      await heading(page, 'Paid');
      assert.deepEqual((await stand.all.moved(number)).kinds, ['debit', 'payment']);
      await context.close();
    });
  }

  test('pays by voucher: a wrong code is named at its place, then the whole order', async () => {
    const { number, link } = await stand.order();
    const desk = voucherDesk(() => stand.all.http);
    const voucher = await desk.issue({ amount_minor: 5000 });
    const context = await phone();
    const page = await open(context, link);
    await page.getByRole('link', { name: 'Voucher' }).click();
    await examine(page);
    await page.locator('#voucher').fill(voucher.number);
    await page.locator('#code').fill(voucher.code === '000000' ? '000001' : '000000');
    await page.locator('.pay').click();
    await page.locator('#code[aria-invalid]').waitFor();
    assert.equal(await page.locator('#voucher').inputValue(), voucher.number);
    assert.equal(await page.locator(':focus').getAttribute('id'), 'code');
    await examine(page);
    await page.locator('#code').fill(voucher.code);
    await page.keyboard.press('Enter');
    await heading(page, 'Paid');
    assert.equal(
      (await stand.state(number, 'paid')).body.payer,
      `•••• ${voucher.number.slice(-4)}`,
    );
    assert.deepEqual(await desk.seen(voucher.number), ['issued', 2000, 3000]);
    await context.close();
  });

  for (const script of [true, false]) {
    test(`pays through a platform, JavaScript ${script ? 'on' : 'off'}`, async () => {
      const { number, link } = await stand.order();
      const context = await phone({ script });
      const page = await open(context, link);
      await page.getByRole('link', { name: 'Lotus Pay' }).click();
      if (script) await examine(page);
      await page.getByRole('button', { name: 'Continue at Lotus Pay' }).click();
      await page.waitForURL(`${platform.url}/pay/**`);
      const waiting = await open(context, link);
      await waiting.getByRole('link', { name: 'Continue at Lotus Pay' }).waitFor();
      if (script) await examine(waiting);
      await page.locator('[name=account]').fill(ALICE.account);
      await page.locator('[name=password]').fill(ALICE.password);
      await page.locator('button[value=pay]').click();
      await heading(page, 'Paid');
      await stand.state(number, 'paid');
      if (script) await heading(waiting, 'Paid');
      await context.close();
    });
  }

  for (const [locale, dark] of [
    ['en', true],
    ['zh-CN', false],
  ] as const) {
    test(`axe finds nothing, nothing is heavy (${locale}, ${dark ? 'dark' : 'light'})`, async () => {
      const lines = [
        { code: '2', quantity: 1 },
        { code: '1', quantity: 1 },
      ];
      const { link } = await stand.order({ phone: POOR.phone, lines });
      const context = await phone({ locale, dark });
      const page = await open(context, link);
      await examine(page);
      for (const query of ['?method=password', '?method=passkey']) {
        const answer = await page.goto(`${link}${query}`);
        const size = (await answer?.body())?.length ?? Number.POSITIVE_INFINITY;
        assert.ok(size < HEAVIEST, `${query} weighs ${size}`);
        await examine(page);
      }
      await page.goto(`${link}?method=password`);
      await page.locator('#phone').fill(POOR.phone);
      await page.locator('#password').fill(PASSWORD);
      await page.locator('.pay').click();
      await page.locator('.alert').waitFor();
      await examine(page);
      if (!dark) {
        await context.close();
        return;
      }
      await page.goto(link.slice(0, -3));
      await page.locator('.mark.bad').waitFor();
      await examine(page);
      await context.close();
      const rich = await stand.order();
      const again = await phone({ locale, dark });
      const bill = await open(again, `${rich.link}?method=password`);
      await bill.locator('#phone').fill(RICH.phone);
      await bill.locator('#password').fill(PASSWORD);
      await bill.locator('.pay').click();
      await bill.locator('#print').waitFor();
      await examine(bill);
      await again.close();
    });
  }

  test('the top-up of a card: asked for by keyboard, a wrong number is named at its place', async () => {
    for (const [locale, dark] of [
      ['en', false],
      ['zh-CN', true],
    ] as const) {
      const context = await phone({ locale, dark });
      const page = await open(
        context,
        `${stand.all.http.replace('127.0.0.1', 'localhost')}/top-up`,
      );
      await examine(page);
      await page.locator('#card').fill('HC 0000 0000 0000 0000');
      await page.locator('#amount').fill('20');
      await page.locator('#phone').fill(RICH.phone);
      await page.keyboard.press('Enter');
      await page.locator('#card[aria-invalid]').waitFor();
      assert.equal(await page.locator('#phone').inputValue(), RICH.phone);
      await examine(page);
      assert.ok((await page.content()).length < HEAVIEST);
      await context.close();
    }
  });

  test('by keyboard alone, in the order in which it is read', async () => {
    const { link } = await stand.order();
    const context = await phone({ script: false });
    const page = await open(context, `${link}?method=password`);
    const visited: string[] = [];
    for (let step = 0; step < 5; step += 1) {
      await page.keyboard.press('Tab');
      const focused = page.locator(':focus');
      const name = (await focused.getAttribute('id')) ?? (await focused.innerText());
      visited.push(name);
      if (name === 'phone') await page.keyboard.type(RICH.phone);
      if (name === 'password') await page.keyboard.type(PASSWORD);
    }
    const wanted = ['中文', 'phone', 'password', 'Pay ¥20.00', 'Pay another way'];
    assert.deepEqual(visited, wanted);
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await heading(page, 'Paid');
    await context.close();
  });

  test('without JavaScript face and fingerprint say that they need it', async () => {
    const { link } = await stand.order();
    const context = await phone({ script: false });
    const page = await open(context, `${link}?method=passkey`);
    await page.getByText('need JavaScript').waitFor();
    assert.equal(await page.locator('#passkey').isVisible(), false);
    await context.close();
  });

  // ── Face and fingerprint ────────────────────────────────────────────────────────────────────

  /** Pays an order by password and adds a passkey; the page keeps its authenticator. */
  async function register(context: BrowserContext, who = RICH.phone, password = PASSWORD) {
    const { link } = await stand.order({ phone: who });
    const page = await open(context, link);
    const device = await addAuthenticator(page);
    await payByPassword(page, who, password);
    await page.getByRole('button', { name: 'Pay by face or fingerprint next time' }).click();
    await page.getByText('Done: next time').waitFor();
    return { page, ...device };
  }

  async function payByPasskey(page: Page, link: string): Promise<void> {
    await page.goto(link);
    await page.getByRole('link', { name: 'Face or fingerprint' }).click();
    await page.locator('#passkey').click();
  }

  test('a finger that is not known pays nothing, the known one does, without a password', async () => {
    const context = await phone();
    const { page, cdp, id } = await register(context);
    await cdp.send('WebAuthn.setUserVerified', { authenticatorId: id, isUserVerified: false });
    const { number, link } = await stand.order();
    await payByPasskey(page, link);
    await page.getByText('This did not work').waitFor();
    assert.equal((await stand.look(number)).body.state, 'unpaid');
    await cdp.send('WebAuthn.setUserVerified', { authenticatorId: id, isUserVerified: true });
    await page.locator('#passkey').click();
    await heading(page, 'Paid');
    assert.equal((await stand.state(number, 'paid')).body.payer, '•••• 0001');
    await context.close();
  });

  test('somebody else’s fingerprint does not pay, and ends the link', async () => {
    const context = await phone();
    const { page } = await register(context, ALSO_RICH.phone, OTHER_PASSWORD);
    const { number, link } = await stand.order();
    await payByPasskey(page, link);
    await page.getByText('belongs to another phone number').waitFor();
    await until('the order centre to know', async () => {
      return (await stand.look(number)).body.reason === 'payer_not_verified';
    });
    assert.deepEqual((await stand.all.moved(number)).kinds, []);
    await context.close();
  });

  test('nobody adds a passkey without having logged in by password', async () => {
    const context = await phone();
    const { link } = await stand.order();
    const page = await open(context, `${link}?method=passkey`);
    await addAuthenticator(page);
    const status = await page.evaluate(`post('/registration-options', {}).catch(status => status)`);
    assert.equal(status, 403);
    await context.close();
  });
});
