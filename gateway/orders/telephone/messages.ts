/** What the payer of a telephone order is sent, in the transaction of the state that calls for it. */
import {
  type Currency,
  formatMinor,
  formatMoney,
  type Money,
  timesMinor,
} from '#device/messages/money.ts';
import { linesOf } from '../../catalogue/catalogue.ts';
import type { Chance } from '../../clock.ts';
import { addDelivery } from '../../notify/notifier.ts';
import { writeText } from '../../notify/texts.ts';
import type { TelephoneOrderRow } from '../../store/tables-centre.ts';
import type { Transaction } from '../../store/writer.ts';

/** Whose outbox the order centre's messages are in. */
export const CENTRE = 'order-centre';

/** Sends the link of an order that has one. */
export function sendLink(
  tx: Transaction,
  chance: Chance,
  row: TelephoneOrderRow & { readonly link: string },
  now: number,
): void {
  const minutes = Math.max(1, Math.round((row.expires_at - now) / 60_000));
  send(tx, chance, row, 'link', { link: row.link, minutes: String(minutes) }, now);
}

/** Sends the bill of a paid order. */
export function sendBill(
  tx: Transaction,
  chance: Chance,
  row: TelephoneOrderRow,
  now: number,
): void {
  send(tx, chance, row, 'paid', { payment: row.payment ?? '', payer: row.payer ?? '' }, now);
}

/** Tells how much of a paid order went back. */
export function sendRefund(
  tx: Transaction,
  chance: Chance,
  row: TelephoneOrderRow,
  back: Money,
  now: number,
): void {
  const more = { back: formatMoney(back), payment: row.payment ?? '', payer: row.payer ?? '' };
  send(tx, chance, row, 'refunded', more, now);
}

function send(
  tx: Transaction,
  chance: Chance,
  row: TelephoneOrderRow,
  what: 'link' | 'paid' | 'refunded',
  more: Readonly<Record<string, string>>,
  now: number,
): void {
  const { language, channel, number, email } = row;
  const currency = row.currency as Currency;
  const gaps = {
    merchant: oneLine(tx.products.merchantName(row.merchant) ?? ''),
    order: number,
    amount: formatMoney({ amount_minor: row.amount_minor, currency }),
    lines: writeLines(row),
    digits: row.phone.slice(-4),
    ...more,
  };
  const to = { owner: CENTRE, order_number: number };
  if (channel === 'sms') {
    const body = { text: writeText(language, `${what}_sms`, gaps) };
    addDelivery(tx, chance, { ...to, channel, recipient: row.phone, body }, now);
    return;
  }
  const body = {
    subject: writeText(language, `${what}_subject`, gaps),
    text: writeText(language, `${what}_text`, gaps),
  };
  addDelivery(tx, chance, { ...to, channel, recipient: email ?? '', body }, now);
}

function writeLines(row: TelephoneOrderRow): string {
  const currency = row.currency as Currency;
  return linesOf(row)
    .map(({ name_en, name_zh, quantity, unit_minor }) => {
      const name = row.language === 'en' ? name_en : name_zh;
      return `${quantity} × ${name}  ${formatMinor(timesMinor(unit_minor, quantity), currency)}`;
    })
    .join('\n');
}

/** A name with a line break in it would write headers of its own into a subject. */
const oneLine = (text: string): string => text.replace(/\s+/g, ' ');
