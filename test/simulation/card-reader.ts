/**
 * The reader of one terminal and what lies on it: the emulator's card, in the card's own time. It tells
 * what a card has done by the card's own memory, whatever terminal and settlement believe.
 */
import { type LogRecord, PURSE_AID, PURSE_FILES, readLogRecord } from '#device/codecs/purse.ts';
import type { CardEvent } from '#device/flows/card-state.ts';
import type { CardPresence, TransmitResult } from '#device/ports/reader.ts';
import type { Card } from '#simulators/card/card.ts';
import { Field, type Tear } from '#simulators/card/field.ts';
import type { VirtualTime } from '#simulators/simulation/time.ts';

export const READER = 'reader';

/** A card as its holder knows it, and what is really on it. */
export interface Purse {
  readonly id: string;
  readonly card: Card;
  /** By the card's own memory. */
  counter: number;
  balanceMinor: number;
  /** Somebody holds it to a reader. */
  held: boolean;
}

export interface ReaderEvents {
  card(event: CardEvent): void;
  /** A card has committed something. */
  did(purse: Purse, record: LogRecord): void;
}

export class CardReader {
  readonly #events: ReaderEvents;
  readonly #field: Field;
  #purse: Purse | null = null;
  #present: CardPresence | null = null;
  #arrivals = 0;
  /** What was asked by a program that is gone is never answered. */
  #session = 0;

  constructor(time: VirtualTime, events: ReaderEvents) {
    this.#events = events;
    const after = (ms: number, then: () => void): (() => void) => time.after(Math.ceil(ms), then);
    this.#field = new Field(
      { lifted: () => this.#left() },
      { now: () => time.now, monotonic: () => time.now, after },
    );
  }

  get isFree(): boolean {
    return this.#purse === null;
  }

  put(purse: Purse, tear: Tear | null): void {
    this.#purse = purse;
    purse.held = true;
    this.#field.put([purse.card]);
    if (tear !== null) this.#field.tear(tear);
    this.#arrive();
  }

  lift(): void {
    this.#field.lift();
  }

  /** The terminal's program ended; whatever lies here is met anew by the next one. */
  abandon(): void {
    this.#session += 1;
    this.#present = null;
    this.#field.reset();
  }

  /** A program has started. */
  begin(): void {
    if (this.#purse !== null) this.#arrive();
  }

  readonly transmit = async (
    _reader: string,
    presence: CardPresence,
    apdu: Uint8Array,
  ): Promise<TransmitResult> => {
    const session = this.#session;
    const purse = this.#purse;
    if (purse === null || this.#present !== presence) return { ok: false, gone: 'card' };
    const answer = this.#field.exchange(purse.card, apdu);
    this.#look(purse);
    const response = await answer;
    if (session !== this.#session) return new Promise(() => undefined);
    return response === null ? { ok: false, gone: 'card' } : { ok: true, response };
  };

  #arrive(): void {
    const { card } = this.#purse ?? {};
    if (card === undefined) return;
    this.#arrivals += 1;
    this.#present = { number: this.#arrivals, uid: card.uid, historical: Uint8Array.of(0x80) };
    this.#events.card({ is: 'arrived', card: this.#present });
  }

  #left(): void {
    const card = this.#present;
    if (this.#purse !== null) this.#purse.held = false;
    this.#purse = null;
    this.#present = null;
    if (card !== null) this.#events.card({ is: 'left', card });
  }

  #look(purse: Purse): void {
    const seen = readPurse(purse.card);
    if (seen === null || seen.counter === purse.counter) return;
    purse.counter = seen.counter;
    purse.balanceMinor = seen.balanceMinor;
    if (seen.last !== null) this.#events.did(purse, seen.last);
  }
}

/** What stands in the memory of a card; `null` where it is no purse. */
export function readPurse(
  card: Card,
): { counter: number; balanceMinor: number; last: LogRecord | null } | null {
  const files = card.state.applications.find(({ aid }) => aid === PURSE_AID)?.files;
  const value = files?.get(PURSE_FILES.value);
  const log = files?.get(PURSE_FILES.log);
  const proof = files?.get(PURSE_FILES.proof);
  if (value?.kind !== 'value' || log?.kind !== 'cyclic' || proof?.kind !== 'transaction-mac') {
    return null;
  }
  const record = log.records.at(-1);
  const last = record === undefined ? null : readLogRecord(record);
  return { counter: proof.counter, balanceMinor: value.value, last };
}
