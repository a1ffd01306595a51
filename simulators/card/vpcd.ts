/**
 * A contactless reader's slot with a card in it, as vsmartcard's vpcd driver sees it: the card is a
 * TCP client, a socket that opens is a card put on the reader, one that closes a card pulled away.
 * What a real reader answers itself (PC/SC part 3: UID and ATS by FF CA) is answered here.
 */
import { connect, type Socket } from 'node:net';
import { SW, writeResponse } from '#device/codecs/apdu.ts';
import { concat, hex, uint } from '#device/codecs/bytes.ts';
import type { Clock } from '#device/ports/clock.ts';
import { realClock } from '../clock.ts';
import type { Watch } from '../wire.ts';
import { ATS, type Card } from './card.ts';
import { PowerLost } from './eeprom.ts';

/** Where in the talk a card is pulled away: at its `apdu`-th command from now on, the next being 1. */
export interface Tear {
  readonly apdu: number;
  /**
   * `before` the card took it, `after` it did and before the answer is out, or amid its memory write,
   * after so many `bytes`.
   */
  readonly when: 'before' | 'after' | { readonly bytes: number };
}

export interface SlotOptions {
  readonly port: number;
  readonly wire: string;
  readonly clock?: Clock;
  readonly watch?: Watch;
}

const CONTROL = { off: 0, on: 1, reset: 2, atr: 4 } as const;
/** Contactless, T=CL shown as T=1, and the historical byte of the ATS (PC/SC part 3 §3.1.3.2.3). */
const ATR = Uint8Array.of(0x3b, 0x81, 0x80, 0x01, 0x80, 0x80);

const COLLISION = Uint8Array.of(0xff, 0xff);

/** One slot of the virtual reader; cards come and go. */
export class Slot {
  readonly #options: SlotOptions;
  readonly #clock: Clock;
  #socket: Socket | null = null;
  #cards: readonly Card[] = [];
  #rest: Uint8Array = new Uint8Array(0);
  #working: Promise<void> = Promise.resolve();
  #tear: Tear | null = null;
  #apdus = 0;
  /** The card takes commands and answers none. */
  hung = false;
  /** Answers come from here instead of from the card. */
  garbage: (() => Uint8Array) | null = null;
  /** The card was pulled away, by a tear or by hand. */
  left: (() => void) | null = null;

  constructor(options: SlotOptions) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
  }

  /** The only card in the field, or `null`. */
  get card(): Card | null {
    return this.#cards.length === 1 ? (this.#cards[0] ?? null) : null;
  }

  /** Puts cards on the reader; of two at once it can wake neither. Resolves when it has a field. */
  async present(...cards: readonly Card[]): Promise<void> {
    await this.remove();
    const socket = connect(this.#options.port, '127.0.0.1');
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', () => resolve());
      socket.once('error', reject);
    });
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    this.#socket = socket;
    this.#cards = cards;
    this.#rest = new Uint8Array(0);
    this.#apdus = 0;
    this.#say(cards.length > 1 ? `${cards.length} cards are put on` : 'a card is put on');
    socket.on('data', (bytes: Buffer) => this.#receive(socket, new Uint8Array(bytes)));
    socket.once('close', () => {
      if (this.#socket === socket) this.#lift();
    });
  }

  /** Pulls the card away now. */
  async remove(): Promise<void> {
    const socket = this.#socket;
    if (socket === null) return;
    const closed = new Promise((resolve) => socket.once('close', resolve));
    this.#lift();
    await closed;
  }

  /** Pulls the card away at the moment that `tear` names. */
  tear(tear: Tear): void {
    this.#tear = { ...tear, apdu: this.#apdus + tear.apdu };
  }

  #lift(): void {
    const socket = this.#socket;
    this.#socket = null;
    for (const card of this.#cards) card.powerDown();
    this.#cards = [];
    this.#tear = null;
    if (socket === null) return;
    // Half of an answer's length and then nothing makes vpcd 3.3 crash, and the daemon with it.
    if (this.#owed !== null) socket.write(this.#owed);
    this.#owed = null;
    socket.destroySoon();
    this.#say('the card is pulled away');
    this.left?.();
  }

  #receive(socket: Socket, bytes: Uint8Array): void {
    this.#rest = concat(this.#rest, bytes);
    for (;;) {
      const length = ((this.#rest[0] ?? 0) << 8) | (this.#rest[1] ?? 0);
      if (this.#rest.length < 2 || this.#rest.length < 2 + length) break;
      const payload = this.#rest.slice(2, 2 + length);
      this.#rest = this.#rest.slice(2 + length);
      const early = this.#early;
      this.#early = false;
      this.#working = this.#working.then(() => this.#take(socket, payload, early));
    }
    // vpcd sends length and body apart, and waits for an acknowledgement between them: half of an
    // answer's length carries it at once, where a delayed one takes 40 ms.
    const waits = this.#rest.length === 2 && !(this.#rest[0] === 0 && this.#rest[1] === 1);
    if (waits && !this.#early && !this.hung) {
      this.#early = true;
      this.#working = this.#working.then(() => {
        if (!socket.destroyed) socket.write(Uint8Array.of(0));
      });
    }
  }

  /** The first byte of the next answer's length is out already. */
  #early = false;
  /** What makes an empty answer of the one that is under way. */
  #owed: Uint8Array | null = null;

  async #take(socket: Socket, payload: Uint8Array, early: boolean): Promise<void> {
    if (this.#socket !== socket) return;
    if (payload.length === 1) return this.#control(socket, payload[0] ?? 0);
    this.#owed = early ? Uint8Array.of(0) : Uint8Array.of(0, 0);
    const answer = await this.#transmit(payload);
    if (answer === null || this.#socket !== socket) return;
    this.#owed = null;
    socket.write(early ? concat(uint(answer.length, 1), answer) : framed(answer));
  }

  #control(socket: Socket, code: number): void {
    switch (code) {
      case CONTROL.off:
      case CONTROL.on:
      case CONTROL.reset:
        this.card?.powerDown();
        return;
      case CONTROL.atr:
        // Two cards talk at once: what is heard begins like no answer to reset.
        socket.write(framed(this.card === null ? COLLISION : ATR));
        return;
      default:
        throw new Error(`vpcd said control ${code}, which is unknown`);
    }
  }

  async #transmit(apdu: Uint8Array): Promise<Uint8Array | null> {
    const { card } = this;
    if (this.hung || card === null) return null;
    if (apdu[0] === 0xff) return answerReader(apdu, card);
    this.#apdus += 1;
    const tear = this.#tear?.apdu === this.#apdus ? this.#tear.when : null;
    if (tear === 'before') return this.#pull();
    if (tear !== null && tear !== 'after') card.eeprom.cutAfter(tear.bytes);
    try {
      const { bytes, durationMs } = card.process(apdu);
      // A command that wrote fewer bytes is torn before its answer is out.
      if (tear !== null) return this.#pull();
      if (durationMs > 0) await this.#wait(durationMs);
      return this.garbage === null ? bytes : this.garbage();
    } catch (error) {
      if (!(error instanceof PowerLost)) throw error;
      return this.#pull();
    }
  }

  #pull(): null {
    this.#lift();
    return null;
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.after(ms, () => resolve()));
  }

  #say(text: string): void {
    this.#options.watch?.({ wire: this.#options.wire, direction: 'state', text });
  }
}

const framed = (answer: Uint8Array): Uint8Array => concat(uint(answer.length, 2), answer);

/** What the reader itself answers (PC/SC part 3 §3.2.2.1.3): UID and historical bytes. */
function answerReader(apdu: Uint8Array, card: Card): Uint8Array {
  const none = new Uint8Array(0);
  if (hex(apdu.subarray(0, 4)) === 'ffca0000')
    return writeResponse({ data: card.uid, sw: SW.done });
  if (hex(apdu.subarray(0, 4)) === 'ffca0100') {
    return writeResponse({ data: ATS.slice(5), sw: SW.done });
  }
  return writeResponse({ data: none, sw: SW.noSuchFunction });
}
