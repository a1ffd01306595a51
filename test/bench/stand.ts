/** The stall that is measured: the program as `npm start` runs it, and an ear at its wires. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type ClientRequest, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { StallClient } from '#simulators/stall/client.ts';
import type { TracedEvent } from '#simulators/stall/trace.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'simulators', 'stall', 'main.ts');

/** Milliseconds since 1970, with fractions, as the stall's trace has them. */
export const now = (): number => performance.timeOrigin + performance.now();

/** Where one run keeps everything: a new stall's data, and what Node compiles. */
export class Place {
  readonly directory = mkdtempSync(join(tmpdir(), 'hawker-bench-'));
  readonly data = join(this.directory, 'stall');
  readonly terminal = join(this.data, 'terminal');
  readonly compiled = join(this.directory, 'compiled');

  /** The terminal's own process, which wrappers hide. */
  get terminalPid(): number {
    return Number(readFileSync(join(this.terminal, 'lock'), 'utf8'));
  }

  /** Where the terminal serves its screen just now. */
  get screenUrl(): string {
    const address = JSON.parse(readFileSync(join(this.terminal, 'kiosk.json'), 'utf8'));
    return String(address.url);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export class BenchStall {
  readonly client: StallClient;
  /** From the start of the process to an interface that answers and tells its state. */
  readonly openMs: number;
  readonly #child: ChildProcess;
  #screens: ClientRequest | null = null;
  #screen: { readonly at: number; readonly text: string } = { at: 0, text: '' };

  private constructor(client: StallClient, child: ChildProcess, openMs: number) {
    this.client = client;
    this.#child = child;
    this.openMs = openMs;
  }

  /** Without a browser of its own: what paints the screen would slow what is measured. */
  static async open(place: Place): Promise<BenchStall> {
    const ports = ['--port', '0', '--gateway-port', '0', '--mqtt-port', '0'];
    const args = ['--headless', '--no-browser', '--phones', 'Alice:1', '--data', place.data];
    const began = performance.now();
    const child = spawn(process.execPath, [MAIN, ...args, ...ports], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_COMPILE_CACHE: place.compiled },
    });
    const lines = createInterface({ input: child.stdout });
    const ended = once(child, 'exit').then(() => {
      throw new Error('the stall did not open; its reason is above');
    });
    const [line] = await Promise.race([once(lines, 'line'), ended]);
    const { stall } = JSON.parse(line) as { stall: string };
    await fetch(stall).then((page) => page.text());
    const client = await StallClient.join(stall);
    return new BenchStall(client, child, performance.now() - began);
  }

  works(wire: string): boolean {
    return this.client.state.organs.some(
      (organ) => organ.wire === wire && organ.state !== 'missing',
    );
  }

  /** Resolves when the customer's phone hears what is in the air, or never will. */
  async phoneListens(): Promise<void> {
    const { client } = this;
    await client.until('the phone', () => client.state.phones[0]?.radio !== 'starting', 15_000);
  }

  /** Follows the kiosk page's events as its browser does. */
  async followScreen(place: Place): Promise<void> {
    this.#screens?.destroy();
    const request = get(new URL('events', place.screenUrl));
    this.#screens = request;
    request.on('error', () => undefined);
    const [response] = await once(request, 'response');
    let rest = '';
    response.setEncoding('utf8');
    response.on('data', (part: string) => {
      const at = now();
      const events = (rest + part).split('\n\n');
      rest = events.pop() ?? '';
      for (const text of events) if (text.startsWith('event: screen')) this.#screen = { at, text };
    });
  }

  /** When the newest screen arrived that `shows` accepts. */
  async screen(what: string, shows: (html: string) => boolean): Promise<number> {
    const deadline = now() + 8000;
    while (!shows(this.#screen.text)) {
      if (now() > deadline) {
        const text = this.#screen.text.replaceAll(/<svg.*?<\/svg>|<[^>]+>/g, ' ');
        throw new Error(`waited 8 s for ${what} on the screen, which shows: ${text}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return this.#screen.at;
  }

  /** The first event on a wire from `mark` on that fits; `mark` is a length of `client.wires`. */
  event(what: string, mark: number, fits: (event: TracedEvent) => boolean): Promise<TracedEvent> {
    const { client } = this;
    let seen = mark;
    return client.until(what, () => {
      for (; seen < client.wires.length; seen += 1) {
        const event = client.wires[seen];
        if (event !== undefined && fits(event)) return event;
      }
      return null;
    });
  }

  /** Presses a key; when its report was written on the wire, by the stall's clock. */
  async press(key: string): Promise<number> {
    const mark = this.client.wires.length;
    const pad = this.client.state.keypads[0];
    const before = now();
    await this.client.call('POST', 'keys', { keys: [key], pad });
    const { at } = await this.event(`key ${key}`, mark, ({ text }) => text === `${key} down`);
    if (at < before || at > now()) throw new Error('two clocks of this machine disagree');
    return at;
  }

  /** Switches the terminal off and on; from its process start to ready, in ms. */
  async restartTerminal(): Promise<number> {
    await this.client.call('POST', 'terminal/kill', { signal: 'SIGTERM' });
    const view = await this.client.call<{ ready_ms: number }>('POST', 'terminal/start');
    return view.ready_ms;
  }

  async close(): Promise<void> {
    this.#screens?.destroy();
    this.client.close();
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await gone;
  }
}
