/**
 * What a till gives back of what it took of a voucher, a part or all of it: asked for under ids of the
 * acquirer's, and done once for each.
 */
import { hash } from 'node:crypto';
import type { Currency } from '#device/messages/money.ts';
import type {
  IssuerRefundAnswer,
  IssuerRefundRequest,
  ReverseAnswer,
  ReverseRequest,
} from '../issuer/gate.ts';
import { PeerError } from '../peers/client.ts';
import type { FundActRow } from '../store/tables-funds.ts';
import type { Transaction } from '../store/writer.ts';
import { postBack } from './accounts.ts';
import type { Asks } from './asks.ts';
import { expireLate } from './expiry.ts';
import { beginGivingBack } from './giving-back.ts';
import { FUND_SERVER, type FundParts } from './parts.ts';
import type { AskReply, Question } from './questions.ts';

/** Who asks for all of it: ids of tills are the acquirer's. */
export const TILL = 'acquirer';

export class Returns {
  readonly #parts: FundParts;
  readonly #asks: Asks;

  constructor(parts: FundParts, asks: Asks) {
    this.#parts = parts;
    this.#asks = asks;
  }

  reverse(tx: Transaction, { id, of }: ReverseRequest): Begun {
    return this.#about(tx, { id, of, kind: 'reverse', amount: null }, (taken, now) => {
      if (taken === null || taken.reversed || taken.left_minor === 0) {
        return { answer: { said: 'returned', amount_minor: 0, at: now } };
      }
      return this.#giveBack(tx, taken, 'reversal', id, taken.left_minor, now);
    });
  }

  refund(tx: Transaction, { id, of, amount_minor }: IssuerRefundRequest): Begun {
    return this.#about(tx, { id, of, kind: 'refund', amount: amount_minor }, (taken, now) => {
      if (taken === null) return { answer: { said: 'refused', code: 'unknown_request' } };
      if (taken.reversed) return { answer: { said: 'refused', code: 'reversed' } };
      if (amount_minor > taken.left_minor) {
        const { left_minor } = taken;
        return { answer: { said: 'refused', code: 'too_much', left_minor } };
      }
      return this.#giveBack(tx, taken, 'refund', id, amount_minor, now);
    });
  }

  #about(
    tx: Transaction,
    asked: { id: string; of: string; kind: 'reverse' | 'refund'; amount: number | null },
    decide: (taken: Taken | null, now: number) => Begun,
  ): Begun {
    const { id, of, kind, amount } = asked;
    const fingerprint = digestOf(kind, [of, amount]);
    const earlier = tx.funds.act(TILL, id);
    if (earlier !== undefined) {
      if (earlier.fingerprint !== fingerprint) return { answer: { said: 'conflict' } };
      if (earlier.ask !== null) return { ask: earlier.ask, amount_minor: earlier.amount_minor };
      return { answer: keptAnswer(earlier) };
    }
    const now = Math.floor(this.#parts.clock.now());
    const taken = readTaken(tx, of);
    const begun = decide(taken, now);
    const ask = 'ask' in begun ? begun.ask : null;
    const reply = 'ask' in begun ? null : JSON.stringify(begun.answer);
    tx.funds.addAct({
      ...{ caller: TILL, key: id, fingerprint, kind, of_key: of, ask, reply, at: now },
      ...{ voucher: taken?.voucher ?? null, amount_minor: amountOf(begun) },
    });
    return begun;
  }

  /** Where docs/voucher.md says that it goes; throws while something else of the voucher is asked. */
  #giveBack(
    tx: Transaction,
    taken: Taken,
    posted: 'reversal' | 'refund',
    id: string,
    amount_minor: number,
    now: number,
  ): Begun {
    const { party, voucher, currency } = taken;
    const reference = `${posted}:${id}`;
    const found = tx.funds.voucher(voucher);
    if (found === undefined) throw new Error(`voucher ${voucher} is gone`);
    const row = expireLate(tx, this.#asks, found, now);
    if (row.beneficiary !== party) {
      postBack(tx, party, posted, { reference, voucher, currency, amount_minor, at: now });
      const event = { voucher, actor: FUND_SERVER, state: row.state, at: now };
      const detail = JSON.stringify({ amount_minor, to: 'party', party });
      tx.funds.addEvent({ ...event, action: 'give_back', detail });
      return { answer: { said: 'returned', amount_minor, at: now } };
    }
    const ask = beginGivingBack(tx, this.#asks, row, {
      ...{ of: taken.authorisation, amount_minor, party, posted, reference, now },
    });
    return { ask, amount_minor };
  }
}

/** What became of a refund or reversal, in words that are neither's; kept in an act's reply. */
export type Returned =
  | { readonly said: 'returned'; readonly amount_minor: number; readonly at: number }
  | Extract<IssuerRefundAnswer, { said: 'refused' | 'conflict' }>;

export type Begun =
  | { readonly ask: string; readonly amount_minor: number }
  | { readonly answer: Returned };

const amountOf = (begun: Begun): number => {
  if ('ask' in begun) return begun.amount_minor;
  return begun.answer.said === 'returned' ? begun.answer.amount_minor : 0;
};

export const refunded = (answer: Returned): IssuerRefundAnswer =>
  answer.said === 'returned' ? { ...answer, said: 'refunded' } : answer;
export const reversed = (answer: Returned): ReverseAnswer =>
  answer.said === 'returned' ? { ...answer, said: 'reversed' } : answer;

/** Also of acts that were kept by an earlier version, in the words of their kind. */
export function keptAnswer({ reply }: FundActRow): Returned {
  const kept = JSON.parse(reply ?? '') as Returned | IssuerRefundAnswer | ReverseAnswer;
  return kept.said === 'refunded' || kept.said === 'reversed'
    ? { ...kept, said: 'returned' }
    : kept;
}

/** Throws while nobody knows. */
export function returned(tables: Pick<Transaction, 'funds'>, askId: string): Returned {
  const ask = tables.funds.ask(askId);
  const reply = JSON.parse(ask?.reply ?? 'null') as AskReply | null;
  if (reply?.said !== 'given_back') throw new PeerError(`${askId} is not given back yet`);
  return { said: 'returned', amount_minor: reply.amount_minor, at: reply.at };
}

interface Taken {
  readonly voucher: string;
  /** Who redeemed it. */
  readonly party: string;
  readonly currency: Currency;
  /** What was captured for it. */
  readonly authorisation: string;
  readonly left_minor: number;
  readonly reversed: boolean;
}

/** What a till took under that id; `null` where it took nothing. Throws while nobody knows. */
function readTaken(tx: Transaction, id: string): Taken | null {
  const act = tx.funds.act(TILL, id);
  const ask = act?.ask === null || act === undefined ? undefined : tx.funds.ask(act.ask);
  const row =
    act?.voucher === null || act === undefined ? undefined : tx.funds.voucher(act.voucher);
  if (act === undefined || ask === undefined || row === undefined) return null;
  if (ask.state === 'asking') throw new PeerError(`${id} is not captured yet`);
  const question = JSON.parse(ask.question) as Question;
  if (question.kind !== 'capture') return null;
  const about = tx.funds.actsAbout(TILL, id);
  const back = about.reduce((total, each) => total + each.amount_minor, 0);
  return {
    ...{ voucher: row.number, party: question.party, currency: row.currency as Currency },
    authorisation: question.authorisation,
    left_minor: act.amount_minor - back,
    reversed: about.some(({ kind }) => kind === 'reverse'),
  };
}

/** What makes a request this one and no other. */
export const digestOf = (kind: FundActRow['kind'], content: unknown): string =>
  hash('sha256', `${kind}\n${JSON.stringify(content)}`, 'base64url');
