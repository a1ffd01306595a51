/** The forms of parties' pages: what they take, and which field a refusal is about. */
import { z } from 'zod';
import type { Language } from '#device/messages/enrolment.ts';
import { type Currency, currencySchema, parseAmount } from '#device/messages/money.ts';
import { voucherTroubleSchema } from '#device/messages/voucher.ts';
import { readPhone } from '../phone.ts';
import { typedText } from '../typed.ts';
import { say } from '../web/messages.ts';
import { Problem, problemSentence } from '../web/problems.ts';
import type { Reply } from '../web/routes.ts';
import type { Action } from './flow.ts';
import { type ActInput, memoSchema, nameAccountSchema, registerPhoneSchema } from './schemas.ts';
import { type FundWord, fundSay, isFundWord } from './words.ts';

export const logInForm = z.object({ party: z.string().max(30), password: z.string().max(200) });
const keyField = z.string().regex(/^[\w-]{8,40}$/);
const tick = z.literal('1').optional();
export const createForm = z.object({
  // One that was not chosen is a party that there is not.
  ...{ key: keyField, paying: z.string().max(30), beneficiary: z.string().max(30) },
  ...{ amount: z.string().max(20), currency: currencySchema, memo: z.string().max(1000) },
  days: z.string().max(20),
  ...{ transferable: tick, partial: tick },
});
export const actForm = z.object({
  key: keyField,
  ...{ phone: z.string().max(40).optional(), pin: z.string().max(40).optional() },
  ...{ name: z.string().max(80).optional(), amount: z.string().max(20).optional() },
  beneficiary: z.string().max(30).optional(),
});
export const listQuery = z.object({ before: z.coerce.number().int().min(0).optional() });
export const phoneForm = z.object({ phone: z.string().max(40), pin: z.string().max(40) });

/** What is wrong, and at which field of the form. */
export interface Complaint {
  readonly says: string;
  readonly field: string;
  /** Of docs/http.md. */
  readonly code: string;
}

const misread = (language: Language, field: string, word: FundWord): Complaint => ({
  ...{ says: fundSay(language, word), field, code: 'malformed_request' },
});

/** As a party is called where it logs in: phones put capitals and spaces there. */
export const partyTyped = (text: string): string => typedText(text).toLowerCase();

export function daysOf(text: string): number | null {
  const typed = typedText(text);
  const days = Number(typed);
  return /^\d{1,4}$/.test(typed) && days >= 1 && days <= 1800 ? days : null;
}

export const amountWrong = (language: Language): Complaint =>
  misread(language, 'amount', 'amount_wrong');
export const daysWrong = (language: Language): Complaint => misread(language, 'days', 'days_wrong');

/** What a voucher is for, as typed; `null` where that is too long, or turns its line around. */
export const readMemo = (typed: string): string | null => memoSchema.safeParse(typed).data ?? null;
export const memoWrong = (language: Language): Complaint => misread(language, 'memo', 'memo_wrong');

type Read<T> = { readonly ok: true; readonly value: T } | ({ readonly ok: false } & Complaint);
const bad = (complaint: Complaint): { ok: false } & Complaint => ({ ok: false, ...complaint });

/** Phone number and PIN of an account, as typed. */
export function readAccount(
  language: Language,
  callingCode: string,
  typed: { readonly phone?: string | undefined; readonly pin?: string | undefined },
): Read<{ phone: string; pin: string }> {
  const [phone, pin] = [typedText(typed.phone ?? ''), typedText(typed.pin ?? '')];
  if (readPhone(phone, callingCode) === null) return bad(misread(language, 'phone', 'phone_wrong'));
  const read = registerPhoneSchema.safeParse({ phone, pin });
  return read.success ? { ok: true, value: read.data } : bad(misread(language, 'pin', 'pin_wrong'));
}

/** What an action takes beside its voucher. */
export function readInput(
  language: Language,
  callingCode: string,
  action: Action,
  form: z.output<typeof actForm>,
  currency: Currency,
): Read<ActInput> {
  if (action === 'name_account') {
    const read = readAccount(language, callingCode, form);
    if (!read.ok) return read;
    const account = nameAccountSchema.safeParse({ ...read.value, name: form.name });
    return account.success
      ? { ok: true, value: { account: account.data } }
      : bad(misread(language, 'name', 'name_wrong'));
  }
  if (action === 'transfer') {
    const beneficiary = partyTyped(form.beneficiary ?? '');
    return { ok: true, value: { transfer: { beneficiary } } };
  }
  if (action !== 'redeem') return { ok: true, value: {} };
  const amount = parseAmount(typedText(form.amount ?? ''), currency);
  if (!amount.ok || amount.amount_minor === 0) return bad(amountWrong(language));
  return { ok: true, value: { redeem: { amount_minor: amount.amount_minor, currency } } };
}

const FIELDS: Readonly<Record<string, string>> = {
  ...{ wrong_pin: 'pin', account_locked: 'pin', voucher_refused: 'amount' },
  ...{ unknown_party: 'beneficiary', account_refused: 'account' },
};

/** A refusal of the fund server, in words, at the field that it is about. */
export function complaintOf(
  language: Language,
  made: Extract<Reply, { problem: unknown }>,
  paying?: string,
): Complaint {
  const { problem: code, extras } = made;
  const field = FIELDS[code] ?? '';
  const trouble = voucherTroubleSchema.safeParse(extras.reason);
  if (trouble.success) return { says: say(language, `v_${trouble.data}`), field, code };
  const reason = `r_${String(extras.reason)}`;
  if (code === 'account_refused' && isFundWord(reason)) {
    const says = fundSay(language, 'rejected', { reason: fundSay(language, reason) });
    return { says, field, code };
  }
  if (code === 'unknown_party') {
    const at = paying !== undefined && extras.party === paying ? 'paying' : field;
    return { says: fundSay(language, 'party_wrong'), field: at, code };
  }
  if (code === 'wrong_pin') return { says: fundSay(language, 'wrong_pin'), field, code };
  return { says: problemSentence(new Problem(code, extras), language), field, code };
}
