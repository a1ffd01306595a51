/**
 * Vouchers at a till. The acquirer asks under ids of its own, as it asks the issuer: the same id and
 * body get the same answer, and a reversal that comes first refuses what it undoes.
 */
import { hash } from 'node:crypto';
import type { Currency } from '#device/messages/money.ts';
import { type GateHere, type GateThere, here, there } from '../gate.ts';
import type {
  DebitAnswer,
  DebitRequest,
  IssuerRefundAnswer,
  IssuerRefundRequest,
  IssuerStatus,
  ReverseAnswer,
  ReverseRequest,
} from '../issuer/gate.ts';
import { sameSecret } from '../keys.ts';
import { PeerError } from '../peers/client.ts';
import type { FundActRow, VoucherRow } from '../store/tables-funds.ts';
import type { Transaction } from '../store/writer.ts';
import { postBack } from './accounts.ts';
import type { AskReply, Asks, Question } from './asks.ts';
import { expireLate } from './expiry.ts';
import type { FundGate, FundVerbs } from './gate.ts';
import { codeOf, type FundParts } from './parts.ts';
import { beginRedemption, redeemTrouble } from './redemption.ts';

/** Wrong codes in a row after which a voucher is locked at tills, and how long. */
const TRIES = 5;
const LOCKED_MS = 15 * 60_000;
const CALLER = 'acquirer';

type Said = { readonly said: string };

export class Till {
  readonly #parts: FundParts;
  readonly #asks: Asks;

  constructor(parts: FundParts, asks: Asks) {
    this.#parts = parts;
    this.#asks = asks;
  }

  /** Functions of a transaction where the issuer is in the same store, else calls. */
  gate(): FundGate {
    return this.#parts.issuer.release.where === 'here' ? this.#here() : this.#there();
  }

  #here(): GateHere<FundVerbs> {
    return {
      debit: here((tx, request) => {
        const begun = this.#debit(tx, request);
        return 'ask' in begun ? this.#debited(tx, begun.ask) : begun.answer;
      }),
      reverse: here((tx, request) => this.#reverse(tx, request)),
      refund: here((tx, request) => this.#refund(tx, request)),
      status: here((tx, id) => this.#status(tx, id)),
    };
  }

  #there(): GateThere<FundVerbs> {
    const { writer } = this.#parts;
    return {
      debit: there(async (request) => {
        const begun = await writer.run((tx) => this.#debit(tx, request));
        if ('answer' in begun) return begun.answer;
        const reply = await this.#asks.settle(begun.ask);
        // Whoever asks again, or for its status, is told when it is known.
        if (reply === null) throw new PeerError('the issuer did not answer');
        return this.#debited(this.#parts.tables, begun.ask);
      }),
      reverse: there((request) => writer.run((tx) => this.#reverse(tx, request))),
      refund: there((request) => writer.run((tx) => this.#refund(tx, request))),
      status: there((id) => writer.run((tx) => this.#status(tx, id))),
    };
  }

  #debit(tx: Transaction, request: DebitRequest): { ask: string } | { answer: DebitAnswer } {
    const { id, payer, amount_minor, currency, reference } = request;
    const { proof } = payer;
    if (proof.by !== 'voucher') return { answer: { said: 'voucher_refused', reason: 'not_good' } };
    const content = [proof.number, proof.code, amount_minor, currency, reference];
    const fingerprint = digestOf('debit', content);
    const earlier = tx.funds.act(CALLER, id);
    if (earlier !== undefined) {
      if (earlier.fingerprint !== fingerprint) return { answer: { said: 'conflict' } };
      if (earlier.ask !== null) return { ask: earlier.ask };
      return { answer: JSON.parse(earlier.reply ?? '') as DebitAnswer };
    }
    const now = Math.floor(this.#parts.clock.now());
    const act = { caller: CALLER, key: id, fingerprint, kind: 'debit', of_key: null, at: now };
    const keep = (answer: DebitAnswer, voucher: string | null, of: string | null = null) => {
      const reply = JSON.stringify(answer);
      tx.funds.addAct({ ...act, voucher, amount_minor: 0, ask: null, reply, of_key: of });
      return { answer };
    };
    if (tx.funds.actsAbout(CALLER, id).some(({ kind }) => kind === 'reverse')) {
      return keep({ said: 'refused', code: 'reversed' }, null);
    }
    const admitted = this.#admit(tx, proof, reference, now);
    if ('answer' in admitted) {
      return keep(admitted.answer, admitted.voucher, wrongOf(reference));
    }
    const row = expireLate(tx, this.#asks, admitted.row, now);
    const reason = redeemTrouble(row, amount_minor, currency);
    if (reason !== null) return keep({ said: 'voucher_refused', reason }, row.number);
    const ask = beginRedemption(tx, this.#asks, row, {
      ...{ to: 'acquirer', amount_minor, caller: CALLER, key: id, now },
    });
    tx.funds.addAct({ ...act, voucher: row.number, amount_minor, ask, reply: null });
    return { ask };
  }

  /** Compares number and code; each wrong one counts, for the voucher and for the order. */
  #admit(
    tx: Transaction,
    { number, code }: { readonly number: string; readonly code: string },
    reference: string,
    now: number,
  ): { row: VoucherRow } | { answer: DebitAnswer; voucher: string | null } {
    const row = tx.funds.voucher(number);
    const locked = (retry_at?: number): DebitAnswer => ({
      ...{ said: 'voucher_refused', reason: 'locked' },
      ...(retry_at === undefined ? {} : { retry_at }),
    });
    const voucher = row?.number ?? null;
    if (tx.funds.actsAbout(CALLER, wrongOf(reference)).length >= TRIES) {
      return { answer: locked(), voucher };
    }
    const wrong: DebitAnswer = { said: 'voucher_refused', reason: 'wrong_code' };
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

  #reverse(tx: Transaction, { id, of }: ReverseRequest): ReverseAnswer {
    return this.#about(tx, { id, of, kind: 'reverse', amount: null }, (taken, now) => {
      if (taken === null || taken.reversed || taken.left_minor === 0) {
        return { said: 'reversed', amount_minor: 0, at: now };
      }
      this.#giveBack(tx, taken, 'reversal', id, taken.left_minor, now);
      return { said: 'reversed', amount_minor: taken.left_minor, at: now };
    }) as ReverseAnswer;
  }

  #refund(tx: Transaction, { id, of, amount_minor }: IssuerRefundRequest): IssuerRefundAnswer {
    return this.#about(tx, { id, of, kind: 'refund', amount: amount_minor }, (taken, now) => {
      if (taken === null) return { said: 'refused', code: 'unknown_request' };
      if (taken.reversed) return { said: 'refused', code: 'reversed' };
      if (amount_minor > taken.left_minor) {
        return { said: 'refused', code: 'too_much', left_minor: taken.left_minor };
      }
      this.#giveBack(tx, taken, 'refund', id, amount_minor, now);
      return { said: 'refunded', amount_minor, at: now };
    }) as IssuerRefundAnswer;
  }

  #about(
    tx: Transaction,
    asked: { id: string; of: string; kind: 'reverse' | 'refund'; amount: number | null },
    decide: (taken: Taken | null, now: number) => Said & { readonly amount_minor?: number },
  ): Said {
    const { id, of, kind, amount } = asked;
    const fingerprint = digestOf(kind, [of, amount]);
    const earlier = tx.funds.act(CALLER, id);
    if (earlier !== undefined) {
      if (earlier.fingerprint !== fingerprint) return { said: 'conflict' };
      return JSON.parse(earlier.reply ?? '') as Said;
    }
    const now = Math.floor(this.#parts.clock.now());
    const taken = readTaken(tx, of);
    const answer = decide(taken, now);
    tx.funds.addAct({
      ...{ caller: CALLER, key: id, fingerprint, kind, of_key: of, ask: null, at: now },
      ...{ voucher: taken?.voucher ?? null, amount_minor: answer.amount_minor ?? 0 },
      reply: JSON.stringify(answer),
    });
    return answer;
  }

  #giveBack(
    tx: Transaction,
    { voucher, party, currency }: Taken,
    kind: 'reversal' | 'refund',
    id: string,
    amount_minor: number,
    at: number,
  ): void {
    const reference = `${kind}:${id}`;
    postBack(tx, party, kind, { reference, voucher, currency, amount_minor, at });
    tx.funds.addEvent({
      ...{ voucher, actor: 'fund_server', action: kind, at },
      state: tx.funds.voucher(voucher)?.state ?? 'redeemed',
      detail: JSON.stringify({ amount_minor, party }),
    });
  }

  #status(tx: Transaction, id: string): IssuerStatus {
    const act = tx.funds.act(CALLER, id);
    if (act === undefined) return { said: 'unknown' };
    const reversed = tx.funds.actsAbout(CALLER, id).some(({ kind }) => kind === 'reverse');
    const kind = act.kind === 'debit' ? 'debit' : act.kind === 'refund' ? 'refund' : 'reverse';
    const answer =
      act.ask === null ? (JSON.parse(act.reply ?? '') as Said) : this.#debited(tx, act.ask);
    return { said: 'answered', kind, answer, reversed };
  }
}

interface Taken {
  readonly voucher: string;
  /** Who redeemed it. */
  readonly party: string;
  readonly currency: Currency;
  readonly left_minor: number;
  readonly reversed: boolean;
}

/** What a till took under that id; `null` where it took nothing. Throws while nobody knows. */
function readTaken(tx: Transaction, id: string): Taken | null {
  const act = tx.funds.act(CALLER, id);
  const ask = act?.ask === null || act === undefined ? undefined : tx.funds.ask(act.ask);
  const row =
    act?.voucher === null || act === undefined ? undefined : tx.funds.voucher(act.voucher);
  if (act === undefined || ask === undefined || row === undefined) return null;
  if (ask.state === 'asking') throw new PeerError(`${id} is not captured yet`);
  const question = JSON.parse(ask.question) as Question;
  if (question.kind !== 'capture') return null;
  const about = tx.funds.actsAbout(CALLER, id);
  const back = about.reduce((total, each) => total + each.amount_minor, 0);
  return {
    ...{ voucher: row.number, party: question.party, currency: row.currency as Currency },
    left_minor: act.amount_minor - back,
    reversed: about.some(({ kind }) => kind === 'reverse'),
  };
}

const wrongOf = (reference: string): string => `wrong:${reference}`;

const digestOf = (kind: FundActRow['kind'], content: unknown): string =>
  hash('sha256', `${kind}\n${JSON.stringify(content)}`, 'base64url');
