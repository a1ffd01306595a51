/**
 * The browser in front of the kiosk page: one warm headless Chromium, as a stall's screen would run
 * it, and the eye of whoever stands before it. It reads what is painted, not what was sent.
 */
import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { Clock } from '#device/ports/clock.ts';
import type { Key } from '#device/ports/keypad.ts';
import { realClock } from '#simulators/clock.ts';
import { type Camera, type Pixels, readPng, scanPixels } from '#simulators/picture.ts';
import type { Watch } from '#simulators/wire.ts';

/** The same engine without the windows around it: a page takes it a third of the work. */
const SHELL = '/usr/bin/chromium-headless-shell';

export const CHROMIUM = {
  program: existsSync(SHELL) ? SHELL : '/usr/bin/chromium',
  install: 'sudo apt-get install chromium',
};

/** What keeps it from calling anybody, and lets it run as root and without a graphics card. */
export const BROWSER_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Run in the page, hence text: its types are a browser's, not Node's. */
const READ = `(() => {
  const cover = document.getElementById('gone');
  if (cover !== null && !cover.hidden) return cover.innerText;
  const parts = '#screen :is(h1, .big, .lines li, .digits, .hint, .offline, aside li)';
  const texts = [...document.querySelectorAll(parts)].map((part) => part.textContent.trim());
  return texts.filter((text) => text !== '').join('\\n');
})()`;

const OBSERVE = `(() => {
  let pending = false;
  const tell = () => {
    if (pending) return;
    pending = true;
    requestAnimationFrame(() => {
      pending = false;
      hawkerChanged();
    });
  };
  const what = { subtree: true, childList: true, attributes: true, characterData: true };
  new MutationObserver(tell).observe(document, what);
})();`;

export interface KioskBrowserOptions {
  /** Of the page, or how to find it out: asked again when the terminal is gone. */
  readonly url: string | (() => string | Promise<string>);
  readonly width: number;
  readonly height: number;
  /** Called after something on the page has changed, at most once a frame. */
  readonly changed?: () => void;
  readonly watch?: Watch;
  readonly clock?: Clock;
  /** Off: a browser without scripts, which loads the page anew by itself. */
  readonly scripts?: boolean;
}

export class KioskBrowser {
  readonly wire = 'kiosk';
  readonly #options: KioskBrowserOptions;
  readonly #clock: Clock;
  readonly #browser: Browser;
  readonly #page: Page;
  #closed = false;
  #stopRetry: () => void = () => undefined;

  private constructor(options: KioskBrowserOptions, browser: Browser, page: Page) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
    this.#browser = browser;
    this.#page = page;
  }

  /** Resolves when the page was painted once; rejects naming the mend where there is no Chromium. */
  static async open(options: KioskBrowserOptions): Promise<KioskBrowser> {
    if (!existsSync(CHROMIUM.program)) {
      throw new Error(`there is no ${CHROMIUM.program}; install it: ${CHROMIUM.install}`);
    }
    const browser = await chromium.launch({
      executablePath: CHROMIUM.program,
      args: [...BROWSER_FLAGS, '--force-color-profile=srgb'],
      // Whoever opened it closes it; the library would end the whole process at Ctrl-C.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
    const { width, height } = options;
    const context = await browser.newContext({
      viewport: { width, height },
      javaScriptEnabled: options.scripts ?? true,
    });
    const page = await context.newPage();
    const kiosk = new KioskBrowser(options, browser, page);
    if (options.scripts !== false) await kiosk.#observe();
    page.on('load', () => kiosk.#trace('loaded'));
    await kiosk.#load();
    return kiosk;
  }

  /** A screenshot. */
  async png(): Promise<Uint8Array> {
    return new Uint8Array(await this.#lookAgain(() => this.#page.screenshot({ type: 'png' })));
  }

  async pixels(): Promise<Pixels> {
    return readPng(await this.png());
  }

  /** What can be read on it; the cover alone while the terminal is gone. */
  text(): Promise<string> {
    return this.#lookAgain(() => this.#page.evaluate<string>(READ));
  }

  /** Whether anything on the page is worth a phone's camera: scanning takes a picture. */
  async hasSymbol(): Promise<boolean> {
    return (await this.#lookAgain(() => this.#page.locator('figure.qr svg').count())) > 0;
  }

  /** The text of the QR that a phone reads off it, or `null`. */
  async scan(camera?: Camera): Promise<string | null> {
    return scanPixels(await this.pixels(), camera);
  }

  /** Presses a key on a touch screen; rejects where none is shown. */
  async press(key: Key): Promise<void> {
    await this.#page.click(`button[value="${key}"]`, { timeout: 1000 });
  }

  /** The page itself, for tests that measure or judge it. */
  get page(): Page {
    return this.#page;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stopRetry();
    await this.#browser.close();
  }

  /** A page that is just being replaced can't be looked at yet. */
  async #lookAgain<T>(look: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await look();
      } catch (error) {
        if (attempt === 3 || this.#closed) throw error;
        await this.#page.waitForLoadState().catch(() => undefined);
      }
    }
  }

  async #observe(): Promise<void> {
    await this.#page.exposeFunction('hawkerChanged', () => {
      this.#trace('changed');
      this.#options.changed?.();
    });
    await this.#page.addInitScript(OBSERVE);
  }

  /**
   * Loads the page; while nobody answers, or the page looks for a terminal that has moved to
   * another port, tries again every half second, as a supervised browser does.
   */
  async #load(): Promise<void> {
    const { url } = this.#options;
    const isThere = await this.#goTo(url).catch(() => false);
    if (this.#closed || (isThere && typeof url === 'string')) return;
    this.#stopRetry = this.#clock.after(500, () => void this.#load());
  }

  async #goTo(url: KioskBrowserOptions['url']): Promise<boolean> {
    const wanted = typeof url === 'string' ? url : await url();
    if (this.#page.url() !== wanted) await this.#page.goto(wanted);
    return true;
  }

  #trace(text: string): void {
    this.#options.watch?.({ wire: this.wire, direction: 'state', text });
  }
}
