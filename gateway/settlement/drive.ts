/**
 * Drives a card through a reader, wherever that is: makes a purse of a blank one, puts on it what is
 * due, takes a payment. Before a commit leaves for the card, it is written down; where its answer is
 * lost, it stays in doubt until the card is seen again.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { base64url, fromBase64url, hex, utf8 } from '#device/codecs/bytes.ts';
import { writeOrderNumber } from '#device/codecs/order-number.ts';
import { type LogRecord, terminalMark, writeLogRecord } from '#device/codecs/purse.ts';
import type { Rounds } from '#device/codecs/purse-rounds.ts';
import {
  type Credit,
  commitDebit,
  creditPurse,
  inspectPurse,
  type Proof,
  type PurseRefusal,
  prepareDebit,
  readHistory,
} from '#device/codecs/purse-talks.ts';
import type { Currency } from '#device/messages/money.ts';
import type { RelayedCard, RelayOutcome } from '../relay/relayed-card.ts';
import type { CardRow, CardTransactionRow, JobRow } from '../store/tables-settlement.ts';
import { validateCard } from './cards.ts';
import { readLog } from './doubt.ts';
import type { AskJob, Load, Make, Purchase } from './gate.ts';
import {
  askJob,
  askPay,
  failJob,
  finishJob,
  type Intent,
  loseJob,
  referenceOf,
  renewJob,
  sendJob,
} from './jobs.ts';
import { type KeysOfCard, keysOfCard } from './keys.ts';
import { isLost, type Lost, makeCard, refused } from './making.ts';
import { holderBytes, type SettlementParts } from './parts.ts';

/** Jobs of one stay at a reader; the rest waits for the next. */
const MOST_JOBS = 4;

/** Who drives: one for each stay of a card at a reader. */
export class CardDrive {
  readonly #parts: SettlementParts;
  readonly #relayed: RelayedCard;
  /** Something was in doubt, and the card has told: whoever holds it wants to know. */
  #resolved = false;

  constructor(parts: SettlementParts, relayed: RelayedCard) {
    this.#parts = parts;
    this.#relayed = relayed;
  }

  /** Rejects with a `StoreError` where the store took nothing. */
  async serve(jobId?: string): Promise<RelayOutcome> {
    if (this.#relayed.purpose === 'personalise') {
      return makeCard(this.#parts, this.#relayed, (talk) => this.#run(talk), null);
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
    return makeCard(this.#parts, this.#relayed, (talk) => this.#run(talk), make);
  }

  /** Takes the amount of an order, once; rejects with a `StoreError` where the store took nothing. */
  async purchase(purchase: Purchase): Promise<RelayOutcome> {
    const admitted = await this.#admit();
    if ('said' in admitted) return admitted;
    const { card, keys } = admitted;
    const { tables, writer } = this.#parts;
    if (card.currency !== purchase.currency) return { said: 'failed' };
    const earlier = tables.settlement.paysOf(purchase.order);
    const done = earlier.find(({ state }) => state === 'done');
    if (done !== undefined) return this.#said(card, 'done', done.amount_minor);
    const job = await writer.run((tx) => askPay(this.#parts, tx, card, purchase));
    // Another card was torn away with this order: only that one can tell.
    if (job === null) return { said: 'again' };
    const outcome = await this.#pay(card, keys, job);
    await writer.run((tx) => {
      const now = tx.settlement.job(job.id);
      if (now?.state === 'asked') failJob(this.#parts, tx, now, outcome.said);
    });
    return outcome;
  }

  /** Rejects with a `StoreError` where the store took nothing. */
  async load({ id, currency, amount_minor }: Load): Promise<RelayOutcome> {
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
    const card = tables.settlement.cardByUid(hex(uid));
    if (card === undefined || card.state === 'new') return { said: 'unknown_card' };
    if (card.state !== 'active') return { said: 'blocked_card' };
    const keys = keysOfCard(house, uid, card.key_version);
    return (await this.#resolve(card, keys)) ?? { card, keys };
  }

  async #one(card: CardRow, keys: KeysOfCard, jobId: string): Promise<RelayOutcome> {
    const job = this.#parts.tables.settlement.job(jobId);
    if (job?.card !== card.id) return { said: 'unknown_card' };
    if (job.state === 'done') return this.#said(card, 'done', job.amount_minor);
    if (job.state !== 'asked') return { said: job.state === 'failed' ? 'failed' : 'again' };
    return job.kind === 'pay' ? { said: 'failed' } : this.#credit(card, keys, job);
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
      last = await this.#credit(card, keys, job);
      if (last.said !== 'done') return total === 0 ? last : { ...last, amount_minor: total };
      total += job.amount_minor;
    }
    return { ...last, amount_minor: total };
  }

  async #inspect(card: CardRow, keys: KeysOfCard): Promise<RelayOutcome> {
    const told = await this.#run(inspectPurse({ key: keys.keys.load, rndA: this.#random() }));
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
    const told = await this.#run(readHistory({ key: keys.keys.read, rndA: this.#random() }));
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

  async #credit(card: CardRow, keys: KeysOfCard, job: JobRow): Promise<RelayOutcome> {
    let intent: Intent | null = null;
    let tooMuch = false;
    const decide = (seen: { last: Proof; balanceMinor: number }): LogRecord | null => {
      tooMuch = seen.balanceMinor + job.amount_minor > card.most_minor;
      if (tooMuch) return null;
      const kind = job.kind === 'load' ? 'load' : 'refund';
      const record = this.#record(kind, job, seen.balanceMinor + job.amount_minor);
      intent = this.#intent(record, seen);
      return record;
    };
    const last = this.#parts.tables.settlement.lastTransaction(card.id);
    const known = knownOf(last);
    const opening = { key: keys.keys.load, rndA: this.#random() };
    const talk = creditPurse({ ...opening, decide, ...(known === null ? {} : { known }) });
    let written = false;
    const told = await this.#run(talk, async () => {
      const sent = intent;
      if (sent === null || written) return true;
      written = true;
      return this.#parts.writer.run((tx) => sendJob(this.#parts, tx, job.id, sent));
    });
    if (isLost(told)) return this.#lost(job, intent !== null);
    if (!told.ok) return this.#refusal(job, told, intent !== null);
    if ('declined' in told) {
      if (tooMuch && job.source !== 'owed') {
        await this.#parts.writer.run((tx) => failJob(this.#parts, tx, job, 'too_much'));
      }
      return { said: 'too_much' };
    }
    return this.#finish(card, job, told.proof, told.balanceBeforeMinor);
  }

  async #pay(card: CardRow, keys: KeysOfCard, job: JobRow): Promise<RelayOutcome> {
    const opening = { key: keys.keys.debit, rndA: this.#random() };
    const open = await this.#run(prepareDebit(opening));
    if (isLost(open)) return { said: 'again' };
    if (!open.ok) return refused(open);
    if (hex(open.holderBytes) !== hex(holderBytes(card))) return { said: 'unknown_card' };
    const judged = validateCard(this.#parts.tables, {
      ...{ uid: hex(this.#relayed.uid), card: open.holder.card, counter: open.last.counter },
      ...{ balance_minor: open.balanceMinor, mac: base64url(open.last.mac) },
    });
    if (judged.said === 'invalid') {
      const says = `card ${card.id} at ${this.#relayed.terminal} is not as it should be: ${judged.why}`;
      this.#parts.log({ level: 'warn', place: 'settlement', says });
      return { said: judged.why === 'blocked_card' ? 'blocked_card' : 'failed' };
    }
    if (open.balanceMinor < job.amount_minor) {
      const { balanceMinor: balance_minor } = open;
      const currency = card.currency as Currency;
      return { said: 'insufficient_funds', balance_minor, currency };
    }
    const record = this.#record('debit', job, open.balanceMinor - job.amount_minor);
    const intent = this.#intent(record, open);
    const sent = await this.#parts.writer.run((tx) => sendJob(this.#parts, tx, job.id, intent));
    if (!sent) return { said: 'failed' };
    const told = await this.#run(commitDebit(open, record));
    if (isLost(told)) return this.#lost(job, true);
    if (!told.ok) return this.#refusal(job, told, true);
    return this.#finish(card, job, told.proof, open.balanceMinor);
  }

  #record(kind: LogRecord['kind'], job: JobRow, balanceMinor: number): LogRecord {
    return {
      ...{ kind, amountMinor: job.amount_minor, order: referenceOf(job), balanceMinor },
      terminal: terminalMark(this.#relayed.terminal),
      atS: Math.floor(this.#parts.clock.now() / 1000),
    };
  }

  #intent(record: LogRecord, seen: { last: Proof; balanceMinor: number }): Intent {
    return {
      record: hex(writeLogRecord(record)),
      counterBefore: seen.last.counter,
      balanceBeforeMinor: seen.balanceMinor,
      macBefore: base64url(seen.last.mac),
      terminal: this.#relayed.terminal,
    };
  }

  async #finish(
    card: CardRow,
    job: JobRow,
    { counter, mac }: Proof,
    balanceBeforeMinor: number,
  ): Promise<RelayOutcome> {
    const { writer } = this.#parts;
    const outcome = { counter, balanceBeforeMinor, mac: base64url(mac), proof: 'mac' } as const;
    const finished = await writer.run((tx) => finishJob(this.#parts, tx, job.id, outcome));
    // Its answer came in its secure channel: what it did, its log will tell.
    if (!finished) return this.#lost(job, true);
    return this.#said(card, 'done', job.amount_minor);
  }

  async #lost(job: JobRow, sent: boolean): Promise<RelayOutcome> {
    if (sent) await this.#parts.writer.run((tx) => loseJob(tx, job.id));
    return { said: 'again' };
  }

  async #refusal(job: JobRow, told: PurseRefusal, sent: boolean): Promise<RelayOutcome> {
    if (!sent) return refused(told);
    if (told.at !== 'change') return this.#lost(job, true);
    await this.#parts.writer.run((tx) => renewJob(this.#parts, tx, job.id));
    return { said: 'failed' };
  }

  #said(card: CardRow, said: 'done', amount_minor: number): RelayOutcome {
    const last = this.#parts.tables.settlement.lastTransaction(card.id);
    const balance_minor = last?.balance_after_minor ?? 0;
    const currency = card.currency as Currency;
    return { said, amount_minor, balance_minor, currency, card: card.id };
  }

  /**
   * Runs a talk through the reader. `before` is asked before each round is sent, and ends it by
   * `false`: nothing more is sent then.
   */
  async #run<Result>(
    talk: Rounds<Result>,
    before: () => Promise<boolean> = async () => true,
  ): Promise<Result | Lost> {
    let step = talk.next();
    while (!step.done) {
      if (!(await before())) return { ended: 'refused' };
      const { answers, ended } = await this.#relayed.transport(step.value);
      if (ended !== undefined) return { ended };
      step = talk.next(answers);
    }
    return step.value;
  }

  #random(): Uint8Array {
    return this.#parts.chance.bytes(16);
  }
}

/** What the card's last transaction left, where it is proved; a new card has done none. */
function knownOf(last: CardTransactionRow | undefined): NonNullable<Credit['known']> | null {
  if (last === undefined) return { counter: 0, mac: new Uint8Array(8), balanceMinor: 0 };
  const mac = last.mac === null ? null : fromBase64url(last.mac);
  const { counter, balance_after_minor: balanceMinor } = last;
  return mac === null ? null : { counter, mac, balanceMinor };
}
