/**
 * Vouchers at a till. The acquirer asks under ids of its own, as it asks the issuer: the same id and
 * body get the same answer, and a reversal that comes first refuses what it undoes.
 */
import { type Gate, type GateHere, type GateThere, here, there } from '../gate.ts';
import type { DebitAnswer, DebitRequest, IssuerStatus, VoucherRefused } from '../issuer/gate.ts';
import { sameSecret } from '../keys.ts';
import { PeerError } from '../peers/client.ts';
import type { FundActRow, VoucherRow } from '../store/tables-funds.ts';
import type { Transaction } from '../store/writer.ts';
import type { Asks } from './asks.ts';
import { expireLate } from './expiry.ts';
import type { TillVerbs, VoucherAdmit, VoucherAdmitted } from './gate.ts';
import { codeOf, type FundParts } from './parts.ts';
import type { AskReply } from './questions.ts';
import { beginRedemption, redeemTrouble } from './redemption.ts';
import {
  type Begun,
  digestOf,
  keptAnswer,
  type Returned,
  Returns,
  refunded,
  returned,
  reversed,
  TILL,
} from './returns.ts';

/** Wrong codes in a row after which a voucher is locked at tills, and how long. */
const TRIES = 5;
const LOCKED_MS = 15 * 60_000;

type Said = { readonly said: string };

export class Till {
  readonly #parts: FundParts;
  readonly #asks: Asks;
  readonly #returns: Returns;

  constructor(parts: FundParts, asks: Asks) {
    this.#parts = parts;
    this.#asks = asks;
    this.#returns = new Returns(parts, asks);
  }

  /** Functions of a transaction where the issuer is in the same store, else calls. */
  gate(): Gate<TillVerbs> {
    return this.#parts.issuer.release.where === 'here' ? this.#here() : this.#there();
  }

  #here(): GateHere<TillVerbs> {
    const now = (tx: Transaction, begun: Begun): Returned =>
      'ask' in begun ? returned(tx, begun.ask) : begun.answer;
    return {
      admit: here((tx, request) => this.#admitted(tx, request)),
      debit: here((tx, request) => {
        const begun = this.#debit(tx, request);
        return 'ask' in begun ? this.#debited(tx, begun.ask) : begun.answer;
      }),
      reverse: here((tx, request) => reversed(now(tx, this.#returns.reverse(tx, request)))),
      refund: here((tx, request) => refunded(now(tx, this.#returns.refund(tx, request)))),
      status: here((tx, id) => this.#status(tx, id)),
    };
  }

  #there(): GateThere<TillVerbs> {
    const { writer, tables } = this.#parts;
    const later = async (begun: Begun): Promise<Returned> => {
      if (!('ask' in begun)) return begun.answer;
      await this.#asks.settle(begun.ask);
      return returned(tables, begun.ask);
    };
    return {
      admit: there((request) => writer.run((tx) => this.#admitted(tx, request))),
      debit: there(async (request) => {
        const begun = await writer.run((tx) => this.#debit(tx, request));
        if ('answer' in begun) return begun.answer;
        const reply = await this.#asks.settle(begun.ask);
        // Whoever asks again, or for its status, is told when it is known.
        if (reply === null) throw new PeerError('the issuer did not answer');
        return this.#debited(this.#parts.tables, begun.ask);
      }),
      reverse: there(async (request) =>
        reversed(await later(await writer.run((tx) => this.#returns.reverse(tx, request)))),
      ),
      refund: there(async (request) =>
        refunded(await later(await writer.run((tx) => this.#returns.refund(tx, request)))),
      ),
      status: there((id) => writer.run((tx) => this.#status(tx, id))),
    };
  }

  #debit(tx: Transaction, request: DebitRequest): { ask: string } | { answer: DebitAnswer } {
    const { id, payer, amount_minor, currency, reference } = request;
    const { proof } = payer;
    if (proof.by !== 'voucher') return { answer: { said: 'voucher_refused', reason: 'not_good' } };
    const { phone } = proof;
    const content = [proof.number, proof.code, amount_minor, currency, reference];
    const fingerprint = digestOf('debit', phone === undefined ? content : [...content, phone]);
    const earlier = tx.funds.act(TILL, id);
    if (earlier !== undefined) {
      if (earlier.fingerprint !== fingerprint) return { answer: { said: 'conflict' } };
      if (earlier.ask !== null) return { ask: earlier.ask };
      return { answer: JSON.parse(earlier.reply ?? '') as DebitAnswer };
    }
    const now = Math.floor(this.#parts.clock.now());
    const act = { caller: TILL, key: id, fingerprint, kind: 'debit', of_key: null, at: now };
    const keep = (answer: DebitAnswer, voucher: string | null, of: string | null = null) => {
      const reply = JSON.stringify(answer);
      tx.funds.addAct({ ...act, voucher, amount_minor: 0, ask: null, reply, of_key: of });
      return { answer };
    };
    if (tx.funds.actsAbout(TILL, id).some(({ kind }) => kind === 'reverse')) {
      return keep({ said: 'refused', code: 'reversed' }, null);
    }
    const admitted = this.#admit(tx, proof, reference, now);
    if ('answer' in admitted) {
      return keep(admitted.answer, admitted.voucher, wrongOf(reference));
    }
    const row = expireLate(tx, this.#asks, admitted.row, now);
    const other = phone !== undefined && tx.funds.party(row.beneficiary)?.phone !== phone;
    const reason = other ? 'not_good' : redeemTrouble(row, amount_minor, currency);
    if (reason !== null) return keep({ said: 'voucher_refused', reason }, row.number);
    const ask = beginRedemption(tx, this.#asks, row, {
      ...{ to: 'acquirer', amount_minor, caller: TILL, key: id, now },
    });
    tx.funds.addAct({ ...act, voucher: row.number, amount_minor, ask, reply: null });
    return { ask };
  }

  /** For an order that is paid from afar: what {@link #debit} would say, and whose it is. */
  #admitted(tx: Transaction, request: VoucherAdmit): VoucherAdmitted {
    const { payer: proof, amount_minor, currency, reference } = request;
    if (proof.by !== 'voucher') return { said: 'voucher_refused', reason: 'not_good' };
    const now = Math.floor(this.#parts.clock.now());
    const admitted = this.#admit(tx, proof, reference, now);
    if ('answer' in admitted) {
      const of_key = wrongOf(reference);
      const key = `${of_key}:${tx.funds.actsAbout(TILL, of_key).length}`;
      const { answer, voucher } = admitted;
      tx.funds.addAct({
        ...{ caller: TILL, key, fingerprint: '', kind: 'admit', of_key, voucher, amount_minor: 0 },
        ...{ ask: null, reply: JSON.stringify(answer), at: now },
      });
      return answer;
    }
    const row = expireLate(tx, this.#asks, admitted.row, now);
    const phone = tx.funds.party(row.beneficiary)?.phone ?? null;
    if (phone === null) return { said: 'unregistered' };
    if (phone !== proof.phone) return { said: 'other_phone' };
    const reason = redeemTrouble(row, amount_minor, currency);
    return reason === null ? { said: 'admitted' } : { said: 'voucher_refused', reason };
  }

  /** Compares number and code; each wrong one counts, for the voucher and for the order. */
  #admit(
    tx: Transaction,
    { number, code }: { readonly number: string; readonly code: string },
    reference: string,
    now: number,
  ): { row: VoucherRow } | { answer: VoucherRefused; voucher: string | null } {
    const row = tx.funds.voucher(number);
    const locked = (retry_at?: number): VoucherRefused => ({
      ...{ said: 'voucher_refused', reason: 'locked' },
      ...(retry_at === undefined ? {} : { retry_at }),
    });
    const voucher = row?.number ?? null;
    if (tx.funds.actsAbout(TILL, wrongOf(reference)).length >= TRIES) {
      return { answer: locked(), voucher };
    }
    const wrong: VoucherRefused = { said: 'voucher_refused', reason: 'wrong_code' };
    if (row === undefined) return { answer: wrong, voucher };
    if (row.locked_until > now) return { answer: locked(row.locked_until), voucher };
    if (sameSecret(codeOf(this.#parts.keys, row), code)) {
      const clean = row.failures === 0 ? row : tx.funds.change(number, { failures: 0 });
      return { row: clean };
    }
    const failures = row.failures + 1;
    if (failures >= TRIES) {
      tx.funds.change(number, { failures: 0, locked_until: now + LOCKED_MS });
      return { answer: locked(now + LOCKED_MS), voucher };
    }
    tx.funds.change(number, { failures });
    return { answer: wrong, voucher };
  }

  #debited(tables: Pick<Transaction, 'funds'>, askId: string): DebitAnswer {
    const ask = tables.funds.ask(askId);
    const reply = JSON.parse(ask?.reply ?? 'null') as AskReply | null;
    if (ask === undefined || reply?.said !== 'captured') {
      throw new PeerError(`${askId} is not captured yet`);
    }
    return { said: 'debited', payer: `•••• ${ask.voucher.slice(-4)}`, at: reply.at };
  }

  #status(tx: Transaction, id: string): IssuerStatus {
    const act = tx.funds.act(TILL, id);
    if (act === undefined) return { said: 'unknown' };
    const reversed = tx.funds.actsAbout(TILL, id).some(({ kind }) => kind === 'reverse');
    const kind = act.kind === 'debit' ? 'debit' : act.kind === 'refund' ? 'refund' : 'reverse';
    return { said: 'answered', kind, answer: this.#answerOf(tx, act), reversed };
  }

  #answerOf(tx: Transaction, act: FundActRow): Said {
    if (act.kind === 'debit') {
      return act.ask === null ? (JSON.parse(act.reply ?? '') as Said) : this.#debited(tx, act.ask);
    }
    const answer = act.ask === null ? keptAnswer(act) : returned(tx, act.ask);
    return act.kind === 'refund' ? refunded(answer) : reversed(answer);
  }
}

const wrongOf = (reference: string): string => `wrong:${reference}`;
