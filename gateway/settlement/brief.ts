/** A card as whoever serves its holder sees it, and the block that they can put on it. */
import type { Currency } from '#device/messages/money.ts';
import type { Transaction } from '../store/writer.ts';
import { blockCard, unblockCard } from './cards.ts';
import type { CardAnswer, ChangeCard } from './gate.ts';
import { leftOf } from './jobs.ts';
import type { SettlementParts } from './parts.ts';

/** As many as its own log holds. */
const LAST = 10;

/** State, balance and the last ten of a card. */
export function briefOf(tx: Pick<Transaction, 'settlement'>, id: string): CardAnswer {
  const row = tx.settlement.card(id);
  if (row === undefined) return { said: 'refused', code: 'unknown_card' };
  const transactions = tx.settlement.transactions(id);
  const due = tx.settlement.jobsOf(id, ['asked', 'sent', 'unknown']);
  const card = {
    ...{ card: id, state: row.state, currency: row.currency as Currency },
    ...(row.because === null ? {} : { because: row.because }),
    ...{ most_minor: row.most_minor, balance_minor: transactions.at(-1)?.balance_after_minor ?? 0 },
    due_minor: due.reduce((sum, job) => sum + (job.kind === 'pay' ? 0 : job.amount_minor), 0),
    last: transactions
      .slice(-LAST)
      .reverse()
      .map((each) => ({
        ...{ at: each.at, kind: each.kind, amount_minor: each.amount_minor },
        ...{ balance_minor: each.balance_after_minor, reference: each.reference },
        left_minor: each.purpose === 'sale' ? leftOf(tx, each) : 0,
      })),
  };
  return { said: 'card', card };
}

export function changeCard(
  parts: SettlementParts,
  tx: Transaction,
  { card, act, because }: ChangeCard,
): CardAnswer {
  const changed =
    act === 'block' ? blockCard(parts, tx, card, because) : unblockCard(parts, tx, card);
  return changed.ok ? briefOf(tx, card) : { said: 'refused', code: changed.code };
}
