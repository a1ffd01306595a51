/** Receipts for one printer: what it could not print for want of paper is printed when it has some. */
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

export class PrintQueue {
  readonly #printer: Printer;
  readonly #clock: Clock;
  readonly #events: PrintEvents;
  readonly #waiting: PrintedReceipt[] = [];
  #busy = false;
  #unready = false;
  #closed = false;

  constructor(printer: Printer, clock: Clock, events: PrintEvents) {
    this.#printer = printer;
    this.#clock = clock;
    this.#events = events;
  }

  add(receipt: PrintedReceipt): void {
    this.#waiting.push(receipt);
    if (this.#waiting.length > LIMIT) this.#waiting.shift();
    void this.#work();
  }

  close(): void {
    this.#closed = true;
    this.#waiting.length = 0;
  }

  async #work(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (let receipt = this.#waiting[0]; receipt !== undefined; receipt = this.#waiting[0]) {
      try {
        await this.#printer.print(receipt);
        if (this.#unready) this.#events.ready();
        this.#unready = false;
      } catch (error) {
        if (this.#closed) break;
        if (error instanceof DeviceError && error.code === 'unready') {
          if (!this.#unready) this.#events.unready(error);
          this.#unready = true;
          this.#clock.after(RETRY_MS, () => void this.#work());
          break;
        }
        this.#events.failed(error);
      }
      // A newer receipt may have pushed this one out meanwhile.
      if (this.#waiting[0] === receipt) this.#waiting.shift();
    }
    this.#busy = false;
  }
}
