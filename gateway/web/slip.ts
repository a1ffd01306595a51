/** The paper slip that order, bill and refusal share. */
import { groupOrderNumber } from '#device/codecs/order-number.ts';
import type { Language } from '#device/messages/enrolment.ts';
import { type Currency, formatMoney, timesMinor } from '#device/messages/money.ts';
import type { OrderView } from '../orders/view.ts';
import { type Html, html } from './html.ts';
import { say } from './messages.ts';

/** Whatever has lines and an amount. */
export type Priced = Pick<OrderView, 'lines' | 'amount_minor' | 'currency'>;

/** The amount in figures that are read at arm's length. */
export const bigAmount = (order: Priced): Html => html`<p class="sum">${amountOf(order)}</p>`;

/** Items with quantity and price; nothing for a bare amount, which says all there is. */
export function itemTable(language: Language, order: Priced): Html | null {
  const { currency, lines } = order;
  if (lines.length === 1 && lines[0]?.name === undefined) return null;
  const rows = lines.map(({ name, quantity, unit_minor }) => {
    const total = formatMoney({ amount_minor: timesMinor(unit_minor, quantity), currency });
    const label = name ?? say(language, 'bare_amount');
    return html`<tr><td class="q">${quantity} ×<td>${label}<td>${total}`;
  });
  const foot = html`<tfoot><tr><th colspan="2" scope="row">${say(language, 'total')}<td>${amountOf(order)}`;
  return html`<table aria-label="${say(language, 'items')}"><tbody>${rows}${foot}</table>`;
}

export const amountOf = (order: { amount_minor: number; currency: Currency }): string =>
  formatMoney(order);

export const vendorHeading = (language: Language, order: OrderView): Html =>
  html`<h1>${order.vendor}</h1><p class="soft">${say(language, 'at_place', { place: order.place.name })}</p>`;

/** Label and value pairs in small print. */
export function facts(pairs: readonly (readonly [label: string, value: string | Html])[]): Html {
  return html`<dl>${pairs.map(([label, value]) => html`<dt>${label}<dd>${value}`)}</dl>`;
}

export const orderFact = (language: Language, number: string): readonly [string, string] => [
  say(language, 'order'),
  groupOrderNumber(number),
];

/** A moment by the stall's clock, readable in both languages: `2026-05-01 12:30 GMT+8`. */
export const writeTime = (at: number, timeZone: string): Html => {
  const parts = new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone, year: 'numeric', month: '2-digit', day: '2-digit' },
    ...{ hour: '2-digit', minute: '2-digit', timeZoneName: 'shortOffset' },
  }).formatToParts(at);
  const part = (type: string): string => parts.find((each) => each.type === type)?.value ?? '';
  const [day, hour] = [`${part('year')}-${part('month')}-${part('day')}`, part('hour')];
  const zone = timeZone === 'UTC' ? timeZone : part('timeZoneName');
  const iso = new Date(at).toISOString();
  return html`<time datetime="${iso}">${day} ${hour}:${part('minute')} ${zone}</time>`;
};
