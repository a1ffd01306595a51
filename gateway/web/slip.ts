/** The paper slip that order, bill and refusal share. */
import { groupOrderNumber } from '#device/codecs/order-number.ts';
import type { Language } from '#device/messages/enrolment.ts';
import { type Currency, formatMoney, timesMinor } from '#device/messages/money.ts';
import type { OrderView } from '../orders/view.ts';
import { type Html, html } from './html.ts';
import { say } from './messages.ts';

/** Items with quantity and price, and the total in large figures. */
export function itemTable(language: Language, order: OrderView): Html {
  const { currency } = order;
  const rows = order.lines.map(({ name, quantity, unit_minor }) => {
    const total = formatMoney({ amount_minor: timesMinor(unit_minor, quantity), currency });
    const label = name ?? say(language, 'bare_amount');
    return html`<tr><td class="q">${quantity} ×<td>${label}<td>${total}`;
  });
  return html`<table aria-label="${say(language, 'items')}"><tbody>${rows}<tfoot><tr><th colspan="2" scope="row">${say(language, 'total')}<td>${amountOf(order)}</table>`;
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
