/** Proof that the books agree with themselves, by independent sums. */
import { sumMinor } from '#device/messages/money.ts';
import type { AccountKind, Tables } from '../store/tables.ts';
import { bookOf } from './ledger.ts';

export interface TrialBalance {
  readonly balanced: boolean;
  readonly currencies: readonly {
    readonly currency: string;
    readonly debit_minor: number;
    readonly credit_minor: number;
    readonly accounts: readonly {
      readonly account: string;
      readonly kind: AccountKind;
      readonly balance_minor: number;
      /** Frozen by open holds. */
      readonly held_minor: number;
    }[];
  }[];
  /** What does not agree, in a sentence each; empty where `balanced`. */
  readonly complaints: readonly string[];
}

/**
 * Sums all balances per currency, and checks each account against its postings and its holds, and
 * each transfer against zero. `book` names one organisation; without it, all that are in this store.
 */
export function trialBalance(tables: Pick<Tables, 'ledger'>, book?: string): TrialBalance {
  const all = tables.ledger.accounts();
  const accounts = all.filter(({ id }) => book === undefined || bookOf(id) === book);
  const held = new Map(tables.ledger.heldSums().map((row) => [row.account, row.total_minor]));
  const sums = new Map(tables.ledger.sums().map((row) => [row.account, row.total_minor]));
  const complaints = [
    ...tables.ledger
      .unbalanced()
      .map((row) => `transfer ${row.reference} is out by ${row.total_minor} ${row.currency}`),
    ...accounts
      .filter((account) => account.balance_minor !== (sums.get(account.id) ?? 0))
      .map((account) => `account ${account.id} differs from the sum of its postings`),
    ...accounts
      .filter((account) => account.held_minor !== (held.get(account.id) ?? 0))
      .map((account) => `account ${account.id} differs from the sum of its holds`),
  ];
  const currencies = [...Map.groupBy(accounts, ({ currency }) => currency)].map(
    ([currency, rows]) => {
      const balances = rows.map((row) => row.balance_minor);
      const credit = sumMinor(balances.filter((balance) => balance > 0));
      const debit = -sumMinor(balances.filter((balance) => balance < 0));
      if (credit !== debit) complaints.push(`${currency} is out by ${credit - debit}`);
      return {
        currency,
        debit_minor: debit,
        credit_minor: credit,
        accounts: rows.map(({ id, kind, balance_minor, held_minor }) => ({
          account: id,
          kind,
          balance_minor,
          held_minor,
        })),
      };
    },
  );
  return { balanced: complaints.length === 0, currencies, complaints };
}
