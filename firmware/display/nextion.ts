/**
 * A serial HMI panel with the Nextion instruction set (driver `nextion`). The panel acknowledges
 * every instruction (`bkcmd=3`), so a screen is known to be shown, not only to be sent.
 */
import { PanelReader, type PanelReply, writeInstruction } from '#device/codecs/nextion.ts';
import { DeviceError } from '#device/ports/device.ts';
import type { Display, DisplayEvents, Screen } from '#device/ports/display.ts';
import type { SettingsOf } from '#firmware/boards.ts';
import { Replies } from '#firmware/replies.ts';
import { openSerial, type Serial } from '#firmware/serial.ts';
import { Latest } from './latest.ts';
import { ALIVE_S, keyOfPart, type PanelScreen, panelScreen } from './nextion-screen.ts';

/** As in boards.json, with `port` made absolute. */
export type NextionSettings = Omit<SettingsOf<'nextion'>, 'driver'>;

const HELLO_TIMEOUT_MS = 250;
const ACK_TIMEOUT_MS = 1000;
/** Bytes under way at a time: half of the panel's receive buffer. */
const WINDOW_BYTES = 512;
const ALIVE_MS = 5000;
/** What a panel has out of the box, and what most have been set to. */
const USUAL_BAUDS = [9600, 115200];
/** After an end mark alone, how long what was under way may still come in. */
const SETTLE_MS = 120;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

class Nextion implements Display {
  readonly #name: string;
  readonly #events: DisplayEvents;
  readonly #replies = new Replies<PanelReply>();
  readonly #latest = new Latest<Screen>((screen) => this.#draw(screen));
  #reader = new PanelReader();
  #serial: Serial | null = null;
  /** What the panel is known to show; `null` where that has to be sent anew. */
  #page: string | null = null;
  readonly #shown = new Map<string, string>();
  #screen: Screen | null = null;
  #opened = false;
  #gone: DeviceError | null = null;
  #alive: NodeJS.Timeout | undefined;

  constructor(name: string, events: DisplayEvents) {
    this.#name = name;
    this.#events = events;
  }

  async open(settings: NextionSettings): Promise<void> {
    const bauds = [...new Set([settings.baud, ...USUAL_BAUDS])];
    for (const baud of bauds) {
      if (!(await this.#hello(settings.port, baud))) continue;
      if (baud !== settings.baud) {
        // Kept by the panel over a power cut, so that this happens once in its life.
        await this.#serial?.write(writeInstruction(`bauds=${settings.baud}`));
        await pause(SETTLE_MS);
        if (!(await this.#hello(settings.port, settings.baud))) break;
      }
      this.#opened = true;
      this.#alive = setInterval(() => this.#keepAlive(), ALIVE_MS).unref();
      return;
    }
    await this.close();
    throw new DeviceError('timeout', this.#name, `no panel answers at ${settings.port}`, {
      mend: 'switch the panel on and check that its RX and TX wires are crossed',
    });
  }

  show(screen: Screen): Promise<void> {
    this.#screen = screen;
    return this.#gone === null ? this.#latest.put(screen) : Promise.reject(this.#gone);
  }

  async close(): Promise<void> {
    clearInterval(this.#alive);
    this.#gone ??= new DeviceError('lost', this.#name, 'the panel was closed');
    this.#replies.end();
    await this.#serial?.close();
  }

  /** Whether a panel answers at this speed; leaves the port open if so. */
  async #hello(port: string, baud: number): Promise<boolean> {
    await this.#serial?.close();
    this.#reader = new PanelReader();
    this.#serial = await openSerial(
      this.#name,
      { port, baud },
      {
        data: (bytes) => {
          for (const reply of this.#reader.read(bytes)) this.#hear(reply);
        },
        lost: (error) => this.#lose(error),
      },
    );
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const answer = this.#replies.next((reply) => reply.reply === 'hello', HELLO_TIMEOUT_MS);
      // The empty instruction ends whatever half instruction an earlier owner left behind.
      await this.#send([writeInstruction(''), writeInstruction('connect')]);
      if ((await answer) !== null) return true;
    }
    return false;
  }

  #hear(reply: PanelReply): void {
    if (this.#replies.give(reply) || !this.#opened) return;
    if (reply.reply === 'touch' && reply.down) {
      const key = keyOfPart(reply.part);
      if (key !== undefined) this.#events.key(key);
    } else if (reply.reply === 'started' || reply.reply === 'ready') {
      this.#forget();
      this.#showAgain();
    }
  }

  /** The panel was switched off and on, or left an old page: nothing that was shown is there. */
  #forget(): void {
    this.#page = null;
    this.#shown.clear();
  }

  #showAgain(): void {
    if (this.#screen !== null) this.#latest.put(this.#screen).catch(() => undefined);
  }

  #keepAlive(): void {
    if (this.#screen === null) return;
    this.#shown.delete('left.val');
    this.#showAgain();
  }

  async #draw(screen: Screen): Promise<void> {
    const wanted = panelScreen(screen);
    let failure = await this.#write(wanted);
    if (failure !== null && this.#gone === null) {
      await this.#send([writeInstruction('')]);
      await pause(SETTLE_MS);
      this.#forget();
      failure = await this.#write(wanted);
    }
    if (failure !== null) throw this.#lose(failure);
  }

  /** Sends what differs; the failure of the first instruction that was refused or not answered. */
  async #write(wanted: PanelScreen): Promise<DeviceError | null> {
    const instructions: string[] = [];
    if (this.#page !== wanted.page) {
      this.#shown.clear();
      instructions.push('bkcmd=3', `page ${wanted.page}`);
    }
    const attributes = new Map(wanted.attributes).set('left.val', String(ALIVE_S));
    for (const [attribute, value] of attributes) {
      if (this.#shown.get(attribute) !== value) instructions.push(`${attribute}=${value}`);
    }
    const failure = await this.#transmit(instructions);
    if (failure !== null) return failure;
    this.#page = wanted.page;
    for (const [attribute, value] of attributes) this.#shown.set(attribute, value);
    return null;
  }

  async #transmit(instructions: readonly string[]): Promise<DeviceError | null> {
    let at = 0;
    while (at < instructions.length) {
      const window: { instruction: string; bytes: Uint8Array }[] = [];
      let length = 0;
      for (; at < instructions.length; at += 1) {
        const instruction = instructions[at] ?? '';
        const bytes = writeInstruction(instruction);
        if (length > 0 && length + bytes.length > WINDOW_BYTES) break;
        window.push({ instruction, bytes });
        length += bytes.length;
      }
      const answers = window.map(() =>
        this.#replies.next(({ reply }) => reply === 'done' || reply === 'failed', ACK_TIMEOUT_MS),
      );
      await this.#send(window.map(({ bytes }) => bytes));
      for (const [index, answer] of (await Promise.all(answers)).entries()) {
        const failure = this.#judge(window[index]?.instruction ?? '', answer);
        if (failure !== null) return failure;
      }
    }
    return null;
  }

  #judge(instruction: string, answer: PanelReply | null): DeviceError | null {
    if (this.#gone !== null) return this.#gone;
    if (answer === null) {
      return new DeviceError('timeout', this.#name, 'the panel does not answer', {
        mend: 'switch the panel off and on, and check its cable',
      });
    }
    if (answer.reply !== 'failed') return null;
    const what = `the panel refused ${instruction.split('=')[0]}: ${answer.why}`;
    return new DeviceError('protocol', this.#name, what, {
      mend: 'load the HMI project that docs/displays.md describes into the panel',
    });
  }

  async #send(parts: readonly Uint8Array[]): Promise<void> {
    if (this.#gone !== null) throw this.#gone;
    await this.#serial?.write(Buffer.concat(parts));
  }

  #lose(error: DeviceError): DeviceError {
    if (this.#gone !== null) return this.#gone;
    this.#gone = error;
    clearInterval(this.#alive);
    this.#replies.end();
    void this.#serial?.close();
    if (this.#opened) this.#events.lost(error);
    return error;
  }
}

/**
 * Opens the panel, at another speed too if need be (and then sets its speed to `baud` for good), or
 * rejects within 3 s. `show` resolves when the panel has acknowledged the whole screen. A panel
 * that was switched off and on is drawn again by itself.
 */
export async function openNextion(
  name: string,
  settings: NextionSettings,
  events: DisplayEvents,
): Promise<Display> {
  const panel = new Nextion(name, events);
  await panel.open(settings);
  return panel;
}
