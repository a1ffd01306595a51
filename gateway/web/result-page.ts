/** What became of it: the bill, or why nothing was taken. */
import { type Language, otherOf } from '#device/messages/enrolment.ts';
import { formatMoney } from '#device/messages/money.ts';
import type { OrderView } from '../orders/view.ts';
import { type Html, html } from './html.ts';
import type { Page } from './layout.ts';
import { say } from './messages.ts';
import { printButton } from './print.ts';
import { bigAmount, facts, itemTable, orderFact, writeTime } from './slip.ts';

export interface ResultView {
  readonly language: Language;
  readonly order: OrderView;
  /** This page's own path, with a query begun. */
  readonly path: string;
  /** Whether who looks is who paid: a stranger is told the state, not the bill. */
  readonly own: boolean;
  /** The stall's, such as `Asia/Shanghai`: what a bill's clock is set to. */
  readonly timeZone?: string;
  /** Where the order's events are while it is still open. */
  readonly events: string;
}

export function resultPage(view: ResultView): Page {
  const { language, order, path } = view;
  const head = {
    language,
    otherLanguage: `${path}&lang=${otherOf(language)}`,
    title: `${stateTitle(view)} · ${order.vendor}`,
  };
  if (order.state === 'offered') {
    const next = `${path}&lang=${language}`;
    const body = verdict('…', false, say(language, 'working'), [say(language, 'working_says')]);
    return { ...head, body: slip(body), live: { events: view.events, next }, refresh_s: 3 };
  }
  return { ...head, body: order.state === 'paid' && view.own ? bill(view) : ended(view) };
}

function stateTitle({ language, order, own }: ResultView): string {
  if (order.state === 'offered') return say(language, 'working');
  return order.state === 'paid' && own
    ? say(language, 'paid')
    : say(language, `state_${order.state}`);
}

const slip = (body: Html): Html => html`<div class="slip">${body}</div>`;

function verdict(mark: string, bad: boolean, title: string, says: readonly string[]): Html {
  return html`<div class="mark${bad ? ' bad' : ''}" aria-hidden="true">${mark}</div>
<div class="mid" role="status"><h1>${title}</h1>${says.map((text) => html`<p>${text}</p>`)}</div>`;
}

function bill({ language, order, timeZone = 'UTC' }: ResultView): Html {
  const paid = verdict('✓', false, say(language, 'paid'), [
    say(language, 'paid_says', { vendor: order.vendor }),
  ]);
  return html`<div class="slip">${paid}${bigAmount(order)}<h2>${say(language, 'bill')}</h2>
<p>${order.vendor}</p><p class="soft">${say(language, 'at_place', { place: order.place.name })}</p>
${itemTable(language, order)}
${facts([
  ...refunded(language, order),
  [say(language, 'paid_at'), writeTime(order.ended_at ?? order.recorded_at, timeZone)],
  [say(language, 'payer'), order.payer ?? ''],
  [say(language, 'payment'), order.payment ?? ''],
  orderFact(language, order.number),
])}</div><div class="print">${printButton(say(language, 'print'))}</div>`;
}

/** What went back since, where something did. */
const refunded = (language: Language, order: OrderView): [string, string][] =>
  order.refunded_minor === undefined
    ? []
    : [
        [
          say(language, 'refunded'),
          formatMoney({ amount_minor: order.refunded_minor, currency: order.currency }),
        ],
      ];

function ended({ language, order }: ResultView): Html {
  if (order.state === 'offered') return html``;
  const why = order.reason === undefined ? [] : [say(language, order.reason)];
  const says = [...why, say(language, `state_${order.state}_says`)];
  const title = say(language, `state_${order.state}`);
  const good = order.state === 'paid';
  return html`<div class="slip">${verdict(good ? '✓' : '✕', !good, title, says)}<h2>${order.vendor}</h2>
<p class="soft">${say(language, 'at_place', { place: order.place.name })}</p>${bigAmount(order)}
${itemTable(language, order)}${facts([orderFact(language, order.number)])}</div>`;
}

export interface RefusalView {
  readonly language: Language;
  readonly title: string;
  readonly says: string;
  /** Path of this page where it can be asked for again. */
  readonly path: string | null;
  /** Where trying again by itself may help. */
  readonly refresh_s: number | null;
  /** Nothing is there to wait for or to mend: the front page knows where everything is. */
  readonly leadsOn: boolean;
}

/** A refusal before there is an order to show. */
export function refusalPage(view: RefusalView): Page {
  const { language, title, says, path, refresh_s } = view;
  const link = html`<nav><a href="/?lang=${language}">${say(language, 'to_front')}</a></nav>`;
  const why = verdict(refresh_s === null ? '✕' : '…', true, title, [says]);
  return {
    language,
    title,
    otherLanguage: path === null ? null : `${path}?lang=${otherOf(language)}`,
    body: slip(view.leadsOn ? html`${why}${link}` : why),
    ...(refresh_s === null ? {} : { refresh_s }),
  };
}
