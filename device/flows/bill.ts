/** The itemised bill, row A9: the same lines on the screen and on paper. */
import { groupOrderNumber } from '../codecs/order-number.ts';
import type { Language, Stall } from '../messages/enrolment.ts';
import { formatMinor, formatMoney, timesMinor } from '../messages/money.ts';
import type { Order, Refund, Result, WebPaid } from '../messages/order.ts';
import type { PrintedReceipt } from '../ports/printer.ts';
import { textsIn } from '../words/catalogue.ts';
import { stallTime } from './stall-time.ts';

export interface BillLine {
  readonly label: string;
  /** Amount without a symbol, such as `9.00`. */
  readonly value: string;
}

/** One line for each line of the order; goods without a name are called by the catalogue's word. */
export function billLines(
  order: Pick<Order, 'lines' | 'currency'>,
  language: Language,
): BillLine[] {
  const { unnamedItem } = textsIn(language);
  return order.lines.map(({ name, quantity, unit_minor }) => {
    const each = quantity > 1 ? ` @ ${formatMinor(unit_minor, order.currency)}` : '';
    return {
      label: `${quantity} × ${name ?? unnamedItem}${each}`,
      value: formatMinor(timesMinor(unit_minor, quantity), order.currency),
    };
  });
}

/** The paper receipt of a paid order. */
export function printedBill(
  order: Order,
  result: Result,
  { language, time_zone }: Pick<Stall, 'language' | 'time_zone'>,
): PrintedReceipt {
  const texts = textsIn(language);
  const rows = [
    ...billLines(order, language),
    { label: texts.place, value: order.place.name },
    { label: texts.order, value: groupOrderNumber(order.number) },
    { label: texts.time, value: timeText(result.at, time_zone) },
    ...(result.payment === undefined ? [] : [{ label: texts.payment, value: result.payment }]),
    ...(result.payer === undefined ? [] : [{ label: texts.paidBy, value: result.payer }]),
  ];
  return {
    title: order.vendor,
    rows,
    total: { label: texts.total, value: formatMoney(order) },
    footer: [texts.thanks],
  };
}

/** The paper receipt of a web order that was paid here. */
export function printedWebPaid(
  paid: WebPaid,
  { vendor, language, time_zone }: Pick<Stall, 'vendor' | 'language' | 'time_zone'>,
): PrintedReceipt {
  const texts = textsIn(language);
  return {
    title: vendor,
    rows: [
      { label: texts.webOrder },
      ...billLines(paid, language),
      { label: texts.order, value: groupOrderNumber(paid.order) },
      { label: texts.time, value: timeText(paid.at, time_zone) },
      { label: texts.payment },
      { label: paid.payment },
      { label: texts.paidBy, value: paid.card },
    ],
    total: { label: texts.total, value: formatMoney(paid) },
    footer: [texts.thanks],
  };
}

/** The paper slip of money that went back. */
export function printedRefund(
  refund: Refund,
  { vendor, language, time_zone }: Pick<Stall, 'vendor' | 'language' | 'time_zone'>,
): PrintedReceipt {
  const texts = textsIn(language);
  const all = { amount_minor: refund.refunded_minor, currency: refund.currency };
  return {
    title: vendor,
    rows: [
      { label: texts.order, value: groupOrderNumber(refund.order) },
      // As long as a line of narrow paper.
      { label: refund.refund },
      { label: texts.time, value: timeText(refund.at, time_zone) },
      { label: texts.refundedInAll, value: formatMoney(all) },
    ],
    total: { label: texts.refunded, value: formatMoney(refund) },
    footer: [texts.refundNote],
  };
}

/** Date and time to the minute at the stall, with the zone's offset: proof beyond its street. */
export function timeText(ms: number, timeZone: string): string {
  const { minute, zone } = stallTime(timeZone);
  const offset = zone.formatToParts(ms).find((part) => part.type === 'timeZoneName');
  return `${minute.format(ms)} ${offset?.value ?? timeZone}`;
}
