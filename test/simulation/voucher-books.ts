/**
 * The auditor's books of vouchers: kept from what fund server and issuer committed, and compared with
 * each other at each commit and at the end.
 */
import type { VoucherState } from '#device/messages/voucher.ts';
import { isEnded } from '#gateway/funds/flow.ts';
import type { AskReply, Question } from '#gateway/funds/questions.ts';
import type { VoucherView } from '#gateway/funds/schemas.ts';
import type { Tables } from '#gateway/store/tables.ts';
import type {
  FundActRow,
  FundAskRow,
  VoucherEventRow,
  VoucherRow,
} from '#gateway/store/tables-funds.ts';
import type { IssuedRow } from '#gateway/store/tables-money.ts';
import type { Trace } from './trace.ts';
import type { Write } from './watched-engine.ts';

export interface VoucherBooksParts {
  readonly trace: Trace;
  readonly report: (what: string) => void;
  readonly counts: { vouchers: number };
}

/** What is frozen at the issuer for a voucher. */
interface Frozen {
  readonly voucher: string;
  readonly amount_minor: number;
}

/** Sums of one voucher, as the fund server wrote them and as the issuer did. */
interface Sums {
  captured_minor: number;
  /** Gave back to it. */
  refilled_minor: number;
  /** Gave back to the paying account. */
  returned_minor: number;
  /** At the issuer. */
  taken_minor: number;
  refunded_minor: number;
  /** The most that it was ever redeemed for. */
  most_minor: number;
  readonly states: Set<VoucherState>;
}

export class VoucherBooks {
  readonly #parts: VoucherBooksParts;
  readonly #rows = new Map<string, VoucherRow>();
  readonly #sums = new Map<string, Sums>();
  /** By the id of its authorisation. */
  readonly #frozen = new Map<string, Frozen>();
  /** Authorisations that the fund server wants to end, and has asked for it. */
  readonly #unwanted = new Set<string>();
  readonly #asks = new Map<string, FundAskRow>();
  /** Tills' debits by the question that decides them. */
  readonly #tills = new Map<string, FundActRow>();
  readonly #owed = new Map<string, number>();

  constructor(parts: VoucherBooksParts) {
    this.#parts = parts;
  }

  /** Enters one commit; the answer is what a till took or gave back, in the issuer's words. */
  committed(house: string, writes: readonly Write[]): Write[] {
    const touched = new Set<string>();
    const taken: Write[] = [];
    for (const write of writes) {
      switch (write.is) {
        case 'voucher':
          touched.add(write.row.number);
          this.#change(house, write.row);
          break;
        case 'voucher_event':
          touched.add(write.row.voucher);
          this.#event(write.row);
          break;
        case 'fund_ask':
          this.#ask(write.row);
          taken.push(...this.#takenBy(this.#tills.get(write.row.id)));
          break;
        case 'fund_act':
          if (write.row.caller === 'acquirer') taken.push(...this.#till(write.row));
          break;
        case 'issued':
          if (write.row.caller !== 'fund-server') break;
          touched.add(write.row.reference ?? '');
          this.#issue(write.row);
          break;
      }
    }
    for (const number of touched) this.#check(number);
    return taken;
  }

  #change(house: string, row: VoucherRow): void {
    const known = this.#rows.get(row.number);
    if (known === undefined) this.#parts.counts.vouchers += 1;
    if (known?.state !== row.state) {
      this.#parts.trace.say(house, `voucher ${row.number} is ${row.state}`);
    }
    // What a till gives back refills one that was spent.
    const refills = known?.state === 'redeemed' && row.state === 'refilling';
    if (known !== undefined && isEnded(known.state) && known.state !== row.state && !refills) {
      this.#parts.report(`voucher: ${row.number} was ${known.state}, and is ${row.state}`);
    }
    this.#rows.set(row.number, row);
    const sums = this.#sumsOf(row.number);
    sums.states.add(row.state);
    sums.most_minor = Math.max(sums.most_minor, row.captured_minor);
  }

  #event({ voucher, action, detail }: VoucherEventRow): void {
    const said = JSON.parse(detail) as { amount_minor: number; to?: string; party: string };
    const owe = (): void => {
      this.#owed.set(said.party, (this.#owed.get(said.party) ?? 0) + said.amount_minor);
    };
    const sums = this.#sumsOf(voucher);
    const { to, amount_minor } = said;
    if (action === 'capture_part' || action === 'capture_whole')
      sums.captured_minor += amount_minor;
    else if (!GIVES_BACK.includes(action)) return;
    else if (to === 'voucher') sums.refilled_minor += amount_minor;
    else if (to === 'payer') sums.returned_minor += amount_minor;
    if (to === 'party') owe();
  }

  #sumsOf(voucher: string): Sums {
    const known = this.#sums.get(voucher) ?? {
      ...{ captured_minor: 0, refilled_minor: 0, returned_minor: 0, taken_minor: 0 },
      ...{ refunded_minor: 0, most_minor: 0, states: new Set() },
    };
    this.#sums.set(voucher, known);
    return known;
  }

  #ask(row: FundAskRow): void {
    this.#asks.set(row.id, row);
    const question = JSON.parse(row.question) as Question;
    if (question.kind === 'release') this.#unwanted.add(question.authorisation);
    if (question.kind === 'undo') this.#unwanted.add(question.of);
  }

  /** What the issuer did for the fund server. */
  #issue({ said, id, of_request, amount_minor, reference, account }: IssuedRow): void {
    if (said === 'authorised') this.#frozen.set(id, { voucher: reference ?? '', amount_minor });
    else if (said === 'captured') {
      if (!this.#frozen.delete(of_request ?? '')) {
        this.#parts.report(`frozen: ${id} captures of ${account} what is not frozen`);
      }
      this.#sumsOf(reference ?? '').taken_minor += amount_minor;
    } else if (said === 'refunded') this.#sumsOf(reference ?? '').refunded_minor += amount_minor;
    else if (said === 'released' || said === 'reversed') this.#frozen.delete(of_request ?? '');
  }

  #check(number: string): void {
    const row = this.#rows.get(number);
    if (row === undefined) return;
    const { face_minor, captured_minor } = row;
    const sums = this.#sumsOf(number);
    const report = (what: string): void => this.#parts.report(`voucher: ${number} ${what}`);
    const taken = sums.taken_minor - sums.refunded_minor;
    if (taken > face_minor || captured_minor > face_minor) {
      report(`is captured beyond its face: ${taken} of ${face_minor}`);
    }
    const redeemed = sums.captured_minor - sums.refilled_minor;
    if (captured_minor !== redeemed) {
      report(`was redeemed for ${redeemed}, and says ${captured_minor}`);
    }
    if (sums.captured_minor > sums.taken_minor) {
      report(`was redeemed for ${sums.captured_minor}, and the issuer gave ${sums.taken_minor}`);
    }
    const back = sums.refilled_minor + sums.returned_minor;
    if (back > sums.refunded_minor) {
      report(`got ${back} back, and the issuer took ${sums.refunded_minor}`);
    }
    const wanted = [...this.#frozen].filter(
      ([id, frozen]) => frozen.voucher === number && !this.#unwanted.has(id),
    );
    if (wanted.length > 1) {
      this.#parts.report(`frozen: voucher ${number} is frozen twice: ${wanted.map(([id]) => id)}`);
    }
  }

  #till(row: FundActRow): Write[] {
    const { kind, of_key, amount_minor, ask } = row;
    if (kind === 'debit') {
      if (ask === null) return [];
      this.#tills.set(ask, row);
      return this.#takenBy(row);
    }
    if (of_key === null || (kind !== 'reverse' && kind !== 'refund')) return [];
    if (ask !== null) {
      this.#tills.set(ask, row);
      return this.#takenBy(row);
    }
    const { said } = JSON.parse(row.reply ?? '{}') as { said?: string };
    return said === 'returned' ? [givenBack(row, kind, amount_minor)] : [];
  }

  /** Once the issuer has captured it, it is taken; once it has refunded it, it is given back. */
  #takenBy(row: FundActRow | undefined): Write[] {
    const ask = this.#asks.get(row?.ask ?? '');
    if (row === undefined || ask?.state !== 'done') return [];
    const reply = JSON.parse(ask.reply ?? '{}') as AskReply;
    if (reply.said !== 'captured' && reply.said !== 'given_back') return [];
    this.#tills.delete(ask.id);
    const { amount_minor } = reply;
    if (reply.said === 'given_back') {
      return [givenBack(row, row.kind === 'refund' ? 'refund' : 'reverse', amount_minor)];
    }
    const holder = this.#rows.get(row.voucher ?? '')?.beneficiary ?? '';
    return [
      issuedBy(row, {
        ...{ kind: 'debit', said: 'debited', of_request: null, amount_minor },
        account: `${PARTY}${holder}`,
      }),
    ];
  }

  /** A party was answered with this view of it. */
  told(party: string, view: VoucherView): void {
    const { number, state, redeemed_minor } = view;
    const report = (what: string): void =>
      this.#parts.report(`voucher: ${party} is told that ${number} ${what}`);
    const { states, most_minor } = this.#sumsOf(number);
    if (!states.has(state)) report(`is ${state}, and it never was`);
    if (redeemed_minor > most_minor) {
      report(`is redeemed for ${redeemed_minor}; it never was for more than ${most_minor}`);
    }
  }

  /** After healing; `balance` is of any account in the auditor's own books. */
  judge(funds: Tables['funds'], now: number, balance: (account: string) => number): void {
    const report = (what: string): void => this.#parts.report(what);
    const holds = new Set<string>();
    for (const row of this.#rows.values()) {
      const { number, state, hold } = row;
      const there = funds.voucher(number);
      for (const field of KEPT) {
        if (there?.[field] === row[field]) continue;
        report(`lost: ${field} of voucher ${number} was ${row[field]}, is ${there?.[field]}`);
      }
      if (['verifying', 'redeeming', 'refilling'].includes(state)) {
        report(`stuck: voucher ${number} is ${state}`);
      }
      if (!isEnded(state) && row.expires_at < now - LATE_MS) {
        report(`stuck: voucher ${number} is ${state}, and should have expired`);
      }
      if (hold === null) continue;
      holds.add(hold);
      const left = row.face_minor - row.captured_minor;
      const frozen = this.#frozen.get(hold)?.amount_minor;
      if (isEnded(state)) report(`frozen: voucher ${number} is ${state}, and still frozen`);
      if (frozen !== left) report(`frozen: of voucher ${number} ${left} are left, not ${frozen}`);
    }
    for (const [id, { voucher }] of this.#frozen) {
      if (!holds.has(id)) report(`frozen: ${id} of voucher ${voucher} is wanted by nobody`);
    }
    for (const [number, sums] of this.#sums) {
      const { captured_minor, taken_minor, refunded_minor } = sums;
      const back = sums.refilled_minor + sums.returned_minor;
      if (captured_minor !== taken_minor || back !== refunded_minor) {
        report(`voucher: ${number} and the issuer differ: ${JSON.stringify(sums)}`);
      }
    }
    this.#judgeOwed(balance);
  }

  #judgeOwed(balance: (account: string) => number): void {
    const same = (one: string, other: string): void => {
      const [owed, due] = [balance(`${one}:CNY`), balance(`${other}:CNY`)];
      if (owed + due !== 0) this.#parts.report(`value: ${one} is ${owed}, ${other} is ${due}`);
    };
    same('issuer:due:fund-server', 'funds:due:issuer');
    same('funds:due:acquirer', 'acquirer:due:voucher');
    for (const [party, owed] of this.#owed) {
      const has = balance(`funds:party:${party}:CNY`);
      if (has !== owed) this.#parts.report(`value: ${party} has ${has}, redeemed was ${owed}`);
    }
  }
}

/** Of a till's, and where it can't go to voucher or account, what the party is owed. */
const GIVES_BACK = ['give_back', 'refilled', 'leave_part', 'leave_spent'];

/** What a voucher's debit is written on: whoever held it. */
export const PARTY = 'party:';

/** What a store must hold as it was committed. */
const KEPT = [
  ...(['state', 'beneficiary', 'face_minor', 'captured_minor', 'hold', 'account'] as const),
  ...(['expires_at', 'serial', 'changes', 'issued_at', 'ended_at'] as const),
] as const;

/** The timer looks at least every quarter of a minute. */
const LATE_MS = 60_000;

const givenBack = (row: FundActRow, kind: 'reverse' | 'refund', amount_minor: number): Write =>
  issuedBy(row, {
    ...{ kind, said: kind === 'refund' ? 'refunded' : 'reversed', of_request: row.of_key },
    amount_minor,
  });

function issuedBy(
  { key: id, at }: FundActRow,
  what: Pick<IssuedRow, 'kind' | 'said' | 'of_request' | 'amount_minor'> &
    Partial<Pick<IssuedRow, 'account'>>,
): Write {
  const nothing = { fingerprint: '', answer: '', account: null, reference: null };
  return { is: 'issued', row: { ...nothing, ...what, id, at, caller: 'acquirer' } };
}
