/** What an answer of the issuer makes of a voucher and of the fund server's books. */
import type { Currency } from '#device/messages/money.ts';
import type { AuthoriseAnswer, CaptureAnswer, IssuerRefundAnswer } from '../issuer/gate.ts';
import type { FundAskRow, VoucherRow } from '../store/tables-funds.ts';
import type { Transaction } from '../store/writer.ts';
import { acquirerDue, partyAccount, postBack, postCapture, postReturn } from './accounts.ts';
import { FUND_SERVER, leftMinor, move } from './parts.ts';
import type { AskReply, Question } from './questions.ts';

/** Writes what the issuer's answer means for the voucher. */
export function conclude(
  tx: Transaction,
  row: VoucherRow,
  ask: FundAskRow,
  question: Question,
  answer: unknown,
  now: number,
): AskReply {
  const { said } = answer as { said: string };
  switch (question.kind) {
    case 'freeze':
      return concludeFreeze(tx, row, ask.id, answer as AuthoriseAnswer, now);
    case 'capture': {
      if (said !== 'captured') throw new Error(`${ask.id}: the issuer captures nothing: ${said}`);
      return concludeCapture(tx, row, question, answer as Captured, now);
    }
    case 'release':
      if (row.hold === question.authorisation) tx.funds.change(row.number, { hold: null });
      if (said !== 'released') throw new Error(`${ask.id}: the issuer releases nothing: ${said}`);
      return { said: 'done' };
    case 'give_back':
      return concludeGivenBack(tx, row, question, answer as IssuerRefundAnswer, now);
    case 'undo':
      if (said !== 'reversed') throw new Error(`${ask.id}: the issuer undoes nothing: ${said}`);
      return { said: 'done' };
  }
}

type Captured = Extract<CaptureAnswer, { said: 'captured' }>;

function concludeFreeze(
  tx: Transaction,
  row: VoucherRow,
  id: string,
  answer: AuthoriseAnswer,
  now: number,
): AskReply {
  if (row.ask !== id || row.state !== 'verifying') {
    throw new Error(`${id}: whoever changed voucher ${row.number} has overtaken it`);
  }
  const by = { actor: FUND_SERVER, now };
  if (answer.said === 'authorised') {
    const change = { hold: id, ask: null, trouble: null, issued_at: now };
    return { said: 'issued', voucher: move(tx, row, { ...by, action: 'freeze', change }) };
  }
  const trouble = answer.said === 'declined' ? troubleOf(answer) : answer.said;
  const change = { account: null, account_masked: null, account_name: null, ask: null, trouble };
  move(tx, row, { ...by, action: 'reject_account', change, detail: { reason: trouble } });
  return { said: 'rejected', reason: trouble };
}

function troubleOf(answer: Extract<AuthoriseAnswer, { said: 'declined' }>): string {
  if (answer.lacks_currency) return 'wrong_currency';
  return answer.reason === 'payer_not_verified' ? 'account_name_wrong' : answer.reason;
}

function concludeCapture(
  tx: Transaction,
  row: VoucherRow,
  question: Extract<Question, { kind: 'capture' }>,
  { at }: Captured,
  now: number,
): AskReply {
  const { amount_minor, to, party, reference, rest } = question;
  const currency = row.currency as Currency;
  const account = to === 'party' ? partyAccount(party, currency) : acquirerDue(currency);
  postCapture(tx, account, { reference, voucher: row.number, currency, amount_minor, at: now });
  const whole = amount_minor === leftMinor(row);
  const voucher = move(tx, row, {
    ...{ actor: FUND_SERVER, now, action: whole ? 'capture_whole' : 'capture_part' },
    change: {
      ...{ captured_minor: row.captured_minor + amount_minor, hold: whole ? null : rest },
      ask: null,
    },
    detail: { amount_minor, to, party },
  });
  return { said: 'captured', amount_minor, at, voucher };
}

function concludeGivenBack(
  tx: Transaction,
  row: VoucherRow,
  question: Extract<Question, { kind: 'give_back' }>,
  answer: IssuerRefundAnswer,
  now: number,
): AskReply {
  const { amount_minor, frozen, party, posted, reference } = question;
  const currency = row.currency as Currency;
  const booked = { reference, voucher: row.number, currency, amount_minor, at: now };
  const done = answer.said === 'refunded';
  if (!done && !(answer.said === 'refused' && answer.code === 'account_closed')) {
    throw new Error(`${reference}: the issuer gives nothing back: ${JSON.stringify(answer)}`);
  }
  const to = !done ? 'party' : frozen === null ? 'payer' : 'voucher';
  const detail = { amount_minor, to, ...(to === 'party' ? { party } : {}) };
  if (done) postReturn(tx, posted, booked);
  else postBack(tx, party, posted, booked);
  const reply: AskReply = { said: 'given_back', amount_minor, at: now, to };
  if (frozen === null) {
    const event = { voucher: row.number, actor: FUND_SERVER, state: row.state, at: now };
    tx.funds.addEvent({ ...event, action: 'give_back', detail: JSON.stringify(detail) });
    return reply;
  }
  const spent = leftMinor(row) === 0;
  const action = done ? 'refilled' : spent ? 'leave_spent' : 'leave_part';
  const captured_minor = row.captured_minor - amount_minor;
  const change = done ? { captured_minor, hold: frozen.id, ask: null } : { ask: null };
  move(tx, row, { actor: FUND_SERVER, now, action, change, detail });
  return reply;
}
