/**
 * Drives a card through a reader, wherever that is: makes a purse of a blank one, puts on it what is
 * due, takes a payment. First it is asked what became of all that is in doubt.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { hex, utf8 } from '#device/codecs/bytes.ts';
import { writeOrderNumber } from '#device/codecs/order-number.ts';
import { writeLogRecord } from '#device/codecs/purse.ts';
import { inspectPurse, readHistory } from '#device/codecs/purse-talks.ts';
import type { Currency } from '#device/messages/money.ts';
import type { RelayedCard, RelayOutcome } from '../relay/relayed-card.ts';
import type { CardRow } from '../store/tables-settlement.ts';
import { CardCommits } from './commits.ts';
import { readLog } from './doubt.ts';
import type { AskJob, Load, Make, Purchase } from './gate.ts';
import { askJob, askPay, failJob } from './jobs.ts';
import { type KeysOfCard, keysOfCard } from './keys.ts';
import { isLost, makeCard, refused } from './making.ts';
import type { SettlementParts } from './parts.ts';
import { isCard, mayHaveKeys, needsKeys, rekeyCard } from './rekeying.ts';

/** Jobs of one stay at a reader; the rest waits for the next. */
const MOST_JOBS = 4;

/** Who drives: one for each stay of a card at a reader. */
export class CardDrive {
  readonly #parts: SettlementParts;
  readonly #relayed: RelayedCard;
  readonly #commits: CardCommits;
  /** Something was in doubt, and the card has told: whoever holds it wants to know. */
  #resolved = false;

  constructor(parts: SettlementParts, relayed: RelayedCard) {
    this.#parts = parts;
    this.#relayed = relayed;
    this.#commits = new CardCommits(parts, relayed);
  }

  /** Rejects with a `StoreError` where the store took nothing. */
  async serve(jobId?: string): Promise<RelayOutcome> {
    return this.#thenRekey(await this.#serve(jobId));
  }

  async #serve(jobId?: string): Promise<RelayOutcome> {
    if (this.#relayed.purpose === 'personalise') {
      return makeCard(this.#parts, this.#relayed, (talk) => this.#commits.run(talk), null);
    }
    const admitted = await this.#admit();
    if ('said' in admitted) return admitted;
    const { card, keys } = admitted;
    if (jobId !== undefined) return this.#one(card, keys, jobId);
    const { order } = this.#relayed;
    return order === undefined ? this.#due(card, keys) : this.#giveBack(card, keys, order);
  }

  /** Makes a purse of a blank card: of the one that waits for it, or a new one. */
  make(make: Make): Promise<RelayOutcome> {
    return makeCard(this.#parts, this.#relayed, (talk) => this.#commits.run(talk), make);
  }

  /** Takes the amount of an order, once; rejects with a `StoreError` where the store took nothing. */
  async purchase(purchase: Purchase): Promise<RelayOutcome> {
    return this.#thenRekey(await this.#purchase(purchase));
  }

  async #purchase(purchase: Purchase): Promise<RelayOutcome> {
    const admitted = await this.#admit();
    if ('said' in admitted) return admitted;
    const { card, keys } = admitted;
    const { tables, writer } = this.#parts;
    if (card.currency !== purchase.currency) return { said: 'failed' };
    const earlier = tables.settlement.paysOf(purchase.order);
    const done = earlier.find(({ state }) => state === 'done');
    if (done !== undefined) return this.#commits.said(card, 'done', done.amount_minor);
    const job = await writer.run((tx) => askPay(this.#parts, tx, card, purchase));
    // Another card was torn away with this order: only that one can tell.
    if (job === null) return { said: 'again' };
    const outcome = await this.#commits.pay(card, keys, job);
    await writer.run((tx) => {
      const now = tx.settlement.job(job.id);
      if (now?.state === 'asked') failJob(this.#parts, tx, now, outcome.said);
    });
    return outcome;
  }

  /** Rejects with a `StoreError` where the store took nothing. */
  async load(load: Load): Promise<RelayOutcome> {
    return this.#thenRekey(await this.#load(load));
  }

  async #load({ id, currency, amount_minor }: Load): Promise<RelayOutcome> {
    const admitted = await this.#admit();
    if ('said' in admitted) return admitted;
    const { card, keys } = admitted;
    if (card.currency !== currency) return { said: 'failed' };
    const ask = { kind: 'load', id, card: card.id, amount_minor } as const;
    return this.#asked(card, keys, ask);
  }

  /** A payment that was made at this very terminal, all that is left of it, once. */
  async #giveBack(card: CardRow, keys: KeysOfCard, order: string): Promise<RelayOutcome> {
    const { tables } = this.#parts;
    const paid = tables.settlement.transactionsOf(order).find(({ purpose }) => purpose === 'sale');
    const mine = paid?.card === card.id && paid.terminal === this.#relayed.terminal;
    if (!mine) return { said: 'nothing_due' };
    const name = utf8(`given back at the terminal\n${order}`);
    const id = writeOrderNumber(sha256(name).slice(0, 10));
    return this.#asked(card, keys, { kind: 'refund', id, order });
  }

  async #asked(card: CardRow, keys: KeysOfCard, ask: AskJob): Promise<RelayOutcome> {
    const answer = await this.#parts.writer.run((tx) => askJob(this.#parts, tx, ask));
    switch (answer.said) {
      case 'job':
        return this.#one(card, keys, ask.id);
      case 'conflict':
        // It was begun with another card, which has it or will.
        return { said: 'unknown_card' };
      case 'refused':
        return { said: answer.code === 'too_much' ? 'too_much' : 'failed' };
    }
  }

  /** The card that lies there, with nothing of it in doubt; or what to say of it. */
  async #admit(): Promise<{ card: CardRow; keys: KeysOfCard } | RelayOutcome> {
    const { tables, house } = this.#parts;
    const { uid } = this.#relayed;
    const known = tables.settlement.cardByUid(hex(uid));
    if (known === undefined || known.state === 'new') return { said: 'unknown_card' };
    if (known.state !== 'active') return { said: 'blocked_card' };
    const card = needsKeys(this.#parts, known) ? await this.#rekey(known) : known;
    if (!isCard(card)) return card;
    const keys = keysOfCard(house, uid, card.key_version);
    return (await this.#resolve(card, keys)) ?? { card, keys };
  }

  #rekey(card: CardRow): Promise<CardRow | RelayOutcome> {
    return rekeyCard(this.#parts, card, this.#relayed.uid, (talk) => this.#commits.run(talk));
  }

  /** What the card came for is done; whatever becomes of its keys changes nothing of that. */
  async #thenRekey(outcome: RelayOutcome): Promise<RelayOutcome> {
    const { tables } = this.#parts;
    const card = tables.settlement.cardByUid(hex(this.#relayed.uid));
    const isThere = outcome.said === 'done' || outcome.said === 'nothing_due';
    if (isThere && card?.state === 'active' && mayHaveKeys(this.#parts, card)) {
      await this.#rekey(card);
    }
    return outcome;
  }

  async #one(card: CardRow, keys: KeysOfCard, jobId: string): Promise<RelayOutcome> {
    const job = this.#parts.tables.settlement.job(jobId);
    if (job?.card !== card.id) return { said: 'unknown_card' };
    if (job.state === 'done') return this.#commits.said(card, 'done', job.amount_minor);
    if (job.state !== 'asked') return { said: job.state === 'failed' ? 'failed' : 'again' };
    return job.kind === 'pay' ? { said: 'failed' } : this.#commits.credit(card, keys, job);
  }

  /** All that is due to the card, oldest first. */
  async #due(card: CardRow, keys: KeysOfCard): Promise<RelayOutcome> {
    const due = this.#parts.tables.settlement
      .jobsOf(card.id, ['asked'])
      .filter(({ kind }) => kind !== 'pay')
      .slice(0, MOST_JOBS);
    if (due.length === 0) {
      // A tap that only shows a balance need not wait for a card that is due nothing.
      return this.#relayed.purpose === 'inspect' || this.#resolved
        ? this.#inspect(card, keys)
        : { said: 'nothing_due' };
    }
    let total = 0;
    let last: RelayOutcome = { said: 'nothing_due' };
    for (const job of due) {
      last = await this.#commits.credit(card, keys, job);
      if (last.said !== 'done') return total === 0 ? last : { ...last, amount_minor: total };
      total += job.amount_minor;
    }
    return { ...last, amount_minor: total };
  }

  async #inspect(card: CardRow, keys: KeysOfCard): Promise<RelayOutcome> {
    const told = await this.#commits.run(
      inspectPurse({ key: keys.keys.load, rndA: this.#commits.random() }),
    );
    if (isLost(told)) return { said: 'again' };
    if (!told.ok) return refused(told);
    const { balanceMinor: balance_minor } = told;
    const currency = card.currency as Currency;
    return { said: 'nothing_due', balance_minor, currency, card: card.id };
  }

  /** Asks the card what became of all that is in doubt; `null` where nothing is any more. */
  async #resolve(card: CardRow, keys: KeysOfCard): Promise<RelayOutcome | null> {
    const { tables, writer } = this.#parts;
    const open = (): boolean =>
      tables.settlement.jobsOf(card.id, ['sent', 'unknown']).length > 0 ||
      tables.settlement.openUnknowns(card.id).length > 0;
    if (!open()) return null;
    const told = await this.#commits.run(
      readHistory({ key: keys.keys.read, rndA: this.#commits.random() }),
    );
    if (isLost(told)) return { said: 'again' };
    if (!told.ok) return refused(told);
    this.#resolved = true;
    const { counter, mac } = told.last;
    const records = told.records.map((record) => hex(writeLogRecord(record)));
    await writer.run((tx) => readLog(this.#parts, tx, card, { records, counter, mac }));
    // Whatever the log cannot tell any more keeps only jobs of this card waiting.
    return tables.settlement.jobsOf(card.id, ['sent', 'unknown']).length > 0
      ? { said: 'failed' }
      : null;
  }
}
