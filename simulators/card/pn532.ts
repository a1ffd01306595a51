/**
 * A PN532 module on a serial line (NXP UM0701-02), with cards above its antenna. It acknowledges,
 * answers one command at a time, and calls unknown ones a syntax error.
 */
import { concat, hex } from '#device/codecs/bytes.ts';
import {
  ACK,
  FROM_CHIP,
  PN532,
  Pn532Splitter,
  SYNTAX_ERROR,
  TO_CHIP,
  writePn532,
} from '#device/codecs/pn532.ts';
import type { Clock } from '#device/ports/clock.ts';
import { realClock } from '../clock.ts';
import { Pty } from '../pty.ts';
import type { Fault, Simulator, Watch } from '../wire.ts';
import { ATS, type Card } from './card.ts';
import { Field, type Tear } from './field.ts';

export interface Pn532Options {
  readonly path: string;
  readonly wire?: string;
  readonly watch?: Watch;
  readonly clock?: Clock;
}

/** Status bytes of the chip (§7.1). */
const STATUS = { done: 0x00, timeout: 0x01, wrongContext: 0x27 } as const;
/** SENS_RES and SEL_RES of a DESFire (AN10833 §2). */
const DESFIRE = Uint8Array.of(0x03, 0x44, 0x20);
const NONE = new Uint8Array(0);
/** How long the chip waits for a card that does not answer, as its FWI says. */
const CARD_TIMEOUT_MS = 77;
const PASSIVE_RETRIES = 0x05;
const RF_FIELD = 0x01;
const NAMES = new Map<number, string>(Object.entries(PN532).map(([name, code]) => [code, name]));

export class Pn532 implements Simulator {
  readonly wire: string;
  readonly field: Field;
  /** How often each unknown command came. */
  readonly unknownCommands = new Map<number, number>();
  readonly #clock: Clock;
  readonly #registers = new Map<number, number>();
  #splitter = new Pn532Splitter();
  #pty: Pty | null = null;
  #targets: readonly Card[] = [];
  #running = 0;
  #patient = true;
  #kept: readonly Card[] = [];

  private constructor(options: Pn532Options) {
    this.wire = options.wire ?? 'pn532';
    this.#clock = options.clock ?? realClock;
    this.field = new Field({ lifted: () => this.#lifted() }, this.#clock);
  }

  /** Resolves when `path` can be opened. */
  static async open(options: Pn532Options): Promise<Pn532> {
    const chip = new Pn532(options);
    chip.#pty = await Pty.open({
      wire: chip.wire,
      path: options.path,
      data: (bytes) => chip.#receive(bytes),
      plugged: () => chip.#powerOn(),
      clock: chip.#clock,
      ...(options.watch === undefined ? {} : { watch: options.watch }),
    });
    return chip;
  }

  async present(...cards: readonly Card[]): Promise<void> {
    this.field.lift();
    this.#kept = cards;
    this.field.put(cards);
    this.#say(cards.length > 1 ? `${cards.length} cards are put on` : 'a card is put on');
  }

  async remove(): Promise<void> {
    this.#kept = [];
    this.field.lift();
  }

  tear(tear: Tear): void {
    this.field.tear(tear);
  }

  async hang(on: boolean): Promise<void> {
    await this.apply({ fault: on ? 'hang' : 'clear' });
  }

  /** Knows the faults of a serial wire. */
  async apply(fault: Fault): Promise<void> {
    if (fault.fault === 'unplug') this.field.lift();
    await this.#pty?.apply(fault);
    if (fault.fault === 'replug' && this.#kept.length > 0) this.field.put(this.#kept);
  }

  async close(): Promise<void> {
    this.field.lift();
    await this.#pty?.close();
  }

  #powerOn(): void {
    this.#splitter = new Pn532Splitter();
    this.#targets = [];
    this.#running += 1;
    this.#patient = true;
    this.#registers.clear();
  }

  #lifted(): void {
    this.#say('the card is pulled away');
  }

  #receive(bytes: Uint8Array): void {
    for (const frame of this.#splitter.push(bytes)) {
      // An acknowledgement from the host ends what is under way (§6.2.1.3).
      if (frame.kind === 'ack') this.#running += 1;
      if (frame.kind !== 'data' || frame.direction !== TO_CHIP) continue;
      this.#trace('out', frame.code, frame.data);
      this.#pty?.write(ACK);
      this.#running += 1;
      void this.#answer(frame.code, frame.data, this.#running);
    }
  }

  async #answer(code: number, data: Uint8Array, run: number): Promise<void> {
    const answer = await this.#run(code, data, run);
    if (run !== this.#running) return;
    if (answer === null) {
      this.unknownCommands.set(code, (this.unknownCommands.get(code) ?? 0) + 1);
      this.#pty?.write(SYNTAX_ERROR);
      return;
    }
    this.#trace('in', code, answer);
    this.#pty?.write(writePn532(FROM_CHIP, code + 1, answer));
  }

  /** `null` where the chip does not know the command. */
  async #run(code: number, data: Uint8Array, run: number): Promise<Uint8Array | null> {
    switch (code) {
      case PN532.getFirmwareVersion:
        return Uint8Array.of(0x32, 0x01, 0x06, 0x07);
      case PN532.setParameters:
      case PN532.samConfiguration:
      case PN532.setSerialBaudRate:
        return NONE;
      case PN532.powerDown:
        return Uint8Array.of(STATUS.done);
      case PN532.rfConfiguration:
        this.#configure(data);
        return NONE;
      case PN532.readRegister:
        return this.#readRegisters(data);
      case PN532.writeRegister:
        return this.#writeRegisters(data);
      case PN532.diagnose:
        return this.#diagnose(data);
      case PN532.inListPassiveTarget:
        return this.#list(data[0] ?? 0, data[1] ?? 0, run);
      case PN532.inDataExchange:
        return this.#exchange(data);
      case PN532.inCommunicateThru:
        // Other kinds of cards are looked for by hand; none is here.
        return Uint8Array.of(STATUS.timeout);
      case PN532.inDeselect:
      case PN532.inRelease:
      case PN532.inSelect:
        if (code !== PN532.inSelect) this.#release();
        return Uint8Array.of(STATUS.done);
      default:
        return null;
    }
  }

  #configure([item = 0, ...values]: Uint8Array): void {
    if (item === RF_FIELD && ((values[0] ?? 0) & 1) === 0) this.#release();
    if (item === PASSIVE_RETRIES) this.#patient = values[2] === 0xff;
  }

  /** Without a field, or deselected, a card begins anew. */
  #release(): void {
    this.#targets = [];
    this.field.reset();
  }

  #readRegisters(data: Uint8Array): Uint8Array {
    const addresses = Array.from({ length: data.length >> 1 }, (_, at) => address(data, at * 2));
    return Uint8Array.from(addresses, (each) => this.#registers.get(each) ?? 0);
  }

  #writeRegisters(data: Uint8Array): Uint8Array {
    for (let at = 0; at + 3 <= data.length; at += 3) {
      this.#registers.set(address(data, at), data[at + 2] ?? 0);
    }
    return NONE;
  }

  /** The line test echoes; the attention test asks the card whether it is still there (§7.2.1). */
  #diagnose(data: Uint8Array): Uint8Array | null {
    switch (data[0]) {
      case 0x00:
        return data;
      case 0x06: {
        const there = this.#targets.some((card) => this.field.cards.includes(card));
        return Uint8Array.of(there ? STATUS.done : STATUS.timeout);
      }
      default:
        return null;
    }
  }

  /** Only type A at 106 kbit/s finds a DESFire. */
  async #list(most: number, kind: number, run: number): Promise<Uint8Array> {
    this.#targets = [];
    while (kind === 0 && this.field.cards.length === 0 && this.#patient && run === this.#running) {
      await this.#wait(5);
    }
    const found = kind === 0 ? this.field.cards.slice(0, most) : [];
    this.#targets = found;
    const told = found.map((card, at) =>
      concat(Uint8Array.of(at + 1), DESFIRE, Uint8Array.of(card.uid.length), card.uid, ATS),
    );
    return concat(Uint8Array.of(found.length), ...told);
  }

  async #exchange(data: Uint8Array): Promise<Uint8Array> {
    const card = this.#targets[((data[0] ?? 0) & 0x3f) - 1];
    if (card === undefined) return Uint8Array.of(STATUS.wrongContext);
    const answer = await this.field.exchange(card, data.slice(1));
    if (answer !== null) return concat(Uint8Array.of(STATUS.done), answer);
    await this.#wait(CARD_TIMEOUT_MS);
    return Uint8Array.of(STATUS.timeout);
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.after(ms, () => resolve()));
  }

  #say(text: string): void {
    this.#pty?.trace({ direction: 'state', text });
  }

  #trace(direction: 'in' | 'out', code: number, data: Uint8Array): void {
    const name = NAMES.get(code) ?? `command ${code.toString(16)}`;
    const text = direction === 'out' ? name : `${name}: answer`;
    this.#pty?.trace({ direction, text, hex: hex(data.subarray(0, 64)) });
  }
}

const address = (data: Uint8Array, at: number): number =>
  ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0);
