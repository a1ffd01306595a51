/**
 * The issuer keeps payers' accounts: it admits a payer, freezes, takes and gives back. Each request
 * is decided once, inside the transaction of whoever asks, and its answer is kept with it.
 */
import { hash } from 'node:crypto';
import type { Currency } from '#device/messages/money.ts';
import type { Clock } from '../clock.ts';
import { type GateHere, here } from '../gate.ts';
import type { GatewayKeys } from '../keys.ts';
import { placeHold } from '../ledger/holds.ts';
import { post } from '../ledger/ledger.ts';
import type { PayerRow, Tables } from '../store/tables.ts';
import type { IssuedRow } from '../store/tables-money.ts';
import type { Transaction } from '../store/writer.ts';
import type { Stretch } from '../stretch.ts';
import { duePosting, holdOf, payerAccount } from './accounts.ts';
import { admit, digestOfProof, present, presentAgain, proofDigest } from './admission.ts';
import type {
  AdmitAnswer,
  AuthoriseAnswer,
  DebitAnswer,
  DebitRequest,
  IssuerPresents,
  IssuerStatus,
  IssuerVerbs,
  PayerProof,
  Presented,
} from './gate.ts';
import { maskPhone } from './mask.ts';
import { captureTaken, type Decision, refundTaken, releaseTaken, reverseTaken } from './taken.ts';

const FUND_SERVER = 'fund-server';

export interface IssuerParts {
  readonly tables: Tables;
  readonly clock: Clock;
  readonly keys: GatewayKeys;
  /** Without it, scrypt. */
  readonly stretch?: Stretch | undefined;
}

/** One request as it is kept; `body` is all that makes it this one and no other. */
interface Request {
  readonly id: string;
  readonly kind: IssuedRow['kind'];
  readonly of?: string;
  readonly body: unknown;
  readonly reference?: string;
}

export class Issuer {
  readonly #parts: IssuerParts;
  /** PINs that are being compared, by request. */
  readonly #presenting = new Map<string, Promise<Presented>>();

  constructor(parts: IssuerParts) {
    this.#parts = parts;
  }

  present(proof: PayerProof): Promise<Presented> {
    const { tables, keys, stretch } = this.#parts;
    return present(tables, keys, proof, stretch);
  }

  /**
   * The same for a request that may have come before. Comparing a PIN is slow on purpose: whoever asks
   * again, because the answer was, must not make the issuer slower still.
   */
  presentFor(caller: string, id: string, proof: PayerProof): Promise<Presented> {
    const { tables, keys } = this.#parts;
    if (tables.issued.find(caller, id) !== undefined) {
      return Promise.resolve(presentAgain(keys, proof));
    }
    const name = `${caller}\n${id}\n${digestOfProof(keys, proof)}`;
    const begun = this.#presenting.get(name);
    if (begun !== undefined) return begun;
    const presenting = this.present(proof).finally(() => this.#presenting.delete(name));
    this.#presenting.set(name, presenting);
    return presenting;
  }

  /** The gate of one organisation in the same store; request ids are its own. */
  gate(caller: string): GateHere<IssuerVerbs> & IssuerPresents {
    return {
      present: (proof) => this.present(proof),
      admit: here((tx, { payer }) => this.#admit(tx, payer)),
      authorise: here(
        (tx, request) => this.#take(tx, caller, 'authorise', request) as AuthoriseAnswer,
      ),
      debit: here((tx, request) => this.#take(tx, caller, 'debit', request) as DebitAnswer),
      capture: here((tx, { id, authorisation: of, amount_minor, rest }) => {
        const body = rest === undefined ? amount_minor : [amount_minor, rest];
        return this.#once(tx, caller, { id, kind: 'capture', of, body }, (now) =>
          captureTaken(tx, caller, { of, id, amountMinor: amount_minor, rest }, now),
        );
      }),
      release: here((tx, { id, authorisation: of }) =>
        this.#once(tx, caller, { id, kind: 'release', of, body: null }, (now) =>
          releaseTaken(tx, caller, of, now),
        ),
      ),
      reverse: here((tx, { id, of }) =>
        this.#once(tx, caller, { id, kind: 'reverse', of, body: null }, (now) =>
          reverseTaken(tx, caller, of, id, now),
        ),
      ),
      refund: here((tx, { id, of, amount_minor, frozen }) => {
        const body = frozen === undefined ? amount_minor : [amount_minor, frozen];
        return this.#once(tx, caller, { id, kind: 'refund', of, body }, (now) =>
          refundTaken(tx, caller, { of, id, amountMinor: amount_minor, frozen }, now),
        );
      }),
      status: here((tx, id) => this.#status(tx, caller, id)),
    };
  }

  #admit(tx: Transaction, presented: Presented): AdmitAnswer {
    const admitted = admit(tx, presented, this.#parts.clock.now());
    if (admitted.said !== 'admitted') return admitted;
    const { id, phone } = admitted.payer;
    return { said: 'admitted', account: id, payer: maskPhone(phone) };
  }

  #once<A extends { said: string }>(
    tx: Transaction,
    caller: string,
    request: Request,
    decide: (now: number) => Decision<A>,
  ): A | { said: 'conflict' } {
    const { id, kind, of = null } = request;
    const content = `issued\n${kind}\n${of}\n${JSON.stringify(request.body)}`;
    // A proof in it is a keyed digest already.
    const fingerprint = hash('sha256', content, 'base64url');
    const earlier = tx.issued.find(caller, id);
    if (earlier !== undefined) {
      const same = earlier.fingerprint === fingerprint;
      return same ? (JSON.parse(earlier.answer) as A) : { said: 'conflict' };
    }
    const now = Math.floor(this.#parts.clock.now());
    const { answer, account = null, amount_minor, reference } = decide(now);
    tx.issued.add({
      caller,
      id,
      kind,
      of_request: of,
      fingerprint,
      said: answer.said,
      answer: JSON.stringify(answer),
      account,
      amount_minor,
      reference: reference ?? request.reference ?? null,
      at: now,
    });
    return answer;
  }

  #take(tx: Transaction, caller: string, kind: 'authorise' | 'debit', request: DebitRequest) {
    const { id, payer, amount_minor, currency, merchant, reference } = request;
    const body = [amount_minor, currency, merchant, reference, proofDigest(payer)];
    return this.#once(tx, caller, { id, kind, body, reference }, (now) =>
      take(tx, caller, kind, request, now),
    );
  }

  #status(tx: Pick<Tables, 'issued'>, caller: string, id: string): IssuerStatus {
    const row = tx.issued.find(caller, id);
    if (row === undefined) return { said: 'unknown' };
    const reversed = tx.issued
      .about(caller, id)
      .some(({ kind, said }) => kind === 'reverse' && said === 'reversed');
    const answer = JSON.parse(row.answer) as { said: string };
    return { said: 'answered', kind: row.kind, answer, reversed };
  }
}

type Taken = AuthoriseAnswer | DebitAnswer;

/** Freezes or takes, after all checks: request, payer, state of the account, balance or credit. */
function take(
  tx: Transaction,
  caller: string,
  kind: 'authorise' | 'debit',
  request: DebitRequest,
  now: number,
): Decision<Taken> {
  const nothing = (answer: Taken): Decision<Taken> => ({ answer, amount_minor: 0 });
  if (tx.issued.about(caller, request.id).some((each) => each.kind === 'reverse')) {
    // Its reversal came first: then it must never happen.
    return nothing({ said: 'refused', code: 'reversed' });
  }
  // An account is named without a PIN by nobody but the fund server, which has asked for it.
  if (request.payer.proof.by === 'account' && caller !== FUND_SERVER) {
    return nothing({ said: 'declined', reason: 'payer_not_verified' });
  }
  const admitted = admit(tx, request.payer, now);
  if (admitted.said !== 'admitted') return nothing(admitted);
  const payer = maskPhone(admitted.payer.phone);
  if (admitted.payer.state !== 'active') {
    return nothing({ said: 'declined', reason: 'account_blocked', payer });
  }
  const account = takeFrom(tx, caller, kind, request, admitted.payer, now);
  if (account === null) return nothing(short(tx, admitted.payer, request.currency));
  const answer: Taken =
    kind === 'debit'
      ? { said: 'debited', payer, at: now }
      : { said: 'authorised', authorisation: request.id, payer, at: now };
  return { answer, account, amount_minor: request.amount_minor };
}

function short(tx: Transaction, { id, phone }: PayerRow, currency: Currency): Taken {
  const lacks = tx.ledger.account(payerAccount(id, currency)) === undefined;
  return {
    ...{ said: 'declined', reason: 'insufficient_funds', payer: maskPhone(phone) },
    ...(lacks ? { lacks_currency: true } : {}),
  };
}

/** The account that it was taken from, `null` where there is too little. */
function takeFrom(
  tx: Transaction,
  caller: string,
  kind: 'authorise' | 'debit',
  { id, amount_minor, currency, reference }: DebitRequest,
  payer: PayerRow,
  now: number,
): string | null {
  const account = payerAccount(payer.id, currency);
  const opens = { kind: 'liability', currency, floor_minor: 0 } as const;
  const done =
    kind === 'authorise'
      ? placeHold(tx, {
          id: holdOf(caller, id),
          account,
          amount_minor,
          purpose: caller === FUND_SERVER ? 'voucher' : 'authorisation',
          order_number: reference,
          at: now,
          opens,
        })
      : post(tx, {
          reference: `issuer:debit:${caller}:${id}`,
          kind: 'debit',
          order_number: reference,
          at: now,
          postings: [
            {
              account,
              amount_minor: -amount_minor,
              opens,
            },
            duePosting(caller, currency, amount_minor),
          ],
        });
  return done.ok ? account : null;
}
