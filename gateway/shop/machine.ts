/** What the machine in front of the customer says of a web order that was paid at its reader. */
import { stallSchema } from '#device/messages/enrolment.ts';
import type { WebPaid } from '#device/messages/order.ts';
import { linesOf } from '../catalogue/catalogue.ts';
import { addEvent } from '../orders/orders.ts';
import type { ShopOrderRow } from '../store/tables-shop.ts';
import type { Transaction } from '../store/writer.ts';

/**
 * Tells the merchant's own terminal, once, in the unit that knows the order as paid. A reader that
 * somebody else sells at says nothing: what is heard there is what was paid there.
 */
export function tellMachine(
  tx: Transaction,
  row: ShopOrderRow,
  { payment, card }: { readonly payment: string; readonly card: string },
  now: number,
): void {
  const terminal = row.terminal === null ? undefined : tx.terminals.find(row.terminal);
  if (terminal === undefined || terminal.vendor !== row.merchant) return;
  const { language } = stallSchema.parse(JSON.parse(terminal.stall));
  const paid: WebPaid = {
    ...{ order: row.number, amount_minor: row.amount_minor, payment, card },
    currency: row.currency as WebPaid['currency'],
    lines: linesOf(row).map(({ name_en, name_zh, quantity, unit_minor }) => ({
      name: (language === 'en' ? name_en : name_zh).slice(0, 60),
      ...{ quantity, unit_minor },
    })),
    at: Math.floor(now),
  };
  const about = { terminal: terminal.id, order_number: row.number };
  tx.outbox.add({ ...about, kind: 'web_paid', body: JSON.stringify(paid), at: Math.floor(now) });
  tx.note({ about: 'outbox', terminal: terminal.id });
}

/** The terminal has written it down: it need not be sent again. */
export function markWebPaidSeen(
  tx: Transaction,
  terminal: string,
  order: string,
  now: number,
): void {
  if (tx.outbox.webPaidDone(terminal, order)) addEvent(tx, order, 'told_at_machine', now, {});
}
