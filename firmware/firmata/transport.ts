/**
 * What lies between `firmata-io` and the serial port: small writes become one, and what the board
 * sends is checked before the library sees it. The library trusts its wire: a flipped bit can make
 * it throw inside an event handler, which would end the process.
 */
import { EventEmitter } from 'node:events';
import type { SerialPort } from 'serialport';

const START_SYSEX = 0xf0;
const END_SYSEX = 0xf7;
const REPORT_VERSION = 0xf9;

/** Longest message a board with 70 pins sends is its capabilities: 70 × 15 bytes. */
const SYSEX_LIMIT = 2048;

/** Follows the framing of Firmata 2.5 and says what is wrong with it, if anything. */
export class FramingCheck {
  /** Data bytes still to come, `Infinity` inside a sysex message, 0 between messages. */
  #due = 0;
  #length = 0;

  /** `null` where all is well so far. */
  inspect(bytes: Uint8Array): string | null {
    for (const byte of bytes) {
      const fault = this.#take(byte);
      if (fault !== null) return fault;
    }
    return null;
  }

  #take(byte: number): string | null {
    if (this.#due === 0) return this.#begin(byte);
    if (this.#due === Number.POSITIVE_INFINITY) {
      this.#length += 1;
      if (byte === END_SYSEX) this.#due = 0;
      else if (byte > 0x7f) return `byte ${byte.toString(16)} inside a sysex message`;
      else if (this.#length > SYSEX_LIMIT) return 'a sysex message without an end';
      return null;
    }
    if (byte > 0x7f) return `byte ${byte.toString(16)} where a data byte is due`;
    this.#due -= 1;
    return null;
  }

  #begin(byte: number): string | null {
    const command = byte < START_SYSEX ? byte & 0xf0 : byte;
    switch (command) {
      case START_SYSEX:
        this.#due = Number.POSITIVE_INFINITY;
        this.#length = 0;
        return null;
      case 0x90: /* digital port */
      case 0xe0: /* analog pin */
      case REPORT_VERSION:
        this.#due = 2;
        return null;
      default:
        return `byte ${byte.toString(16)} where a message begins`;
    }
  }
}

/** The transport that `firmata-io` is given; `broken` is called at most once. */
export class FirmataTransport extends EventEmitter {
  readonly #port: SerialPort;
  readonly #broken: (why: string) => void;
  #check: FramingCheck | null = null;
  #waiting: Uint8Array[] = [];
  #silent = false;

  constructor(port: SerialPort, broken: (why: string) => void) {
    super();
    this.#port = port;
    this.#broken = broken;
  }

  /** From here on every byte counts; before, the end of an old message may still come. */
  beStrict(): void {
    this.#check = new FramingCheck();
  }

  /** Takes bytes from the board. */
  receive(bytes: Uint8Array): void {
    if (this.#silent) return;
    const fault = this.#check?.inspect(bytes) ?? null;
    try {
      if (fault !== null) throw new Error(fault);
      this.emit('data', bytes);
    } catch (error) {
      this.silence();
      this.#broken(error instanceof Error ? error.message : String(error));
    }
  }

  write(bytes: Uint8Array, written?: () => void): void {
    if (this.#waiting.length === 0) queueMicrotask(() => this.flush());
    this.#waiting.push(bytes);
    written?.();
  }

  /** Hands what waits to the serial port now. */
  flush(): void {
    const bytes = Buffer.concat(this.#waiting);
    this.#waiting = [];
    if (bytes.length > 0 && !this.#silent && this.#port.isOpen) this.#port.write(bytes);
  }

  /** Neither reads nor writes from here on. */
  silence(): void {
    this.#silent = true;
    this.removeAllListeners();
  }
}
