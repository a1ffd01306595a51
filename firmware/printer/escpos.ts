/**
 * A receipt printer on a serial port (driver `escpos`). The port has no flow control that works
 * everywhere, so the printer's own answers pace it: a little, then a question, then more.
 */

import {
  askStatus,
  CLEAR_BUFFERS,
  FEED_AND_CUT,
  FENCE,
  INITIALISE,
  isFence,
  isStatus,
  type Paper,
  type PrinterTrouble,
  readTrouble,
  writeReceipt,
} from '#device/codecs/escpos.ts';
import { DeviceError, type DeviceEvents } from '#device/ports/device.ts';
import type { PrintedReceipt, Printer } from '#device/ports/printer.ts';
import type { SettingsOf } from '#firmware/boards.ts';
import { Replies } from '#firmware/replies.ts';
import { openSerial, type Serial } from '#firmware/serial.ts';

/** As in boards.json, with `port` made absolute. */
export type EscPosSettings = Omit<SettingsOf<'escpos'>, 'driver'>;

const STATUS_TIMEOUT_MS = 500;
/** Bytes sent before the printer is asked: less than the smallest receive buffer, 4 KiB. */
const BURST_BYTES = 512;
/** How long one burst may take on paper. */
const BURST_LIMIT_MS = 20_000;
const FENCE_TIMEOUT_MS = 400;

const TROUBLES: Record<PrinterTrouble, [message: string, mend: string]> = {
  paper_out: ['the printer is out of paper', 'put in a new roll and close the cover'],
  cover_open: ['the cover of the printer is open', 'close the cover'],
  cutter_jam: [
    'the paper cutter is jammed',
    'open the cover, free the cutter, switch it off and on',
  ],
  broken: [
    'the printer reports a fault',
    'switch it off and on; if that does not help, replace it',
  ],
  offline: ['the printer is offline', 'press its feed button, or switch it off and on'],
};

/** A printer that answers but can't print: `unready`, with the `PrinterTrouble` as its cause. */
export function troubleError(organ: string, trouble: PrinterTrouble): DeviceError {
  const [message, mend] = TROUBLES[trouble];
  return new DeviceError('unready', organ, message, { mend, cause: trouble });
}

class EscPos implements Printer {
  readonly #name: string;
  readonly #paper: Paper;
  readonly #events: DeviceEvents;
  readonly #replies = new Replies<number>();
  #serial: Serial | null = null;
  /** Set when lost: what all later calls reject with. */
  #gone: DeviceError | null = null;
  #fenced = false;
  /** Half a receipt hangs out of the printer: the next one starts on paper of its own. */
  #torn = false;
  #opened = false;
  /** One job or question at a time. */
  #line: Promise<unknown> = Promise.resolve();

  constructor(name: string, settings: EscPosSettings, events: DeviceEvents) {
    this.#name = name;
    this.#paper = { columns: settings.columns, charset: settings.charset ?? 'gb18030' };
    this.#events = events;
  }

  async open(settings: EscPosSettings): Promise<void> {
    this.#serial = await openSerial(this.#name, settings, {
      data: (bytes) => {
        for (const byte of bytes) this.#replies.give(byte);
      },
      lost: (error) => this.#lose(error),
    });
    try {
      // A printer that is out of paper is there all the same: only silence fails to open.
      await this.#trouble();
      await this.#send(INITIALISE);
      this.#fenced = (await this.#ask(FENCE, isFence, FENCE_TIMEOUT_MS)) !== null;
    } catch (error) {
      this.#gone ??= new DeviceError('lost', this.#name, 'did not open', { cause: error });
      await this.close();
      throw error;
    }
    this.#opened = true;
  }

  print(receipt: PrintedReceipt): Promise<void> {
    return this.#inTurn(() => this.#print(receipt));
  }

  check(): Promise<void> {
    return this.#inTurn(() => this.#look());
  }

  async close(): Promise<void> {
    this.#gone ??= new DeviceError('lost', this.#name, 'the printer was closed');
    this.#replies.end();
    await this.#serial?.close();
    await this.#line;
  }

  async #print(receipt: PrintedReceipt): Promise<void> {
    const parts = writeReceipt(receipt, this.#paper);
    try {
      await this.#demandReady();
      if (this.#torn) parts.unshift(FEED_AND_CUT);
      this.#torn = true;
      let burst: Uint8Array[] = [];
      let length = 0;
      for (const part of parts) {
        if (length > 0 && length + part.length > BURST_BYTES) {
          await this.#sendBurst(burst);
          [burst, length] = [[], 0];
        }
        burst.push(part);
        length += part.length;
      }
      await this.#sendBurst(burst);
      this.#torn = false;
    } catch (error) {
      this.#replies.end();
      // Half a receipt must not come out later, when the paper is back and it was printed anew.
      if (this.#gone === null) await this.#send(CLEAR_BUFFERS).catch(() => undefined);
      throw error;
    }
  }

  async #sendBurst(parts: readonly Uint8Array[]): Promise<void> {
    await this.#send(Buffer.concat(parts));
    if (!this.#fenced) return this.#demandReady();
    const until = performance.now() + BURST_LIMIT_MS;
    const passed = this.#replies.next(isFence, BURST_LIMIT_MS);
    let done = false;
    void passed.then(() => {
      done = true;
    });
    await this.#send(FENCE);
    while (!done && performance.now() < until) {
      const first = await Promise.race([passed, this.#pause()]);
      if (first !== 'paused') break;
      await this.#demandReady();
    }
    if ((await passed) === null) throw this.#lose(this.#silence());
  }

  #pause(): Promise<'paused'> {
    return new Promise((resolve) => setTimeout(() => resolve('paused'), FENCE_TIMEOUT_MS));
  }

  /** Whether it is online and has paper is asked often; why not, only where something is the matter. */
  async #look(): Promise<void> {
    const printer = await this.#status(1);
    const paper = await this.#status(4);
    if (readTrouble(printer, 0, 0, paper) !== null) await this.#demandReady();
  }

  async #demandReady(): Promise<void> {
    const trouble = await this.#trouble();
    // Asked again, because a disturbed bit looks like an empty roll.
    if (trouble === null || (await this.#trouble()) !== trouble) return;
    throw troubleError(this.#name, trouble);
  }

  async #trouble(): Promise<PrinterTrouble | null> {
    const printer = await this.#status(1);
    const offline = await this.#status(2);
    const error = await this.#status(3);
    return readTrouble(printer, offline, error, await this.#status(4));
  }

  async #status(n: 1 | 2 | 3 | 4): Promise<number> {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const status = await this.#ask(askStatus(n), isStatus, STATUS_TIMEOUT_MS);
      if (status !== null) return status;
      if (this.#gone !== null) throw this.#gone;
    }
    throw this.#lose(this.#silence());
  }

  async #ask(
    question: Uint8Array,
    accepts: (byte: number) => boolean,
    timeoutMs: number,
  ): Promise<number | null> {
    const answer = this.#replies.next(accepts, timeoutMs);
    await this.#send(question);
    return answer;
  }

  async #send(bytes: Uint8Array): Promise<void> {
    if (this.#gone !== null) throw this.#gone;
    await this.#serial?.write(bytes);
    if (this.#gone !== null) throw this.#gone;
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#line.then(work);
    this.#line = done.catch(() => undefined);
    return done;
  }

  #silence(): DeviceError {
    return new DeviceError('timeout', this.#name, 'the printer does not answer', {
      mend: 'switch it on, check its cable, and its baud in boards.json',
    });
  }

  #lose(error: DeviceError): DeviceError {
    if (this.#gone !== null) return this.#gone;
    this.#gone = error;
    this.#replies.end();
    void this.#serial?.close();
    if (this.#opened) this.#events.lost(error);
    return error;
  }
}

/**
 * Opens the printer and has its first answer within 2 s, else rejects: `absent`, `denied`, `busy`,
 * `timeout`. `print` and `check` reject with `unready` (cause: a `PrinterTrouble`; the printer stays
 * open and the receipt may be printed again) or with the error that `lost` was told. A printer that
 * went silent is found by either.
 */
export async function openEscPos(
  name: string,
  settings: EscPosSettings,
  events: DeviceEvents,
): Promise<Printer> {
  const printer = new EscPos(name, settings, events);
  await printer.open(settings);
  return printer;
}
