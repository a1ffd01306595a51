/** What parties, and whoever holds a signed voucher, may see of vouchers now. */
import { fromBase64url } from '#device/codecs/bytes.ts';
import { readVoucher } from '#device/codecs/voucher.ts';
import { type Currency, currencySchema } from '#device/messages/money.ts';
import type { VoucherRow } from '../store/tables-funds.ts';
import type { Transaction } from '../store/writer.ts';
import { partyAccount } from './accounts.ts';
import { isEnded, step } from './flow.ts';
import { historyOf } from './history.ts';
import { type FundParts, leftMinor } from './parts.ts';
import type { Checked, Entries, VoucherEvent, VoucherOutline, VoucherView } from './schemas.ts';
import { claimsOf, outlineVoucher, viewVoucher } from './view.ts';

const PAGE = 50;
/** Before this is everything. */
const NEWEST = Number.MAX_SAFE_INTEGER;
/** More are not made in one ms: the writer commits fewer at once. */
const ALIKE = 10_000;

export class Reading {
  readonly #parts: Pick<FundParts, 'tables' | 'keys' | 'clock'>;

  constructor(parts: Pick<FundParts, 'tables' | 'keys' | 'clock'>) {
    this.#parts = parts;
  }

  /** As `party` sees it; whoever passed it on sees the last of it. */
  show(tables: Pick<Transaction, 'funds'>, row: VoucherRow, party: string): VoucherView {
    const view = viewVoucher(tables, this.#parts.keys, row, party);
    return view ?? { ...this.#foreign(tables, row), may: [] };
  }

  /** `null` for a stranger, as for a number that there is not. */
  view(party: string, number: string): VoucherView | null {
    const { tables, keys } = this.#parts;
    const row = tables.funds.voucher(number);
    return row === undefined ? null : viewVoucher(tables, keys, row, party);
  }

  /** What was done to it; `null` for a stranger. */
  history(party: string, number: string): VoucherEvent[] | null {
    const { tables } = this.#parts;
    const row = tables.funds.voucher(number);
    return row === undefined ? null : historyOf(tables, row, party);
  }

  /** The newest first; `before` is ms since 1970. Those of one moment are never parted. */
  list(party: string, before?: number): { vouchers: VoucherView[]; next?: number } {
    const { tables } = this.#parts;
    const { rows, next } = this.#pageOf(party, before);
    const vouchers = rows.map((row) => this.show(tables, row, party));
    return next === undefined ? { vouchers } : { vouchers, next };
  }

  /** The same, without what is signed. */
  outlines(party: string, before?: number): { vouchers: VoucherOutline[]; next?: number } {
    const { tables } = this.#parts;
    const { rows, next } = this.#pageOf(party, before);
    const vouchers = rows.flatMap((row) => outlineVoucher(tables, row, party) ?? []);
    return next === undefined ? { vouchers } : { vouchers, next };
  }

  #pageOf(party: string, before?: number): ReturnType<typeof pageOf> {
    const { funds } = this.#parts.tables;
    return pageOf((...asked) => funds.ofParty(party, ...asked), before);
  }

  balances(party: string): { currency: Currency; amount_minor: number }[] {
    const { ledger } = this.#parts.tables;
    return currencySchema.options.flatMap((currency) => {
      const account = ledger.account(partyAccount(party, currency));
      return account === undefined ? [] : [{ currency, amount_minor: account.balance_minor }];
    });
  }

  /** What its balance in a currency is made of, page by page; `before` is the `next` of the page before. */
  entries(party: string, currency: Currency, before = NEWEST): Entries {
    const account = partyAccount(party, currency);
    const rows = this.#parts.tables.funds.entries(account, before, PAGE);
    const next = rows.length === PAGE ? rows.at(-1)?.id : undefined;
    const entries = rows.map(({ at, kind, voucher, amount_minor, balance_after_minor }) => ({
      ...{ at, what: kind === 'capture' ? ('redeemed' as const) : ('given_back' as const) },
      ...{ voucher, amount_minor, balance_minor: balance_after_minor },
    }));
    return { party, currency, entries, ...(next === undefined ? {} : { next }) };
  }

  /** What is true of a signed voucher now; whoever has it may ask. */
  check(token: string): Checked {
    const { tables, keys, clock } = this.#parts;
    const key = fromBase64url(keys.public) ?? new Uint8Array();
    const read = readVoucher(key, token, clock.now());
    const row = read.ok ? tables.funds.voucher(read.claims.number) : undefined;
    if (!read.ok || row === undefined) return { said: 'forged' };
    const superseded = claimsOf(tables, row).serial !== read.claims.serial;
    const late = row.expires_at <= clock.now() && step(row.state, 'expire', ['fund_server']).ok;
    const state = late ? 'expired' : row.state;
    // Whoever passed it on is told no more what the next one does with it.
    const good = row.issued_at !== null && !isEnded(state) && !superseded;
    const left_minor = good ? leftMinor(row) : 0;
    return { said: 'genuine', claims: read.claims, state, left_minor, superseded };
  }

  #foreign(tables: Pick<Transaction, 'funds'>, row: VoucherRow): VoucherOutline {
    const outline = outlineVoucher(tables, row, row.beneficiary);
    if (outline === null) throw new Error(`voucher ${row.number} has no beneficiary`);
    const { account: _account, ...rest } = outline;
    return rest;
  }
}

/** One page of rows, the newest first; `next` is where the older ones begin. */
export function pageOf(
  rowsBefore: (before: number, limit: number) => readonly VoucherRow[],
  before = NEWEST,
): { readonly rows: readonly VoucherRow[]; readonly next?: number } {
  const rows = rowsBefore(before, PAGE);
  const last = rows.length === PAGE ? rows.at(-1)?.created_at : undefined;
  if (last === undefined) return { rows };
  const newer = rows.filter(({ created_at }) => created_at > last);
  const alike = rowsBefore(last + 1, ALIKE).filter(({ created_at }) => created_at === last);
  return { rows: [...newer, ...alike], next: last };
}
