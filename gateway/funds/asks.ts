/**
 * What the fund server asks the issuer about a voucher: to freeze, capture, release, and to undo what
 * nobody wants any more. In the same store it is answered in the unit that asks; elsewhere the question
 * is stored first and repeated under its id until there is an answer, also after a crash.
 */
import type { Currency } from '#device/messages/money.ts';
import { askGate } from '../gate.ts';
import type { IssuerRefundRequest, Presented } from '../issuer/gate.ts';
import { backOff, roundOf, startResolver } from '../resolver.ts';
import type { FundAskRow, VoucherRow } from '../store/tables-funds.ts';
import type { Transaction } from '../store/writer.ts';
import { conclude } from './conclusions.ts';
import type { FundParts } from './parts.ts';
import type { AskReply, Question } from './questions.ts';

/** How long an answer may be on its way before it is asked for again, ms. */
const ON_ITS_WAY_MS = 12_000;

export class Asks {
  readonly #parts: FundParts;
  readonly #stop: () => void;

  constructor(parts: FundParts) {
    this.#parts = parts;
    const { tables, writer, clock, log } = parts;
    this.#stop = startResolver({
      ...{ writer, clock, log, place: 'funds/resolver' },
      nextAt: () => tables.funds.nextAsk(),
      settle: (now) => this.#round(now),
    });
  }

  close(): void {
    this.#stop();
  }

  /** A proof for {@link begin}: needed before the unit of a `freeze`. */
  present(account: string, name: string): Promise<Presented> {
    return this.#parts.issuer.present({ by: 'account', account, name });
  }

  /**
   * Asks: at once where the issuer is in this store. Else somebody waits for it and calls
   * {@link settle}, or the resolver does it soon.
   */
  begin(
    tx: Transaction,
    row: VoucherRow,
    id: string,
    question: Question,
    payer: Presented | null = null,
    waits = true,
  ): void {
    const now = Math.floor(this.#parts.clock.now());
    const here = this.#parts.issuer.release.where === 'here';
    const ask: FundAskRow = {
      ...{ id, voucher: row.number, kind: question.kind, question: JSON.stringify(question) },
      ...{ state: 'asking', reply: null, tries: 0, begun_at: now },
      next_at: here || !waits ? now : now + ON_ITS_WAY_MS,
    };
    tx.funds.putAsk(ask);
    if (here) this.#finish(tx, id, this.#askHere(tx, row, ask, payer));
    else tx.note({ about: 'open' });
  }

  /** What became of it, asking once more where that is not known; `null` where no answer came. */
  async settle(id: string): Promise<AskReply | null> {
    const { tables, writer, clock, log } = this.#parts;
    const ask = tables.funds.ask(id);
    if (ask === undefined) throw new Error(`question ${id} is gone`);
    if (ask.state === 'done') return replyOf(ask);
    try {
      const answer = await this.#askThere(ask);
      await writer.run((tx) => this.#finish(tx, id, answer));
    } catch (cause) {
      log({ level: 'warn', place: 'funds', says: `${ask.kind} ${id}: not yet: ${String(cause)}` });
      await writer.run((tx) => {
        const open = tx.funds.ask(id);
        if (open?.state !== 'asking') return;
        const next_at = Math.floor(clock.now()) + backOff(open.tries) / 2;
        tx.funds.putAsk({ ...open, tries: open.tries + 1, next_at });
        tx.note({ about: 'open' });
      });
    }
    const settled = tables.funds.ask(id);
    return settled?.state === 'done' ? replyOf(settled) : null;
  }

  /** Nobody wants the freezing any more: what it froze, or will freeze, is let go. */
  overtake(tx: Transaction, row: VoucherRow): void {
    const ask = row.ask === null ? undefined : tx.funds.ask(row.ask);
    if (ask?.kind !== 'freeze' || ask.state === 'done') return;
    tx.funds.putAsk({ ...ask, ...ended({ said: 'overtaken' }) });
    this.begin(tx, row, `v:undo:${ask.id}`, { kind: 'undo', of: ask.id }, null, false);
  }

  /** Lets go what is left of a voucher that has ended. */
  release(tx: Transaction, row: VoucherRow): void {
    const { hold } = row;
    if (hold === null) return;
    const question = { kind: 'release', authorisation: hold } as const;
    this.begin(tx, row, `v:release:${hold}`, question, null, false);
  }

  async #round(now: number): Promise<void> {
    const due = this.#parts.tables.funds.dueAsks(now, roundOf(now));
    await Promise.all(due.map(({ id }) => this.settle(id)));
  }

  #askHere(tx: Transaction, row: VoucherRow, ask: FundAskRow, payer: Presented | null): unknown {
    const { issuer } = this.#parts;
    const { authorise, capture, release, refund, reverse } = issuer;
    const question = JSON.parse(ask.question) as Question;
    switch (question.kind) {
      case 'freeze':
        if (authorise.where === 'there' || payer === null) throw new Error('nobody presented it');
        return authorise.ask(tx, freezing(row, ask.id, payer));
      case 'capture':
        if (capture.where === 'there') throw new Error('the issuer is elsewhere');
        return capture.ask(tx, capturing(ask.id, question));
      case 'release':
        if (release.where === 'there') throw new Error('the issuer is elsewhere');
        return release.ask(tx, { id: ask.id, authorisation: question.authorisation });
      case 'give_back':
        if (refund.where === 'there') throw new Error('the issuer is elsewhere');
        return refund.ask(tx, givingBack(ask.id, question));
      case 'undo':
        if (reverse.where === 'there') throw new Error('the issuer is elsewhere');
        return reverse.ask(tx, { id: ask.id, of: question.of });
    }
  }

  async #askThere(ask: FundAskRow): Promise<unknown> {
    const { issuer, writer, tables } = this.#parts;
    const question = JSON.parse(ask.question) as Question;
    const { id } = ask;
    switch (question.kind) {
      case 'freeze': {
        const row = tables.funds.voucher(ask.voucher);
        if (row === undefined) throw new Error(`voucher ${ask.voucher} is gone`);
        const payer = await this.present(question.account, question.name);
        return askGate(writer, issuer.authorise, freezing(row, id, payer));
      }
      case 'capture':
        return askGate(writer, issuer.capture, capturing(id, question));
      case 'release':
        return askGate(writer, issuer.release, { id, authorisation: question.authorisation });
      case 'give_back':
        return askGate(writer, issuer.refund, givingBack(id, question));
      case 'undo':
        return askGate(writer, issuer.reverse, { id, of: question.of });
    }
  }

  #finish(tx: Transaction, id: string, answer: unknown): void {
    const ask = tx.funds.ask(id);
    const row = ask === undefined ? undefined : tx.funds.voucher(ask.voucher);
    if (ask === undefined || row === undefined) throw new Error(`question ${id} is gone`);
    if (ask.state === 'done') return;
    const question = JSON.parse(ask.question) as Question;
    const now = Math.floor(this.#parts.clock.now());
    tx.funds.putAsk({ ...ask, ...ended(conclude(tx, row, ask, question, answer, now)) });
  }
}

const ended = (reply: AskReply): Pick<FundAskRow, 'state' | 'reply' | 'next_at'> => ({
  ...{ state: 'done', reply: JSON.stringify(reply), next_at: null },
});

const replyOf = ({ reply }: FundAskRow): AskReply => JSON.parse(reply ?? '') as AskReply;

const freezing = (row: VoucherRow, id: string, payer: Presented) => ({
  ...{ id, payer, amount_minor: row.face_minor, currency: row.currency as Currency },
  ...{ merchant: 'fund-server', reference: row.number },
});

const capturing = (id: string, question: Extract<Question, { kind: 'capture' }>) => {
  const { authorisation, amount_minor, rest } = question;
  return { id, authorisation, amount_minor, rest };
};

const givingBack = (
  id: string,
  { of, amount_minor, frozen }: Extract<Question, { kind: 'give_back' }>,
): IssuerRefundRequest => ({
  ...{ id, of, amount_minor },
  ...(frozen === null
    ? {}
    : {
        frozen: {
          id: frozen.id,
          ...(frozen.instead_of === null ? {} : { instead_of: frozen.instead_of }),
        },
      }),
});
