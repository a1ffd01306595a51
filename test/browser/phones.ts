/** One Chromium of a test file, and pages in it the size of a phone; what goes wrong on one is told at the end. */
import assert from 'node:assert/strict';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { BROWSER_FLAGS, CHROMIUM } from '#simulators/kiosk/browser.ts';

/** A headless Chromium with these flags besides; rejects naming the mend where there is none. */
export const launchChromium = (...flags: readonly string[]): Promise<Browser> =>
  chromium
    .launch({ executablePath: CHROMIUM.program, args: [...BROWSER_FLAGS, ...flags] })
    .catch((error: unknown) => {
      throw new Error(`no Chromium: ${CHROMIUM.install}`, { cause: error });
    });

export interface PhoneSettings {
  readonly locale?: 'en' | 'zh-CN';
  readonly script?: boolean;
  readonly dark?: boolean;
}

export class Phones {
  readonly #browser: Browser;
  /** Script errors, blocked resources and foreign requests: there must be none. */
  readonly faults: string[] = [];

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** Rejects naming the mend where there is no Chromium. */
  static async open(): Promise<Phones> {
    return new Phones(await launchChromium());
  }

  /** Somebody's phone, 360×640, with cookies of its own. */
  take({
    locale = 'en',
    script = true,
    dark = false,
  }: PhoneSettings = {}): Promise<BrowserContext> {
    return this.#browser.newContext({
      viewport: { width: 360, height: 640 },
      locale,
      javaScriptEnabled: script,
      colorScheme: dark ? 'dark' : 'light',
    });
  }

  /** A page whose faults are remembered; with `own`, beginnings of URLs, it may ask nobody else. */
  async page(context: BrowserContext, own?: readonly string[]): Promise<Page> {
    const page = await context.newPage();
    page.on('pageerror', (error) => this.faults.push(error.message));
    page.on('console', (message) => {
      const text = message.text();
      if (/Content Security Policy|Refused to/.test(text)) this.faults.push(text);
    });
    if (own === undefined) return page;
    page.on('request', (request) => {
      const url = request.url();
      if (!['data:', ...own].some((each) => url.startsWith(each))) this.faults.push(url);
    });
    return page;
  }

  /** To be closed before whatever serves its pages. */
  close(): Promise<void> {
    return this.#browser.close();
  }

  /** Throws where something went wrong on a page. */
  calm(): void {
    assert.deepEqual(this.faults, []);
  }
}
