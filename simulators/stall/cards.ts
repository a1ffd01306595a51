/**
 * The cards in the customers' pockets: some that the house's settlement makes and loads, at the
 * terminal's own reader; and some that are not of the house.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { hex } from '#device/codecs/bytes.ts';
import { INS } from '#device/codecs/desfire.ts';
import { CURRENCIES, type Currency } from '#device/messages/money.ts';
import { Card } from '../card/card.ts';
import { Eeprom } from '../card/eeprom.ts';
import { ForeignCard } from '../card/foreign-card.ts';
import { type HouseKeys, openPurseCard } from '../card/purse-card.ts';
import type { PcscStand } from '../card/reader.ts';
import { REAL_TIMING } from '../card/work.ts';
import type { CardOffice } from './card-office.ts';
import { notNow, unknown } from './problems.ts';

export type CardKind = 'house' | 'clone' | 'blank' | 'foreign';

interface Pocket {
  readonly name: string;
  readonly kind: CardKind;
  readonly uid: Uint8Array;
  /** What the copy claims to hold. */
  readonly balanceMinor: number;
}

const issuedSchema = z.object({ card: z.string() });

const uid = (last: number): Uint8Array => Uint8Array.of(0x04, 0x48, 0x41, 0x57, 0x4b, 0x52, last);

/** Who has what. The copy bears Dora's number. */
const POCKETS: readonly Pocket[] = [
  { name: 'Dora', kind: 'house', uid: uid(1), balanceMinor: 0 },
  { name: 'Emil', kind: 'house', uid: uid(2), balanceMinor: 0 },
  { name: 'Copy', kind: 'clone', uid: uid(1), balanceMinor: 99_900 },
  { name: 'Blank', kind: 'blank', uid: uid(4), balanceMinor: 0 },
  { name: 'Bus', kind: 'foreign', uid: uid(5), balanceMinor: 0 },
];

export interface CardView {
  readonly name: string;
  readonly kind: CardKind;
  readonly uid: string;
  readonly on_reader: boolean;
  /** What the house calls it, once it was issued. */
  readonly card: string | null;
}

/** Where a customer pulls the card away: at the first debit, or when it has committed and not said so. */
export type Pull = 'early' | 'last_moment';

export interface CardBoxOptions {
  /** Where cards keep their memory while the stall is closed. */
  readonly directory: string;
  readonly office: CardOffice;
  readonly currency: string;
  readonly reader: () => PcscStand | null;
}

/** Until a person gives up; where nothing is asked of the card; after the last that was. */
const LONGEST_MS = 4000;
const UNASKED_MS = 1500;
const QUIET_MS = 350;

export class CardBox {
  readonly #options: CardBoxOptions;
  readonly #made = new Map<string, Promise<Card>>();
  #lying: readonly string[] = [];

  constructor(options: CardBoxOptions) {
    this.#options = options;
  }

  view(): CardView[] {
    const there = this.#options.reader()?.field.cards.length ?? 0;
    return POCKETS.map(({ name, kind, uid: number }) => ({
      ...{ name, kind, uid: hex(number) },
      on_reader: there > 0 && this.#lying.includes(name),
      card: this.#issued(name),
    }));
  }

  /** Lays cards on the reader, instead of what lies there. */
  async put(names: readonly string[]): Promise<void> {
    const reader = this.#reader();
    const cards = await Promise.all(names.map((name) => this.#card(name)));
    if (reader.field.cards.length > 0) await reader.remove();
    this.#lying = names;
    await reader.present(...cards);
  }

  async lift(): Promise<void> {
    this.#lying = [];
    await this.#reader().remove();
  }

  /** Holds a card there until it is done with, or so long, or pulls it away too soon. */
  async tap(name: string, pull?: Pull, holdMs?: number): Promise<void> {
    await this.put([name]);
    const { field } = this.#reader();
    if (pull === 'early') field.tear({ ins: INS.debit, when: 'before' });
    if (pull === 'last_moment') field.tear({ ins: INS.commitTransaction, when: 'after' });
    const until = performance.now() + (holdMs ?? LONGEST_MS);
    let [commands, since] = [0, performance.now() + UNASKED_MS - QUIET_MS];
    while (performance.now() < until && field.cards.length > 0) {
      await sleep(25);
      if (field.commands !== commands) [commands, since] = [field.commands, performance.now()];
      // Nothing more is asked of it: whoever holds it has seen or heard the answer.
      if (holdMs === undefined && performance.now() - since > QUIET_MS) break;
    }
    await this.lift();
  }

  /** Has it issued where it never was, and puts money on it: at the reader, with no order open. */
  async load(name: string, amountMinor: number): Promise<void> {
    const { office, directory } = this.#options;
    const pocket = this.#pocket(name);
    if (pocket.kind !== 'house') throw notNow(`${name}'s is no card that the house can issue.`);
    const hold = (): Promise<void> => this.put([name]);
    try {
      const card = this.#issued(name) ?? (await office.issue(hold));
      writeFileSync(join(directory, `${name}.json`), JSON.stringify({ card }));
      await office.load(card, amountMinor, hold);
    } finally {
      await this.lift();
    }
  }

  #issued(name: string): string | null {
    const file = join(this.#options.directory, `${name}.json`);
    if (!existsSync(file)) return null;
    return issuedSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).card;
  }

  #reader(): PcscStand {
    const reader = this.#options.reader();
    if (reader !== null) return reader;
    throw notNow('The card reader is missing: sudo apt-get install pcscd vsmartcard-vpcd.');
  }

  #pocket(name: string): Pocket {
    const pocket = POCKETS.find((each) => each.name === name);
    if (pocket !== undefined) return pocket;
    const names = POCKETS.map((each) => each.name).join(', ');
    throw unknown(`Nobody here has a card ${name}; there are ${names}.`);
  }

  #card(name: string): Promise<Card> {
    const pocket = this.#pocket(name);
    const known = this.#made.get(name);
    if (known !== undefined) return known;
    const made = this.#open(pocket);
    this.#made.set(name, made);
    made.catch(() => this.#made.delete(name));
    return made;
  }

  /** As it was left, or newly made. */
  async #open(pocket: Pocket): Promise<Card> {
    const file = join(this.#options.directory, `${pocket.name}.card`);
    mkdirSync(this.#options.directory, { recursive: true });
    const card = existsSync(file)
      ? this.#bare(pocket, new Eeprom(readFileSync(file)))
      : await this.#make(pocket);
    const save = (): void => writeFileSync(file, card.eeprom.image(), { mode: 0o600 });
    card.eeprom.changed = save;
    card.timing = REAL_TIMING;
    save();
    return card;
  }

  #make(pocket: Pocket): Promise<Card> | Card {
    if (pocket.kind !== 'clone') return this.#bare(pocket);
    const { name, balanceMinor } = pocket;
    const keys = strangeKeys();
    const { numeric } = CURRENCIES[this.#options.currency as Currency];
    return openPurseCard({
      ...{ name, balanceMinor, keys, chance: randomBytes, uid: pocket.uid },
      ...{ currency: Number(numeric), nowS: Math.floor(Date.now() / 1000) },
    });
  }

  #bare({ kind, uid: number, name }: Pocket, eeprom?: Eeprom): Card {
    const options = {
      ...{ uid: number, chance: randomBytes, name },
      ...(eeprom === undefined ? {} : { eeprom }),
    };
    return kind === 'foreign' ? new ForeignCard(options) : new Card(options);
  }
}

/** Of somebody who copies cards without having the house's keys. */
const strangeKeys = (): HouseKeys => ({
  ...{ card: randomBytes(16), master: randomBytes(16), debit: randomBytes(16) },
  ...{ load: randomBytes(16), read: randomBytes(16), transaction: randomBytes(16) },
});
