/** What stands before the terminal's screen: a browser that paints it, and an eye that reads pixels. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { KioskBrowser } from '../kiosk/browser.ts';
import type { Watch } from '../wire.ts';

const addressSchema = z.object({ url: z.url() });

/** A display as the kiosk page is laid out for. */
const SIZE = { width: 800, height: 480 };

export interface Seen {
  readonly text: string;
  /** What the QR in its pixels holds. */
  readonly qr: string | null;
}

export class ScreenEye {
  readonly #browser: KioskBrowser;
  readonly #seen: (seen: Seen) => void;
  #looking = false;
  #again = false;

  private constructor(browser: KioskBrowser, seen: (seen: Seen) => void) {
    this.#browser = browser;
    this.#seen = seen;
  }

  /** Opens a browser on the screen of the terminal that lives in `directory`. */
  static async open(options: {
    directory: string;
    watch: Watch;
    seen: (seen: Seen) => void;
  }): Promise<ScreenEye> {
    let eye: ScreenEye | null = null;
    const browser = await KioskBrowser.open({
      ...SIZE,
      url: () => screenAddress(options.directory) ?? 'about:blank',
      watch: (event) => options.watch({ ...event, wire: 'screen' }),
      changed: () => eye?.look(),
    });
    eye = new ScreenEye(browser, options.seen);
    eye.look();
    return eye;
  }

  png(): Promise<Uint8Array> {
    return this.#browser.png();
  }

  text(): Promise<string> {
    return this.#browser.text();
  }

  scan(): Promise<string | null> {
    return this.#browser.scan();
  }

  /** Reads the screen and tells; a change while it reads makes it read once more. */
  look(): void {
    this.#again = true;
    if (this.#looking) return;
    this.#looking = true;
    void this.#read().finally(() => {
      this.#looking = false;
    });
  }

  /** A screen has no wire of its own to disturb: its cable is the terminal's loopback. */
  async apply(): Promise<void> {}

  async close(): Promise<void> {
    await this.#browser.close();
  }

  async #read(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      try {
        this.#seen(await this.#readOnce());
      } catch {
        // The page is being loaded anew: its load will be a change, too.
      }
    }
  }

  /** Words and symbol of one screen: where it changed between the two, it is read again. */
  async #readOnce(): Promise<Seen> {
    let text = await this.text();
    for (let tries = 1; ; tries += 1) {
      const qr = (await this.#browser.hasSymbol()) ? await this.scan() : null;
      const now = await this.text();
      if (now === text || tries === 3) return { text: now, qr };
      text = now;
    }
  }
}

/** Where the terminal serves its screen, or `null` before it said so. */
export function screenAddress(terminalDirectory: string): string | null {
  try {
    const text = readFileSync(join(terminalDirectory, 'kiosk.json'), 'utf8');
    return addressSchema.parse(JSON.parse(text)).url;
  } catch {
    return null;
  }
}
