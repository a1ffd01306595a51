/** The settlement: who has the keys of cards, knows each of them, and posts what they do. */

import { type GateHere, here } from '../gate.ts';
import type { RelayedCard, RelayOutcome } from '../relay/relayed-card.ts';
import type { CardRow, KeyVersionRow } from '../store/tables-settlement.ts';
import type { Transaction } from '../store/writer.ts';
import { briefOf, changeCard } from './brief.ts';
import {
  addCard,
  blockCard,
  type Changed,
  endCard,
  hotlist,
  type NewCard,
  unblockCard,
  validateCard,
} from './cards.ts';
import { takeCard } from './chain.ts';
import { takenDebits } from './debits.ts';
import { CardDrive } from './drive.ts';
import type { Load, Make, Purchase, SettlementDrives, SettlementVerbs } from './gate.ts';
import { askJob, cancelJob, findJob, findPurchase } from './jobs.ts';
import {
  advanceKeys,
  type KeysChanged,
  keysOfTerminals,
  type NewKeys,
  retireKeys,
  spreadKeys,
  spreadNew,
} from './key-versions.ts';
import type { SettlementParts } from './parts.ts';
import { type Reconciliation, reconcile, type Statement, statementOf } from './report.ts';
import { Sittings } from './sittings.ts';

export class Settlement {
  readonly #parts: SettlementParts;
  readonly sittings: Sittings;

  constructor(parts: SettlementParts) {
    this.#parts = parts;
    this.sittings = new Sittings(this, parts.clock);
  }

  gate(): GateHere<SettlementVerbs> & SettlementDrives {
    const parts = this.#parts;
    return {
      take: here((tx, told) => takeCard(parts, tx, told)),
      validate: here((tx, asked) => validateCard(tx, asked)),
      ask: here((tx, job) => askJob(parts, tx, job)),
      job: here((tx, id) => findJob(tx, id)),
      cancel: here((tx, id) => cancelJob(parts, tx, id)),
      purchased: here((tx, order) => findPurchase(tx, order)),
      keys: here((tx) => keysOfTerminals(parts, tx)),
      spread: here((tx, spread) => spreadKeys(parts, tx, spread)),
      hotlist: here((tx) => hotlist(tx)),
      debits: here((tx, wish) => takenDebits(tx, wish)),
      card: here((tx, id) => briefOf(tx, id)),
      change: here((tx, asked) => changeCard(parts, tx, asked)),
      serve: (card, job) => this.serve(card, job),
      purchase: (purchase, card) => this.purchase(purchase, card),
      load: (load, card) => this.load(load, card),
      make: (make, card) => this.make(make, card),
    };
  }

  serve(card: RelayedCard, job?: string): Promise<RelayOutcome> {
    return new CardDrive(this.#parts, card).serve(job);
  }

  purchase(purchase: Purchase, card: RelayedCard): Promise<RelayOutcome> {
    return new CardDrive(this.#parts, card).purchase(purchase);
  }

  load(load: Load, card: RelayedCard): Promise<RelayOutcome> {
    return new CardDrive(this.#parts, card).load(load);
  }

  make(make: Make, card: RelayedCard): Promise<RelayOutcome> {
    return new CardDrive(this.#parts, card).make(make);
  }

  /** Rejects with a `StoreError` where nothing was stored, as all below. */
  add<T>(card: NewCard, then: (tx: Transaction, card: CardRow) => T): Promise<T> {
    return this.#parts.writer.run((tx) => then(tx, addCard(this.#parts, tx, card)));
  }

  block(card: string, because: string): Promise<Changed> {
    return this.#parts.writer.run((tx) => blockCard(this.#parts, tx, card, because));
  }

  unblock(card: string): Promise<Changed> {
    return this.#parts.writer.run((tx) => unblockCard(this.#parts, tx, card));
  }

  end(card: string, because: string): Promise<Changed> {
    return this.#parts.writer.run((tx) => endCard(this.#parts, tx, card, because));
  }

  /** Makes a further version of the keys; `then` says, in the same unit, what became of it. */
  renewKeys<T>(wanted: NewKeys, then: (tx: Transaction, made: KeysChanged) => T): Promise<T> {
    const { writer, house, chance } = this.#parts;
    return writer.run((tx) => {
      // Refused before anything is made: what is in the file stays there.
      if (advanceKeys(this.#parts, tx).some(({ state }) => state === 'spreading')) {
        return then(tx, { ok: false, code: 'key_version_spreads' });
      }
      // In the file first: a card must never have keys that a crash took from the house.
      const version = house.add(chance);
      return then(tx, spreadNew(this.#parts, tx, version, wanted));
    });
  }

  retireKeys(version: number, because: string): Promise<KeysChanged> {
    return this.#parts.writer.run((tx) => retireKeys(this.#parts, tx, version, because));
  }

  keyVersions(): Promise<readonly KeyVersionRow[]> {
    return this.#parts.writer.run((tx) => advanceKeys(this.#parts, tx));
  }

  /** Active cards that have these keys. */
  cardsWith(version: number): number {
    return this.#parts.tables.settlement.cardsWith(version);
  }

  reconcile(): Reconciliation {
    return reconcile(this.#parts.tables);
  }

  statement(card: string): Statement | null {
    return statementOf(this.#parts.tables, card);
  }

  close(): void {
    this.sittings.close();
  }
}
