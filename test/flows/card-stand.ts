/** A terminal's loop with a reader in memory: real cards, real talks, tears where the test wants them. */
import assert from 'node:assert/strict';
import { workCard } from '#device/card-work.ts';
import { converse } from '#device/codecs/desfire-exchange.ts';
import { type LogRecord, purseKey } from '#device/codecs/purse.ts';
import { oneByOne } from '#device/codecs/purse-rounds.ts';
import { commitDebit, prepareDebit, readHistory } from '#device/codecs/purse-talks.ts';
import { type CardPayment, type Hotlist, offlineLimitsSchema } from '#device/messages/card.ts';
import type { Key } from '#device/ports/keypad.ts';
import type { CardPresence, TransmitResult } from '#device/ports/reader.ts';
import { Card } from '#simulators/card/card.ts';
import { Field, type Tear } from '#simulators/card/field.ts';
import { type HouseKeys, openPurseCard } from '#simulators/card/purse-card.ts';
import { repeatable } from '../card/bench.ts';
import { HandClock, MemoryDisk, SETTINGS, STALL, START, Stand, settled } from './stand.ts';

const key = (seed: number): Uint8Array => new Uint8Array(16).fill(seed);
export const HOUSE: HouseKeys = {
  ...{
    card: key(6),
    master: key(1),
    debit: key(2),
    load: key(3),
    read: key(4),
    transaction: key(5),
  },
};

export const uid = (last: number): Uint8Array =>
  Uint8Array.of(0x04, 0x21, 0x22, 0x23, 0x24, 0x25, last);

/** A card with an amount on it, in the currency of the stall. */
export const cardWith = (
  balanceMinor: number,
  more: { last?: number; currency?: number; keys?: HouseKeys } = {},
): Promise<Card> =>
  openPurseCard({
    name: `card ${more.last ?? 1}`,
    uid: uid(more.last ?? 1),
    keys: more.keys ?? HOUSE,
    currency: more.currency ?? 156,
    nowS: START / 1000,
    chance: repeatable(100 + (more.last ?? 1)),
    balanceMinor,
  });

export const blankCard = (): Card => new Card({ uid: uid(77), chance: repeatable(5) });

/** What a card holds, asked with the keys of the house. */
export async function balanceOf(card: Card): Promise<number> {
  const of = { key: purseKey(HOUSE.debit, card.state.uid), rndA: key(8) };
  const opened = await converse(oneByOne(prepareDebit(of)), (apdu) => card.process(apdu).bytes);
  card.powerDown();
  if (!opened.ok) throw new Error(`not a purse: ${opened.at}`);
  return opened.balanceMinor;
}

/** What the house calls it. */
export async function cardIdOf(card: Card): Promise<string> {
  const of = { key: purseKey(HOUSE.debit, card.state.uid), rndA: key(8) };
  const opened = await converse(oneByOne(prepareDebit(of)), (apdu) => card.process(apdu).bytes);
  card.powerDown();
  assert.ok(opened.ok);
  return opened.holder.card;
}

/** Pays one unit at another terminal, so many times. */
export async function payElsewhere(card: Card, times: number): Promise<void> {
  const transmit = (apdu: Uint8Array): Uint8Array => card.process(apdu).bytes;
  for (let time = 0; time < times; time += 1) {
    const of = { key: purseKey(HOUSE.debit, card.state.uid), rndA: key(8) };
    const purse = await converse(oneByOne(prepareDebit(of)), transmit);
    assert.ok(purse.ok);
    const record: LogRecord = {
      ...{ kind: 'debit', amountMinor: 1, order: '0000000000000000', atS: time },
      ...{ terminal: new Uint8Array(4), balanceMinor: purse.balanceMinor - 1 },
    };
    assert.ok((await converse(oneByOne(commitDebit(purse, record)), transmit)).ok);
    card.powerDown();
  }
}

/** How many debits its log holds. */
export async function debitsOf(card: Card): Promise<number> {
  const of = { key: purseKey(HOUSE.read, card.state.uid), rndA: key(8) };
  const told = await converse(oneByOne(readHistory(of)), (apdu) => card.process(apdu).bytes);
  card.powerDown();
  if (!told.ok) throw new Error(`not a purse: ${told.at}`);
  return told.records.filter(({ kind }) => kind === 'debit').length;
}

/** The reader of one counter, whichever terminal process stands at it. */
export class Counter {
  readonly clock: HandClock;
  readonly disk: MemoryDisk;
  readonly #field: Field;
  readonly #chance = repeatable(55);
  stand: Stand;
  #present: CardPresence | null = null;
  #number = 0;
  #limits: object = {};
  #takesCards = true;
  #language = STALL.language;
  readonly #heard: string[] = [];
  #apdus = 0;
  /** The terminal loses its power before it sends this command. */
  cutAt: number | null = null;
  /** What the card is told, by instruction, for whoever looks at the order of things. */
  readonly told: number[] = [];

  private constructor(clock: HandClock, disk: MemoryDisk) {
    this.clock = clock;
    this.disk = disk;
    this.#field = new Field({ lifted: () => this.#lifted() });
    this.stand = null as unknown as Stand;
  }

  static async open(
    options: {
      readonly online?: boolean;
      readonly limits?: object;
      readonly takesCards?: boolean;
      readonly language?: 'en' | 'zh-CN';
    } = {},
  ): Promise<Counter> {
    const counter = new Counter(new HandClock(), new MemoryDisk());
    counter.#language = options.language ?? STALL.language;
    counter.#limits = options.limits ?? {};
    counter.#takesCards = options.takesCards ?? true;
    await counter.start(options.online ?? true);
    return counter;
  }

  /** Switches the terminal on, with what its disk holds. */
  async start(online = true): Promise<void> {
    const organs = [...SETTINGS.organs, { name: 'reader', role: 'reader' } as const];
    const keys = { debit: HOUSE.debit, read: HOUSE.read };
    let alive = true;
    const transmit = async (
      _reader: string,
      card: CardPresence,
      apdu: Uint8Array,
    ): Promise<TransmitResult> => {
      if (!alive || (this.cutAt !== null && this.#apdus >= this.cutAt)) {
        alive = false;
        // Nothing comes back to a machine that is off.
        return new Promise(() => undefined);
      }
      return this.#transmit(card, apdu);
    };
    this.stand = await Stand.start({
      ...{ clock: this.clock, disk: this.disk, online, transmit },
      settings: {
        ...{ organs, takesCards: this.#takesCards },
        stall: {
          ...{ ...STALL, language: this.#language },
          card_limits: offlineLimitsSchema.parse(this.#limits),
        },
      },
      workCard: (reader, card, task) =>
        workCard({ keys, chance: { bytes: this.#chance }, transmit }, reader, card, task),
    });
    this.stand.organ('reader', true);
  }

  /** All that was said, by each terminal process that stood here. */
  get heard(): string[] {
    return [...this.#heard, ...this.stand.spoken];
  }

  /** As kill -9: what was not on disk is gone. */
  async restart(online = true): Promise<void> {
    this.cutAt = null;
    this.#heard.push(...this.stand.spoken);
    this.disk.crash();
    this.stand.terminal.stop();
    this.lift();
    await this.start(online);
  }

  /** Holds a card to the reader until nothing more happens; `tear` pulls it away at a command. */
  async tap(card: Card, tear?: Tear): Promise<void> {
    await this.put(card, tear);
    this.lift();
    await settled();
  }

  async put(card: Card, tear?: Tear): Promise<void> {
    this.lift();
    this.#field.put([card]);
    this.#apdus = 0;
    if (tear !== undefined) this.#field.tear(tear);
    this.#number += 1;
    this.#present = { number: this.#number, uid: card.state.uid, historical: Uint8Array.of(0x80) };
    this.#tell({ is: 'arrived', card: this.#present });
    await quiet();
  }

  lift(): void {
    this.#field.lift();
  }

  set garbage(make: (() => Uint8Array) | null) {
    this.#field.garbage = make;
  }

  set hung(hung: boolean) {
    this.#field.hung = hung;
  }

  /** Keys an amount and Enter, and waits until it is on disk. */
  async sell(amount: string): Promise<void> {
    this.stand.key(...(amount.split('') as Key[]), 'enter');
    await quiet();
  }

  async until(done: () => boolean): Promise<void> {
    for (let round = 0; round < 200 && !done(); round += 1) await Promise.resolve();
    assert.ok(done(), 'it never came');
  }

  async hotlist(change: Partial<Hotlist> = {}): Promise<void> {
    const issued_at = this.clock.now();
    const whole = { version: 1, full: true, entries: [], removed: [], issued_at };
    await this.stand.told({ kind: 'hotlist', hotlist: { ...whole, ...change } });
  }

  unreadable(): void {
    this.stand.terminal.push({ is: 'card', reader: 'reader', event: { is: 'unreadable' } });
  }

  payments(): CardPayment[] {
    return this.stand.sent.flatMap((up) => (up.kind === 'card_payment' ? [up.payment] : []));
  }

  async receive(payment: CardPayment, said: 'posted' | 'refused' = 'posted'): Promise<void> {
    const { order, card, counter } = payment;
    await this.stand.told({
      kind: 'card_receipt',
      receipt: { order, card, counter, said },
    });
  }

  async #transmit(card: CardPresence, apdu: Uint8Array): Promise<TransmitResult> {
    const there = this.#field.card;
    if (this.#present?.number !== card.number || there === null) return { ok: false, gone: 'card' };
    this.#apdus += 1;
    this.told.push(apdu[1] ?? 0);
    const response = await this.#field.exchange(there, apdu);
    if (response !== null) return { ok: true, response };
    return { ok: false, gone: this.#field.hung ? 'silent' : 'card' };
  }

  #lifted(): void {
    const card = this.#present;
    this.#present = null;
    if (card !== null) this.#tell({ is: 'left', card });
  }

  #tell(event: { is: 'arrived' | 'left'; card: CardPresence }): void {
    this.stand.terminal.push({ is: 'card', reader: 'reader', event });
  }
}

/** Until a talk of a few dozen commands and its journal are through. */
async function quiet(): Promise<void> {
  for (let round = 0; round < 12; round += 1) await settled();
}
