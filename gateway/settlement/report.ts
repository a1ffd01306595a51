/** What the settlement can prove: each card against the book, and by name all that does not agree. */
import { CURRENCIES, sumMinor } from '#device/messages/money.ts';
import type { Tables } from '../store/tables.ts';
import type {
  CardRow,
  CardState,
  CardTransactionRow,
  FindingRow,
  JobRow,
} from '../store/tables-settlement.ts';
import { cardAccount, floatAccount } from './book.ts';

/** A counter of which nobody has told; known only by what came after it. */
export interface Missing {
  readonly card: string;
  /** First and last of a row of them. */
  readonly from: number;
  readonly to: number;
  /** What they changed together: less than zero was taken. */
  readonly change_minor: number;
  /** What it may have been, where a terminal or the settlement is in doubt of it. */
  readonly order: string | null;
  readonly terminal: string | null;
}

export interface InDoubt {
  readonly card: string;
  readonly counter: number;
  readonly terminal: string | null;
  readonly order: string;
  readonly what: 'payment' | 'load' | 'refund';
  readonly amount_minor: number;
}

export interface CardReport {
  readonly card: string;
  readonly state: CardState;
  readonly currency: string;
  /** Of the last transaction that is known. */
  readonly counter: number;
  readonly on_card_minor: number;
  readonly in_book_minor: number;
  /** What of the difference is explained by what is missing. */
  readonly missing_minor: number;
  readonly agrees: boolean;
}

export interface Reconciliation {
  /** Nothing is missing, in doubt or wrong, and all sums agree. */
  readonly clean: boolean;
  readonly currencies: readonly {
    readonly currency: string;
    readonly float_minor: number;
    readonly in_book_minor: number;
    readonly on_cards_minor: number;
  }[];
  /** Those that do not agree. */
  readonly cards: readonly CardReport[];
  readonly missing: readonly Missing[];
  readonly in_doubt: readonly InDoubt[];
  readonly findings: readonly Omit<FindingRow, 'id'>[];
}

type Books = Pick<Tables, 'settlement' | 'ledger'>;

export function reconcile(tables: Books): Reconciliation {
  const cards = tables.settlement.cards();
  const seen = cards.map((card) => ({ card, chain: tables.settlement.transactions(card.id) }));
  const missing = seen.flatMap(({ card, chain }) => missingOf(tables, card, chain));
  const reports = seen.map(({ card, chain }) => reportOf(tables, card, chain, missing));
  const findings = tables.settlement.findings().map(({ id: _, ...finding }) => finding);
  const in_doubt = cards.flatMap((card) => doubtsOf(tables, card));
  const currencies = Object.keys(CURRENCIES).flatMap((currency) => {
    const mine = reports.filter((each) => each.currency === currency);
    if (mine.length === 0) return [];
    const float = tables.ledger.account(floatAccount(currency))?.balance_minor ?? 0;
    return {
      ...{ currency, float_minor: float === 0 ? 0 : -float },
      in_book_minor: sumMinor(mine.map(({ in_book_minor }) => in_book_minor)),
      on_cards_minor: sumMinor(mine.map(({ on_card_minor }) => on_card_minor)),
    };
  });
  const differing = reports.filter(({ agrees }) => !agrees);
  const sums = currencies.every(
    (each) => each.float_minor === each.in_book_minor && each.in_book_minor === each.on_cards_minor,
  );
  const nothing = [missing, in_doubt, findings, differing].every(({ length }) => length === 0);
  return { clean: sums && nothing, currencies, cards: differing, missing, in_doubt, findings };
}

function reportOf(
  tables: Books,
  card: CardRow,
  chain: readonly CardTransactionRow[],
  missing: readonly Missing[],
): CardReport {
  const last = chain.at(-1);
  const on_card_minor = last?.balance_after_minor ?? 0;
  const in_book_minor = tables.ledger.account(cardAccount(card.id))?.balance_minor ?? 0;
  const mine = missing.filter((each) => each.card === card.id);
  const { id, state, currency } = card;
  return {
    ...{ card: id, state, currency, counter: last?.counter ?? 0, on_card_minor, in_book_minor },
    missing_minor: sumMinor(mine.map(({ change_minor }) => change_minor)),
    agrees: on_card_minor === in_book_minor,
  };
}

/** Gaps in the counter, and what the balances on both sides say of them. */
export function missingOf(
  tables: Books,
  card: CardRow,
  chain: readonly CardTransactionRow[],
): Missing[] {
  const found: Missing[] = [];
  let [counter, balance] = [0, 0];
  for (const row of chain) {
    if (row.counter > counter + 1) {
      const [from, to] = [counter + 1, row.counter - 1];
      const doubt = doubtsOf(tables, card).find((each) => each.counter === from && from === to);
      const { order = null, terminal = null } = doubt ?? {};
      const change_minor = row.balance_before_minor - balance;
      found.push({ card: card.id, from, to, change_minor, order, terminal });
    }
    counter = row.counter;
    balance = row.balance_after_minor;
  }
  return found;
}

function doubtsOf(tables: Books, card: CardRow): InDoubt[] {
  const debits = tables.settlement.openUnknowns(card.id).map((row): InDoubt => {
    const { order_number: order, terminal, amount_minor } = row;
    const counter = row.counter_before + 1;
    return { card: card.id, counter, terminal, order, what: 'payment', amount_minor };
  });
  const jobs = tables.settlement.jobsOf(card.id, ['sent', 'unknown']).map(
    ({ id, kind, amount_minor, terminal, counter_before }): InDoubt => ({
      ...{ card: card.id, counter: (counter_before ?? 0) + 1, terminal, order: id, amount_minor },
      what: kind === 'pay' ? 'payment' : kind,
    }),
  );
  return [...debits, ...jobs];
}

export interface Statement {
  readonly card: Omit<CardRow, 'holder_phone' | 'holder_name'>;
  readonly balance_minor: number;
  readonly in_book_minor: number;
  readonly transactions: readonly CardTransactionRow[];
  readonly jobs: readonly JobRow[];
  readonly missing: readonly Missing[];
}

/** All that one card did, by its counter; `null` where there is no such card. */
export function statementOf(tables: Books, id: string): Statement | null {
  const row = tables.settlement.card(id);
  if (row === undefined) return null;
  const transactions = tables.settlement.transactions(id);
  const { holder_name: _name, holder_phone: _phone, ...card } = row;
  return {
    card,
    balance_minor: transactions.at(-1)?.balance_after_minor ?? 0,
    in_book_minor: tables.ledger.account(cardAccount(id))?.balance_minor ?? 0,
    transactions,
    jobs: tables.settlement.jobsOf(id, ['asked', 'sent', 'unknown', 'done', 'failed']),
    missing: missingOf(tables, row, transactions),
  };
}
