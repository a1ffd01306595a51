/**
 * A contactless reader's slot, as vsmartcard's vpcd driver sees it: the card is a TCP client, a socket
 * that opens is a card put on the reader, one that closes a card pulled away. What a real reader
 * answers itself (PC/SC part 3: UID and ATS by FF CA) is answered here.
 */
import { connect, type Socket } from 'node:net';
import { SW, writeResponse } from '#device/codecs/apdu.ts';
import { concat, hex, uint } from '#device/codecs/bytes.ts';
import { historicalOfAts } from '#device/codecs/historical.ts';
import type { Clock } from '#device/ports/clock.ts';
import type { Watch } from '../wire.ts';
import { ATS, type Card } from './card.ts';
import { Field } from './field.ts';

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
const NOTHING = new Uint8Array(0);

/** One slot of the virtual reader; cards come and go. */
export class Slot {
  readonly field: Field;
  readonly #options: SlotOptions;
  #socket: Socket | null = null;
  #rest: Uint8Array = NOTHING;
  #working: Promise<void> = Promise.resolve();
  /** The first byte of the next answer's length is out already. */
  #early = false;
  /** And its second one is not: vpcd waits for it. */
  #owed = false;

  constructor(options: SlotOptions) {
    this.#options = options;
    this.field = new Field({ lifted: () => this.#lifted() }, options.clock);
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
    this.#rest = NOTHING;
    this.#early = false;
    this.#owed = false;
    this.field.put(cards);
    this.#say(cards.length > 1 ? `${cards.length} cards are put on` : 'a card is put on');
    socket.on('data', (bytes: Buffer) => this.#receive(socket, new Uint8Array(bytes)));
    // The daemon ended, and the reader has no power any more.
    socket.once('close', () => {
      if (this.#socket === socket) this.field.lift();
    });
  }

  /** Pulls the card away now. */
  async remove(): Promise<void> {
    const socket = this.#socket;
    if (socket === null) return;
    const closed = new Promise((resolve) => socket.once('close', resolve));
    this.field.lift();
    await closed;
  }

  #lifted(): void {
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null) return;
    // Half of an answer's length and then nothing makes vpcd 3.3 crash, and the daemon with it.
    if (this.#owed) socket.write(Uint8Array.of(0));
    this.#owed = false;
    socket.destroySoon();
    this.#say('the card is pulled away');
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
    const control = this.#rest[0] === 0 && this.#rest[1] === 1;
    if (this.#rest.length !== 2 || control || this.#early || this.field.hung) return;
    this.#early = true;
    this.#owed = true;
    socket.write(Uint8Array.of(0));
  }

  async #take(socket: Socket, payload: Uint8Array, early: boolean): Promise<void> {
    if (this.#socket !== socket) return;
    if (payload.length === 1) return this.#control(socket, payload[0] ?? 0);
    const answer = await this.#transmit(payload);
    if (answer === null || this.#socket !== socket) return;
    if (early) this.#owed = false;
    socket.write(early ? concat(uint(answer.length, 1), answer) : framed(answer));
  }

  #control(socket: Socket, code: number): void {
    switch (code) {
      case CONTROL.off:
      case CONTROL.on:
      case CONTROL.reset:
        this.field.reset();
        return;
      case CONTROL.atr:
        // Two cards talk at once: what is heard begins like no answer to reset.
        socket.write(framed(this.field.card === null ? COLLISION : ATR));
        return;
      default:
        throw new Error(`vpcd said control ${code}, which is unknown`);
    }
  }

  async #transmit(apdu: Uint8Array): Promise<Uint8Array | null> {
    const { card, hung } = this.field;
    if (hung) return null;
    // What several cards say at once, the reader can't make out.
    if (card === null) return NOTHING;
    return apdu[0] === 0xff ? answerReader(apdu, card) : this.field.exchange(card, apdu);
  }

  #say(text: string): void {
    this.#options.watch?.({ wire: this.#options.wire, direction: 'state', text });
  }
}

const framed = (answer: Uint8Array): Uint8Array => concat(uint(answer.length, 2), answer);

/** What the reader itself answers (PC/SC part 3 §3.2.2.1.3): UID and historical bytes. */
function answerReader(apdu: Uint8Array, card: Card): Uint8Array {
  switch (hex(apdu.subarray(0, 4))) {
    case 'ffca0000':
      return writeResponse({ data: card.uid, sw: SW.done });
    case 'ffca0100':
      return writeResponse({ data: historicalOfAts(ATS), sw: SW.done });
    default:
      return writeResponse({ data: NOTHING, sw: SW.noSuchFunction });
  }
}
