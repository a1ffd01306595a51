/**
 * What changes a card that lies at a reader: a credit, a debit. Before a commit leaves for the card, it
 * is written down; where its answer is lost, it stays in doubt until the card is seen again.
 */
import { base64url, fromBase64url, hex } from '#device/codecs/bytes.ts';
import { type LogRecord, terminalMark, writeLogRecord } from '#device/codecs/purse.ts';
import type { Rounds } from '#device/codecs/purse-rounds.ts';
import {
  type Credit,
  commitDebit,
  creditPurse,
  type Proof,
  type PurseRefusal,
  prepareDebit,
} from '#device/codecs/purse-talks.ts';
import type { Currency } from '#device/messages/money.ts';
import type { RelayedCard, RelayOutcome } from '../relay/relayed-card.ts';
import type { CardRow, CardTransactionRow, JobRow } from '../store/tables-settlement.ts';
import { validateCard } from './cards.ts';
import {
  failJob,
  finishJob,
  type Intent,
  loseJob,
  referenceOf,
  renewJob,
  sendJob,
} from './jobs.ts';
import type { KeysOfCard } from './keys.ts';
import { isLost, type Lost, refused } from './making.ts';
import { holderBytes, type SettlementParts } from './parts.ts';

export class CardCommits {
  readonly #parts: SettlementParts;
  readonly #relayed: RelayedCard;

  constructor(parts: SettlementParts, relayed: RelayedCard) {
    this.#parts = parts;
    this.#relayed = relayed;
  }

  /** Puts what a job says on the card. */
  async credit(card: CardRow, keys: KeysOfCard, job: JobRow): Promise<RelayOutcome> {
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
    const opening = { key: keys.keys.load, rndA: this.random() };
    const talk = creditPurse({ ...opening, decide, ...(known === null ? {} : { known }) });
    let written = false;
    const told = await this.run(talk, async () => {
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

  /** Takes what a job says from the card, where it is as it should be. */
  async pay(card: CardRow, keys: KeysOfCard, job: JobRow): Promise<RelayOutcome> {
    const opening = { key: keys.keys.debit, rndA: this.random() };
    const open = await this.run(prepareDebit(opening));
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
    const told = await this.run(commitDebit(open, record));
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
    return this.said(card, 'done', job.amount_minor);
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

  /** What is on the card now. */
  said(card: CardRow, said: 'done', amount_minor: number): RelayOutcome {
    const last = this.#parts.tables.settlement.lastTransaction(card.id);
    const balance_minor = last?.balance_after_minor ?? 0;
    const currency = card.currency as Currency;
    return { said, amount_minor, balance_minor, currency, card: card.id };
  }

  /**
   * Runs a talk through the reader. `before` is asked before each round is sent, and ends it by
   * `false`: nothing more is sent then.
   */
  async run<Result>(
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

  /** 16 bytes. */
  random(): Uint8Array {
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
