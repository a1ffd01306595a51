/** The firmware's parser: which bytes become which message, and which are dropped without a word. */

export interface FirmataMessages {
  /** A message that is no sysex; data bytes that it does not have are 0. */
  message(command: number, low: number, high: number): void;
  sysex(command: number, data: readonly number[]): void;
}

/** Bytes of a message the firmware has room for; what exceeds them is dropped. */
const BUFFER = 64;

export class FirmataParser {
  readonly #messages: FirmataMessages;
  #sysex = false;
  #buffer: number[] = [];
  #command = 0;
  /** Data bytes still to come. */
  #due = 0;

  constructor(messages: FirmataMessages) {
    this.#messages = messages;
  }

  reset(): void {
    this.#sysex = false;
    this.#due = 0;
    this.#buffer = [];
  }

  take(byte: number): void {
    if (this.#sysex) this.#takeSysex(byte);
    else if (this.#due > 0 && byte < 0x80) {
      this.#buffer.push(byte);
      this.#due -= 1;
      if (this.#due === 0) this.#tell();
    } else this.#begin(byte);
  }

  #takeSysex(byte: number): void {
    if (byte !== 0xf7) {
      if (this.#buffer.length < BUFFER) this.#buffer.push(byte);
      return;
    }
    this.#sysex = false;
    const [command, ...data] = this.#buffer;
    if (command !== undefined) this.#messages.sysex(command, data);
  }

  #begin(byte: number): void {
    this.#buffer = [];
    this.#command = byte;
    this.#due = 0;
    switch (byte < 0xf0 ? byte & 0xf0 : byte) {
      case 0xe0:
      case 0x90:
      case 0xf4:
      case 0xf5:
        this.#due = 2;
        return;
      case 0xc0:
      case 0xd0:
        this.#due = 1;
        return;
      case 0xf0:
        this.#sysex = true;
        return;
      case 0xf7 /* an end without a beginning */:
        return;
      default:
        this.#tell();
    }
  }

  #tell(): void {
    this.#messages.message(this.#command, this.#buffer[0] ?? 0, this.#buffer[1] ?? 0);
  }
}
