/** A gateway, a terminal and a phone-sized Chromium in front of the cashier page. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { BrowserContext, Page } from 'playwright-core';
import type { Order } from '#device/messages/order.ts';
import {
  enrol,
  makeOrder,
  startGateway,
  Terminal,
  type TestGateway,
} from '#test/gateway/harness.ts';
import { type PhoneSettings, Phones } from './phones.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const LINES = [
  { name: 'Pork dumplings 猪肉水饺', code: '1', quantity: 2, unit_minor: 1200 },
  { quantity: 1, unit_minor: 50 },
];

export interface PlacedPhone extends PhoneSettings {
  readonly position?: { readonly latitude: number; readonly longitude: number };
}

export class CashierStand {
  readonly gateway: TestGateway;
  readonly terminal: Terminal;
  readonly #phones: Phones;

  private constructor(gateway: TestGateway, terminal: Terminal, phones: Phones) {
    this.gateway = gateway;
    this.terminal = terminal;
    this.#phones = phones;
  }

  static async open(): Promise<CashierStand> {
    const phones = await Phones.open();
    const gateway = await startGateway();
    const terminal = await Terminal.connect(await enrol(gateway.http));
    return new CashierStand(gateway, terminal, phones);
  }

  /** ¥24.50 in two lines, not sent yet. */
  makeOrder(): Order {
    return makeOrder(this.terminal.identity, LINES);
  }

  offer(): Promise<Order> {
    return this.terminal.offer(this.makeOrder());
  }

  async phone({ position, ...settings }: PlacedPhone = {}): Promise<BrowserContext> {
    const context = await this.#phones.take(settings);
    if (position !== undefined) {
      await context.setGeolocation({ ...position, accuracy: 8 });
      await context.grantPermissions(['geolocation'], { origin: this.gateway.http });
    }
    return context;
  }

  /** Opens what the terminal's QR says now, or said `ageMs` ago. */
  async scan(context: BrowserContext, order: Order, ageMs = 0): Promise<Page> {
    const { http } = this.gateway;
    const page = await this.#phones.page(context, [http]);
    await page.goto(`${http}/p/${this.terminal.token(order, Date.now() - ageMs)}`);
    return page;
  }

  /** Fills in phone and PIN, and the digits where they are asked for, and presses Pay. */
  async fill(page: Page, order: Order, payer: { phone: string; pin: string }): Promise<void> {
    const digits = page.locator('#digits[required]');
    if ((await digits.count()) > 0) await digits.fill(this.terminal.digits(order));
    await page.locator('#phone').fill(payer.phone);
    await page.locator('#pin').fill(payer.pin);
    await page.locator('.pay').click();
  }

  async close(): Promise<void> {
    await this.#phones.close();
    await this.terminal.close();
    await this.gateway.close();
    this.#phones.calm();
  }
}

/** No finding of any weight, and nothing to scroll sideways. */
export async function examine(page: Page): Promise<void> {
  // The page's policy forbids foreign scripts: axe comes in by the debugger, once a page.
  if (!(await page.evaluate('"axe" in globalThis'))) await page.evaluate(AXE);
  const found = (await page.evaluate(
    `axe.run(document, { resultTypes: ['violations'] }).then(({ passes, violations }) => ({
      passed: passes.length,
      violations: violations.map(({ id, nodes }) => id + ': ' + nodes.map((n) => n.html).join(' ')),
    }))`,
  )) as { passed: number; violations: string[] };
  assert.deepEqual(found.violations, []);
  assert.ok(found.passed > 10, `axe looked at ${found.passed} rules`);
  const wide = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
  assert.equal(wide, false, 'scrolls sideways');
}
