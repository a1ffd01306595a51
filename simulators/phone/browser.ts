/**
 * The browser of a customer's phone: a real Chromium the size of one. It opens what a camera read,
 * gives its position where its owner lets it, and fills in the cashier page as a person does.
 */
import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { CHROMIUM } from '../kiosk/browser.ts';
import type { Position } from './wallet.ts';

export interface PhoneBrowserOptions {
  readonly url: string;
  readonly language: 'en' | 'zh-CN';
  /** Off: JavaScript is off, as some people have it. */
  readonly scripts: boolean;
  /** `null`: its owner does not give its position. */
  readonly position: Position | null;
}

const SIZE = { width: 360, height: 640 };
const PATIENCE_MS = 8000;

export class PhoneBrowser {
  readonly #browser: Browser;
  readonly #page: Page;

  private constructor(browser: Browser, page: Page) {
    this.#browser = browser;
    this.#page = page;
  }

  /** Resolves when the page is there; rejects naming the mend where there is no Chromium. */
  static async open(options: PhoneBrowserOptions): Promise<PhoneBrowser> {
    if (!existsSync(CHROMIUM.program)) {
      throw new Error(`there is no ${CHROMIUM.program}; install it: ${CHROMIUM.install}`);
    }
    const browser = await chromium.launch({
      executablePath: CHROMIUM.program,
      args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
    const { position } = options;
    const context = await browser.newContext({
      viewport: SIZE,
      locale: options.language,
      javaScriptEnabled: options.scripts,
      ...(position === null
        ? {}
        : {
            permissions: ['geolocation'],
            geolocation: { ...position, accuracy: position.accuracy_m },
          }),
    });
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    try {
      await page.goto(options.url);
    } catch (error) {
      await browser.close();
      throw error;
    }
    return new PhoneBrowser(browser, page);
  }

  /** What can be read on the page. */
  text(): Promise<string> {
    return this.#page.locator('body').innerText();
  }

  async png(): Promise<Uint8Array> {
    return new Uint8Array(await this.#page.screenshot({ type: 'png' }));
  }

  /** Fills in the form, with the two digits where its owner reads them off the screen, and pays. */
  async pay(account: { phone: string; pin: string }, digits?: string): Promise<string> {
    if (digits !== undefined) await this.#page.fill('input[name=digits]', digits);
    await this.#page.fill('input[name=phone]', account.phone);
    await this.#page.fill('input[name=pin]', account.pin);
    const answered = this.#page.waitForNavigation();
    await this.#page.click('form button.pay');
    await answered;
    return this.text();
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }
}
