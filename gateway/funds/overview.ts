/** What the fund server's own people see: what stands, what is owed, and the trail of each voucher. */
import { z } from 'zod';
import { type Currency, currencySchema } from '#device/messages/money.ts';
import { voucherNumberSchema, voucherStateSchema } from '#device/messages/voucher.ts';
import type { Tables } from '../store/tables.ts';
import { acquirerDue, issuerDue, partyAccount } from './accounts.ts';
import { wholeHistoryOf } from './history.ts';
import { voucherEventSchema } from './schemas.ts';

const at = z.int();
const minor = z.int();
/** How many of the longest waiting are named. */
const LONGEST = 10;

export const overviewSchema = z.strictObject({
  /** Vouchers that have not ended. */
  standing: z.array(
    z.strictObject({
      ...{ currency: currencySchema, state: voucherStateSchema, count: z.int() },
      /** Their faces, and what of them the issuer holds. */
      ...{ face_minor: minor, frozen_minor: minor },
    }),
  ),
  /** What the issuer owes for what was captured, and to whom that is owed. */
  books: z.array(
    z.strictObject({
      ...{ currency: currencySchema, issuer_owes_minor: minor },
      ...{ owed_to_acquirer_minor: minor, owed_to_parties_minor: minor },
    }),
  ),
  /** Questions to the issuer without an answer so far. */
  questions: z.strictObject({
    ...{ open: z.int(), oldest_at: at.optional() },
    /** Of which vouchers: the ten that wait the longest. */
    about: z.array(z.strictObject({ number: voucherNumberSchema, since: at })),
  }),
});
export type Overview = z.output<typeof overviewSchema>;

export const voucherTrailSchema = z.strictObject({
  number: voucherNumberSchema,
  state: voucherStateSchema,
  events: z.array(voucherEventSchema),
  /** What was asked of the issuer about it. */
  questions: z.array(
    z.strictObject({
      ...{ id: z.string(), kind: z.string(), begun_at: at, tries: z.int() },
      /** When it is asked again; absent where it is answered. */
      next_at: at.optional(),
      /** The answer's one word. */
      said: z.string().optional(),
    }),
  ),
});
export type VoucherTrail = z.output<typeof voucherTrailSchema>;

const balanceOf = ({ ledger }: Pick<Tables, 'ledger'>, account: string): number | undefined =>
  ledger.account(account)?.balance_minor;

function booksIn(tables: Tables, currency: Currency): Overview['books'] {
  const parties = tables.funds.parties().map(({ id }) => partyAccount(id, currency));
  const owes = balanceOf(tables, issuerDue(currency));
  if (owes === undefined) return [];
  return [
    {
      currency,
      // An asset: it stands below zero. Zero has no sign.
      issuer_owes_minor: 0 - owes,
      owed_to_acquirer_minor: balanceOf(tables, acquirerDue(currency)) ?? 0,
      owed_to_parties_minor: parties.reduce((sum, id) => sum + (balanceOf(tables, id) ?? 0), 0),
    },
  ];
}

export function overviewOf(tables: Tables): Overview {
  const about = tables.funds.awaited(LONGEST);
  return {
    standing: tables.funds
      .standing()
      .map((row) => ({ ...row, currency: currencySchema.parse(row.currency) })),
    books: currencySchema.options.flatMap((currency) => booksIn(tables, currency)),
    questions: {
      open: tables.funds.openAsks(),
      ...(about[0] === undefined ? {} : { oldest_at: about[0].since }),
      about,
    },
  };
}

/** `null` for a number that there is not. */
export function trailOf({ funds }: Pick<Tables, 'funds'>, number: string): VoucherTrail | null {
  const row = funds.voucher(number);
  if (row === undefined) return null;
  return {
    number,
    state: row.state,
    events: wholeHistoryOf({ funds }, number),
    questions: funds.asksAbout(number).map(({ id, kind, begun_at, tries, next_at, reply }) => ({
      ...{ id, kind, begun_at, tries },
      ...(next_at === null ? {} : { next_at }),
      ...(reply === null ? {} : { said: (JSON.parse(reply) as { readonly said: string }).said }),
    })),
  };
}
