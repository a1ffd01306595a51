/**
 * A screen as a page on loopback (driver `kiosk`), for a browser in kiosk mode on the same machine.
 * The page follows by server-sent events (HTML Living Standard §9.2); newer screens overtake.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DeviceError } from '#device/ports/device.ts';
import type { Display, DisplayEvents, Screen } from '#device/ports/display.ts';
import { KEYS } from '#device/ports/keypad.ts';
import type { SettingsOf } from '#firmware/boards.ts';
import { createServer } from '../http.ts';
import { CONTENT_SECURITY_POLICY, PAGE_VERSION, renderPage, renderScreen } from './kiosk-page.ts';
import { drawQr } from './kiosk-qr.ts';

/** As in boards.json, and where `kiosk.json` is to be written. */
export type KioskSettings = Omit<SettingsOf<'kiosk'>, 'driver'> & {
  readonly dataDirectory: string;
};

export interface Kiosk extends Display {
  /** Where a browser finds the page, such as `http://127.0.0.1:8484/`. */
  readonly url: string;
  /** How many browsers follow it just now. */
  readonly viewers: number;
}

const BEAT_MS = 2000;
/** More browsers than this do not belong to one stall; the oldest is let go. */
const MAX_VIEWERS = 8;
const MAX_BODY_BYTES = 64;
const MAX_KEYS_A_SECOND = 200;

const BLANK: Screen = {
  title: 'Hawker',
  big: '',
  tone: 'busy',
  lines: [],
  hint: '',
  missing: [],
  online: true,
};

const event = (name: string, data: string): string =>
  `event: ${name}\ndata: ${data.replaceAll('\n', '\ndata: ')}\n\n`;

/** One browser: what it has not taken yet waits here, and only the newest of it. */
class Viewer {
  readonly #response: ServerResponse;
  #waiting: string | null = null;

  constructor(response: ServerResponse) {
    this.#response = response;
    response.on('drain', () => {
      const waiting = this.#waiting;
      this.#waiting = null;
      if (waiting !== null) response.write(waiting);
    });
  }

  send(text: string): void {
    if (this.#response.writableNeedDrain) this.#waiting = text;
    else this.#response.write(text);
  }

  beat(text: string): void {
    if (!this.#response.writableNeedDrain) this.#response.write(text);
  }

  end(): void {
    this.#response.destroy();
  }
}

class KioskServer implements Kiosk {
  readonly #name: string;
  readonly #touch: boolean;
  readonly #events: DisplayEvents;
  readonly #server: Server;
  readonly #viewers = new Set<Viewer>();
  readonly #beat: NodeJS.Timeout;
  #main: string;
  #hosts: readonly string[] = [];
  #keys = { second: 0, count: 0 };
  #closing = false;

  constructor(name: string, settings: KioskSettings, events: DisplayEvents) {
    this.#name = name;
    this.#touch = settings.touch ?? false;
    this.#events = events;
    this.#main = renderScreen(BLANK, false);
    this.#server = createServer((request, response) => this.#answer(request, response));
    this.#beat = setInterval(() => {
      for (const viewer of this.#viewers) viewer.beat(event('beat', ''));
    }, BEAT_MS).unref();
  }

  get url(): string {
    return `http://${this.#hosts[0] ?? ''}/`;
  }

  get viewers(): number {
    return this.#viewers.size;
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', resolve);
    });
    const { port: taken } = this.#server.address() as AddressInfo;
    this.#hosts = [`127.0.0.1:${taken}`, `localhost:${taken}`];
    this.#server.removeAllListeners('error');
    this.#server.on('error', (error) => this.#lose(error));
  }

  async show(screen: Screen): Promise<void> {
    if (this.#closing) throw new DeviceError('lost', this.#name, 'the kiosk page was closed');
    const main = renderScreen(screen, this.#touch);
    if (main === this.#main) return;
    this.#main = main;
    for (const viewer of this.#viewers) viewer.send(event('screen', main));
  }

  async close(): Promise<void> {
    this.#closing = true;
    clearInterval(this.#beat);
    for (const viewer of this.#viewers) viewer.end();
    this.#server.closeAllConnections();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  #lose(error: Error): void {
    if (this.#closing) return;
    void this.close();
    const lost = new DeviceError('lost', this.#name, error.message, { cause: error });
    this.#events.lost(lost);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    response.setHeader('cache-control', 'no-store');
    response.setHeader('x-content-type-options', 'nosniff');
    response.setHeader('referrer-policy', 'no-referrer');
    response.setHeader('cross-origin-resource-policy', 'same-origin');
    // A name that someone else resolves to this machine is not this page's (DNS rebinding).
    const isOurs = this.#hosts.includes(request.headers.host ?? '');
    switch (isOurs ? `${request.method} ${request.url}` : 'elsewhere') {
      case 'elsewhere':
        refuse(response, 421);
        break;
      case 'GET /':
        response.setHeader('content-security-policy', CONTENT_SECURITY_POLICY);
        response.setHeader('content-type', 'text/html; charset=utf-8');
        response.end(renderPage(this.#main));
        break;
      case 'GET /events':
        if (this.#isForeign(request)) refuse(response, 403);
        else this.#follow(response);
        break;
      case 'POST /key':
        if (!this.#touch) refuse(response, 404);
        else if (this.#isForeign(request)) refuse(response, 403);
        else this.#takeKey(request, response);
        break;
      default:
        refuse(response, 404);
    }
  }

  /**
   * Whether another page sent it: newer browsers say so in Sec-Fetch-Site, which no script can set,
   * older ones in Origin (Fetch §3.2).
   */
  #isForeign(request: IncomingMessage): boolean {
    const { origin, host, 'sec-fetch-site': site } = request.headers;
    if (site !== undefined) return site !== 'same-origin';
    return origin === undefined ? request.method !== 'GET' : origin !== `http://${host}`;
  }

  #follow(response: ServerResponse): void {
    const viewer = new Viewer(response);
    const [oldest] = this.#viewers;
    if (this.#viewers.size >= MAX_VIEWERS) oldest?.end();
    this.#viewers.add(viewer);
    response.on('close', () => this.#viewers.delete(viewer));
    response.on('error', () => undefined);
    response.socket?.setNoDelay(true);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    viewer.send(`retry: 300\n${event('hello', PAGE_VERSION)}${event('screen', this.#main)}`);
  }

  #takeKey(request: IncomingMessage, response: ServerResponse): void {
    let body = '';
    request.setEncoding('latin1');
    request.on('data', (text: string) => {
      body += text;
      if (body.length > MAX_BODY_BYTES) request.destroy();
    });
    request.on('error', () => undefined);
    request.on('end', () => {
      const name = new URLSearchParams(body).get('key');
      const key = KEYS.find((each) => each === name);
      if (key === undefined) return refuse(response, 400);
      if (this.#isFlooded()) return refuse(response, 429);
      response.writeHead(303, { location: '/' }).end();
      if (!this.#closing) this.#events.key(key);
    });
  }

  #isFlooded(): boolean {
    const second = Math.floor(performance.now() / 1000);
    this.#keys = { second, count: this.#keys.second === second ? this.#keys.count + 1 : 1 };
    return this.#keys.count > MAX_KEYS_A_SECOND;
  }
}

const REASONS: Record<number, string> = {
  400: 'no such key',
  403: 'only this page itself may do that',
  404: 'there is nothing here',
  421: 'this server is 127.0.0.1',
  429: 'too many keys',
};

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${REASONS[status] ?? 'refused'}\n`);
}

const addressFile = (directory: string): string => join(directory, 'kiosk.json');

/** The port that this terminal's page had before a restart: a browser still looks there. */
function earlierPort(directory: string): number | null {
  try {
    const { url } = JSON.parse(readFileSync(addressFile(directory), 'utf8')) as { url?: unknown };
    const port = Number(new URL(String(url)).port);
    return port > 0 ? port : null;
  } catch {
    return null;
  }
}

function openError(name: string, port: number, error: NodeJS.ErrnoException): DeviceError {
  const denied = error.code === 'EACCES';
  return new DeviceError(denied ? 'denied' : 'busy', name, `port ${port}: ${error.message}`, {
    mend: denied
      ? 'give the kiosk a port above 1023 in boards.json'
      : `stop the program on port ${port} (ss -ltnp), or give the kiosk another in boards.json`,
    cause: error,
  });
}

/**
 * Serves the page on loopback at port `listen`; 0 takes the port it had the last time where that is
 * free, else any. Writes `{ name, url }` to `kiosk.json` in the data directory, for whatever starts
 * the browser. Rejects with `busy` or `denied`.
 */
export async function openKiosk(
  name: string,
  settings: KioskSettings,
  events: DisplayEvents,
): Promise<Kiosk> {
  const { listen, dataDirectory } = settings;
  const earlier = listen === 0 ? earlierPort(dataDirectory) : null;
  let kiosk = new KioskServer(name, settings, events);
  try {
    await kiosk.listen(earlier ?? listen);
  } catch (error) {
    await kiosk.close();
    if (earlier === null) throw openError(name, listen, error as NodeJS.ErrnoException);
    kiosk = new KioskServer(name, settings, events);
    await kiosk.listen(0);
  }
  // The first symbol takes ten times as long as the others: better now than before a payer.
  drawQr(kiosk.url);
  mkdirSync(dataDirectory, { recursive: true });
  const file = addressFile(dataDirectory);
  writeFileSync(`${file}.new`, `${JSON.stringify({ name, url: kiosk.url })}\n`);
  renameSync(`${file}.new`, file);
  return kiosk;
}
