/**
 * The PN532 module on a serial port (NXP UM0701-02): cards are looked for between commands, and a
 * card that stops answering is a card that is gone.
 */

import { concat } from '#device/codecs/bytes.ts';
import { historicalOfAts } from '#device/codecs/historical.ts';
import {
  ACK,
  FROM_CHIP,
  PN532,
  type Pn532Frame,
  Pn532Splitter,
  readTargets,
  TO_CHIP,
  WAKE,
  writePn532,
} from '#device/codecs/pn532.ts';
import { DeviceError } from '#device/ports/device.ts';
import {
  ANSWER_TIMEOUT_MS,
  type CardPresence,
  type Reader,
  type ReaderEvents,
  type TransmitResult,
} from '#device/ports/reader.ts';
import { Replies } from '../replies.ts';
import { openSerial, type Serial } from '../serial.ts';

export interface Pn532Settings {
  readonly driver: 'pn532-uart';
  readonly port: string;
  readonly baud: number;
}

/** The chip takes 15 ms (§6.2.1.1); a host that is busy with other things may be away for longer. */
const ACK_TIMEOUT_MS = 1000;
const CHIP_TIMEOUT_MS = 1000;
/** A person's tap lasts 300 ms; the search itself takes the chip 5 ms. */
const SEARCH_MS = 40;
/** Type A at 106 kbit/s, and two at most: one more than may be there. */
const LIST = Uint8Array.of(2, 0);
const STILL_THERE = Uint8Array.of(0x06);
const FIELD_OFF = Uint8Array.of(0x01, 0x00);
const FIELD_ON = Uint8Array.of(0x01, 0x01);
/** Retries of the activation, such that a search without a card ends soon (§7.3.1, item 5). */
const RETRIES = Uint8Array.of(0x05, 0xff, 0x01, 0x01);
/** Normal mode, no time limit, no interrupt pin (§7.2.10). */
const SAM = Uint8Array.of(0x01, 0x14, 0x01);
const IC = 0x32;

class Pn532Reader implements Reader {
  readonly #organ: string;
  readonly #events: ReaderEvents;
  readonly #splitter = new Pn532Splitter();
  readonly #replies = new Replies<Pn532Frame>();
  #serial: Serial | null = null;
  #queue: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #present: CardPresence | null = null;
  #target = 0;
  #number = 0;
  #crowd = false;
  #over: 'silent' | 'reader' | null = null;
  #opened = false;
  #closing: Promise<void> | null = null;

  constructor(organ: string, events: ReaderEvents) {
    this.#organ = organ;
    this.#events = events;
  }

  async open(settings: Pn532Settings): Promise<void> {
    const { port, baud } = settings;
    const serial = await openSerial(
      this.#organ,
      { port, baud },
      {
        data: (bytes) => {
          for (const frame of this.#splitter.push(bytes)) this.#replies.give(frame);
        },
        lost: (error) => this.#lose('reader', error),
      },
    );
    this.#serial = serial;
    try {
      await serial.write(WAKE);
      await this.#command(PN532.samConfiguration, SAM);
      const version = await this.#command(PN532.getFirmwareVersion);
      if (version[0] !== IC) throw this.#error('protocol', `it is no PN532: ${version[0]}`);
      await this.#command(PN532.rfConfiguration, RETRIES);
      await this.#command(PN532.rfConfiguration, FIELD_ON);
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#opened = true;
    this.#searchSoon();
  }

  transmit(
    card: CardPresence,
    apdu: Uint8Array,
    timeoutMs = ANSWER_TIMEOUT_MS,
  ): Promise<TransmitResult> {
    return this.#then(async (): Promise<TransmitResult> => {
      if (this.#over !== null) return { ok: false, gone: this.#over };
      if (card !== this.#present) return { ok: false, gone: 'card' };
      const asked = concat(Uint8Array.of(this.#target), apdu);
      const answer = await this.#try(PN532.inDataExchange, asked, timeoutMs);
      if (answer === null) return { ok: false, gone: this.#over ?? 'reader' };
      const [status = 1] = answer;
      if ((status & 0x3f) === 0 && answer.length >= 3) {
        return { ok: true, response: answer.slice(1) };
      }
      await this.#leave();
      return { ok: false, gone: 'card' };
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    clearTimeout(this.#timer);
    const working = this.#over === null && this.#opened;
    this.#over ??= 'reader';
    this.#replies.end();
    const off = writePn532(TO_CHIP, PN532.rfConfiguration, FIELD_OFF);
    // A wire that is gone by now needs no farewell.
    if (working) await this.#serial?.write(off).catch(() => undefined);
    await this.#serial?.close();
  }

  /** One thing at a time goes over the wire. */
  #then<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined);
    return done;
  }

  #searchSoon(): void {
    this.#timer = setTimeout(() => void this.#then(() => this.#search()), SEARCH_MS);
  }

  async #search(): Promise<void> {
    if (this.#over !== null) return;
    if (this.#present === null) await this.#find();
    else {
      const answer = await this.#try(PN532.diagnose, STILL_THERE);
      if (answer !== null && answer[0] !== 0) await this.#leave();
    }
    if (this.#over === null) this.#searchSoon();
  }

  async #find(): Promise<void> {
    const answer = await this.#try(PN532.inListPassiveTarget, LIST);
    if (answer === null) return;
    const targets = readTargets(answer);
    const [target] = targets;
    if (target === undefined) {
      this.#crowd = false;
      return;
    }
    if (targets.length > 1 || !target.blocks) {
      await this.#restartField();
      // Told once, until nothing lies there any more.
      if (!this.#crowd) this.#events.unreadable();
      this.#crowd = true;
      return;
    }
    this.#crowd = false;
    this.#number += 1;
    this.#target = target.number;
    const { uid, ats } = target;
    this.#present = { number: this.#number, uid, historical: historicalOfAts(ats) };
    this.#events.arrived(this.#present);
  }

  async #leave(): Promise<void> {
    const card = this.#present;
    this.#present = null;
    await this.#restartField();
    if (card !== null && this.#over === null) this.#events.left(card);
  }

  /** Whatever lies there begins anew; a card that was left amid a talk would not answer a search. */
  async #restartField(): Promise<void> {
    await this.#try(PN532.rfConfiguration, FIELD_OFF);
    await this.#try(PN532.rfConfiguration, FIELD_ON);
  }

  /** `null` where the chip is lost, which was told. */
  async #try(
    code: number,
    data?: Uint8Array,
    timeoutMs = CHIP_TIMEOUT_MS,
  ): Promise<Uint8Array | null> {
    try {
      return await this.#command(code, data, timeoutMs);
    } catch (error) {
      const known = error instanceof DeviceError ? error : this.#error('protocol', String(error));
      this.#lose(known.code === 'timeout' ? 'silent' : 'reader', known);
      return null;
    }
  }

  async #command(
    code: number,
    data: Uint8Array = new Uint8Array(0),
    timeoutMs = CHIP_TIMEOUT_MS,
  ): Promise<Uint8Array> {
    const acknowledged = this.#replies.next(({ kind }) => kind === 'ack', ACK_TIMEOUT_MS);
    const answered = this.#replies.next(
      (frame) =>
        frame.kind === 'error' ||
        (frame.kind === 'data' && frame.direction === FROM_CHIP && frame.code === code + 1),
      timeoutMs,
    );
    await this.#serial?.write(writePn532(TO_CHIP, code, data));
    if ((await acknowledged) === null) throw this.#error('timeout', 'the chip does not answer');
    const answer = await answered;
    if (answer?.kind === 'data') return answer.data;
    // The chip may still be at it: an acknowledgement ends that.
    await this.#serial?.write(ACK);
    if (answer === null) throw this.#error('timeout', 'the chip does not finish a command');
    throw this.#error('protocol', `the chip refuses command ${code.toString(16)}`);
  }

  #lose(what: 'silent' | 'reader', error: DeviceError): void {
    if (this.#over !== null) return;
    this.#over = what;
    clearTimeout(this.#timer);
    this.#replies.end();
    if (this.#opened) this.#events.lost(error);
  }

  #error(code: DeviceError['code'], message: string): DeviceError {
    return new DeviceError(code, this.#organ, message, {
      mend: 'check its wires, and that its switches are set to HSU (UART)',
    });
  }
}

/** Rejects with a `DeviceError`: `absent`, or `timeout` and `protocol` where it is no PN532. */
export async function openPn532Reader(
  name: string,
  settings: Pn532Settings,
  events: ReaderEvents,
): Promise<Reader> {
  const reader = new Pn532Reader(name, events);
  await reader.open(settings);
  return reader;
}
