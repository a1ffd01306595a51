/**
 * Receipts for one printer: what it could not print for want of paper is printed when it has some. An
 * idle printer is asked how it is, so that an empty roll is told before a customer waits for a receipt.
 */
import type { Clock } from '#device/ports/clock.ts';
import { DeviceError } from '#device/ports/device.ts';
import type { PrintedReceipt, Printer } from '#device/ports/printer.ts';

export interface PrintEvents {
  /** A person must do something first; it is tried again until {@link PrintEvents.ready}. */
  unready(error: DeviceError): void;
  ready(): void;
  /** The receipt will not be printed. */
  failed(error: unknown): void;
}

/** A roll's worth is not wanted after an hour without paper: the newest are kept. */
const LIMIT = 20;
const RETRY_MS = 2000;
/** On bare wires a printer that went silent is found by asking alone. */
const WATCH_MS = 5000;

export class PrintQueue {
  readonly #printer: Printer;
  readonly #clock: Clock;
  readonly #events: PrintEvents;
  readonly #waiting: PrintedReceipt[] = [];
  #busy = false;
  /** What was told of it last; `null` where it is ready. */
  #unready: string | null = null;
  #closed = false;
  #cancelLook = (): void => undefined;

  /** Asks the printer at once, and goes on doing so. */
  constructor(printer: Printer, clock: Clock, events: PrintEvents) {
    this.#printer = printer;
    this.#clock = clock;
    this.#events = events;
    void this.#work();
  }

  add(receipt: PrintedReceipt): void {
    this.#waiting.push(receipt);
    if (this.#waiting.length > LIMIT) this.#waiting.shift();
    void this.#work();
  }

  close(): void {
    this.#closed = true;
    this.#waiting.length = 0;
    this.#cancelLook();
  }

  async #work(): Promise<void> {
    if (this.#busy || this.#closed) return;
    this.#busy = true;
    this.#cancelLook();
    let goesOn = true;
    do goesOn = await this.#step(this.#waiting[0]);
    while (goesOn && this.#waiting.length > 0);
    this.#busy = false;
    if (this.#closed) return;
    const waitMs = this.#unready === null ? WATCH_MS : RETRY_MS;
    this.#cancelLook = this.#clock.after(waitMs, () => void this.#work());
  }

  /** Prints a receipt, or without one only asks; `false` where the printer must wait for a person. */
  async #step(receipt: PrintedReceipt | undefined): Promise<boolean> {
    try {
      await (receipt === undefined ? this.#printer.check() : this.#printer.print(receipt));
      if (this.#closed) return false;
      if (this.#unready !== null) this.#events.ready();
      this.#unready = null;
    } catch (error) {
      if (this.#closed) return false;
      if (error instanceof DeviceError && error.code === 'unready') {
        if (this.#unready !== error.message) this.#events.unready(error);
        this.#unready = error.message;
        return false;
      }
      // A printer that is gone tells so itself.
      if (receipt !== undefined) this.#events.failed(error);
    }
    // A newer receipt may have pushed this one out meanwhile.
    if (receipt !== undefined && this.#waiting[0] === receipt) this.#waiting.shift();
    return true;
  }
}
