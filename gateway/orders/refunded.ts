/**
 * What follows when money has gone back, in the transaction that knows it: the terminal of a street
 * order is told; of a telephone order the stock comes back, and payer and desk are told.
 */
import { type Currency, currencySchema } from '#device/messages/money.ts';
import { type Refund, refundSchema } from '#device/messages/order.ts';
import { returnStock } from '../catalogue/catalogue.ts';
import type { Chance } from '../clock.ts';
import type { OrderRow } from '../store/tables.ts';
import type { TelephoneOrderRow } from '../store/tables-centre.ts';
import type { RefundRow } from '../store/tables-money.ts';
import type { Transaction } from '../store/writer.ts';
import { addEvent } from './orders.ts';
import { findRefundable } from './refundable.ts';
import { refundedMinor, TWICE } from './refunded-minor.ts';
import { tellDesk } from './telephone/endings.ts';
import { sendRefund } from './telephone/messages.ts';

/** Who is told besides the terminal. */
export interface Told {
  readonly chance: Chance;
  /** Whether the telephone desk has an endpoint of its own for webhooks. */
  readonly desk: boolean;
}

/** Of a refund that is recorded as done. */
export function tellRefunded(tx: Transaction, told: Told, refund: RefundRow, now: number): void {
  const { id, order_number: number, kind, amount_minor } = refund;
  addEvent(tx, number, kind === 'void' ? 'voided' : 'refunded', now, { refund: id, amount_minor });
  // The sale stands: a card has paid it.
  if (id.startsWith(TWICE)) {
    tx.note({ about: 'order', number });
    return;
  }
  const found = findRefundable(tx, number);
  if (found?.by === 'phone') tellTerminal(tx, found.row, refund, now);
  if (found?.by === 'link') tellPayerAndDesk(tx, told, found.row, refund, now);
}

/** Of one that the acquirer has refused for good. */
export function tellRefused(
  tx: Transaction,
  told: Told,
  refund: RefundRow,
  reason: string,
  now: number,
): void {
  const { id, order_number: number, kind } = refund;
  addEvent(tx, number, `${kind}_refused`, now, { refund: id, reason });
  if (findRefundable(tx, number)?.by !== 'link') {
    tx.note({ about: 'order', number });
    return;
  }
  tellDesk(tx, { chance: told.chance, told: told.desk }, number, now, {
    type: 'refund_refused',
    data: { refund: id, why: reason },
  });
}

function tellTerminal(tx: Transaction, row: OrderRow, refund: RefundRow, now: number): void {
  const { number, terminal } = row;
  const body: Refund = refundSchema.parse({
    ...{ order: number, refund: refund.id, amount_minor: refund.amount_minor, at: now },
    refunded_minor: refundedMinor(tx, number),
    currency: row.currency,
  });
  tx.outbox.add({
    ...{ terminal, kind: 'refund', order_number: number, body: JSON.stringify(body), at: now },
  });
  tx.note({ about: 'outbox', terminal });
  tx.note({ about: 'order', number });
}

function tellPayerAndDesk(
  tx: Transaction,
  told: Told,
  row: TelephoneOrderRow,
  refund: RefundRow,
  now: number,
): void {
  const { number } = row;
  const refunded_minor = refundedMinor(tx, number);
  tx.telephone.change(number, { refunded_minor });
  if (refunded_minor === row.amount_minor && refund.restock === 1) returnStock(tx, number, now);
  const currency: Currency = currencySchema.parse(row.currency);
  sendRefund(tx, told.chance, row, { amount_minor: refund.amount_minor, currency }, now);
  tellDesk(tx, { chance: told.chance, told: told.desk }, number, now, {
    type: refund.kind === 'void' ? 'voided' : 'refunded',
    data: { refund: refund.id, given_back_minor: refund.amount_minor, refunded_minor },
  });
}
