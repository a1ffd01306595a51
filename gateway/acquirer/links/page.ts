/** What a payer sees behind a payment link. Each page works by links and forms alone. */
import { z } from 'zod';
import { type Language, otherOf } from '#device/messages/enrolment.ts';
import { type Currency, formatMoney } from '#device/messages/money.ts';
import { orderLineSchema } from '#device/messages/order.ts';
import type { LinkPlatformRow, LinkRow, MerchantRow } from '../../store/tables-links.ts';
import type { FramedPage } from '../../web/frame.ts';
import { type Html, html } from '../../web/html.ts';
import { printButton } from '../../web/print.ts';
import { bigAmount, facts, itemTable, type Priced } from '../../web/slip.ts';
import { STYLE } from '../../web/style.ts';
import { isOwnOrder, shownOrder } from '../merchants/own-orders.ts';
import { SCRIPT } from './script.ts';
import { isLinkWord, type LinkWord, linkSay as t } from './words.ts';

const LINK_STYLE = `${STYLE}
.go{display:grid;place-items:center;text-decoration:none;border-radius:8px;margin:0 0 10px}
form .pay{margin-top:14px}nav{padding:16px 4px 28px}nav h2{margin-bottom:10px}
.way{background:none;color:inherit;border:1.5px solid var(--soft)}
.back{display:block;text-align:center;padding:13px;font-size:.9rem}
`;

export interface Platform {
  readonly name: string;
  readonly title: string;
  readonly pageOrigin: string;
}

export interface LinkView {
  readonly language: Language;
  readonly token: string;
  readonly row: LinkRow;
  readonly merchant: MerchantRow;
  /** Ids of those that can be picked here. */
  readonly methods: readonly string[];
  readonly platforms: readonly Platform[];
  /** What this phone began at a platform last. */
  readonly own: LinkPlatformRow | undefined;
}

/** What changes while a page is open, for one phone. */
export const stateOf = (row: LinkRow, own: LinkPlatformRow | undefined): string =>
  own === undefined || row.state !== 'open' ? row.state : `${row.state} ${own.state}`;

export interface Complaint {
  readonly field: 'phone' | 'password' | 'voucher' | 'code' | '';
  readonly says: string;
  /** Of docs/http.md or docs/voucher.md. */
  readonly code?: string;
}

const pricedOf = (row: LinkRow): Priced => ({
  lines: z.array(orderLineSchema).parse(JSON.parse(row.lines)),
  amount_minor: row.amount_minor,
  currency: row.currency as Currency,
});

const amountOf = (row: LinkRow): string =>
  formatMoney({ amount_minor: row.amount_minor, currency: row.currency as Currency });

const path = ({ token }: LinkView): string => `/pay/${token}`;
const at = (view: LinkView, query = ''): string => `${path(view)}?lang=${view.language}${query}`;

function frame(view: LinkView, title: string, body: Html, query = ''): FramedPage {
  const { language, platforms, row } = view;
  const next = at(view);
  const live = row.ended_at === null ? `/pay/${view.token}/events` : '';
  return {
    ...{ language, style: LINK_STYLE, script: SCRIPT, house: t(language, 'house') },
    title: `${title} · ${view.merchant.name}`,
    body: html`<div data-api="/pay/${view.token}" data-next="${at(view, query)}" data-done="${next}" data-events="${live}" data-state="${stateOf(row, view.own)}">${body}</div>`,
    otherLanguage: `${path(view)}?lang=${otherOf(language)}${query}`,
    leadsTo: platforms.map(({ pageOrigin }) => pageOrigin),
  };
}

const writeTime = (moment: number): Html => {
  const iso = new Date(moment).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 16).replace('T', ' ')} UTC</time>`;
};

function slip(view: LinkView): Html {
  const { language, row, merchant } = view;
  const priced = pricedOf(row);
  const address =
    merchant.address === '' ? [] : ([[t(language, 'address'), merchant.address]] as const);
  return html`<div class="slip"><h1>${merchant.name}</h1>${bigAmount(priced)}${itemTable(language, priced)}
${facts([
  [t(language, 'merchant_number'), merchant.number],
  ...address,
  [t(language, 'order'), shownOrder(row.order_number)],
  // The order centre ends its own sooner, and has told the payer when.
  ...(isOwnOrder(row.order_number)
    ? ([[t(language, 'open_until'), writeTime(row.expires_at)]] as const)
    : []),
])}</div>`;
}

const alertOf = (says: string | null, code = ''): Html | null =>
  says === null
    ? null
    : html`<p class="alert" role="alert" id="alert" data-code="${code}">${says}</p>`;

/** Why the last attempt failed, where the link is still good. */
function lastTrouble({ language, row, own }: LinkView): string | null {
  if (own?.reason != null && own.reason !== 'withdrawn') {
    return t(language, isLinkWord(own.reason) ? own.reason : 'not_made');
  }
  return row.reason !== null && isLinkWord(row.reason) ? t(language, row.reason) : null;
}

const methodName = (view: LinkView, method: string): string => {
  if (method === 'password') return t(view.language, 'password_method');
  if (method === 'passkey') return t(view.language, 'passkey_method');
  if (method === 'voucher') return t(view.language, 'voucher_method');
  return view.platforms.find(({ name }) => method === `platform:${name}`)?.title ?? method;
};

/** The payer picks a method; where there is one alone, that one is shown. */
export function choicePage(view: LinkView): FramedPage {
  const { language, row, methods } = view;
  const ways = methods.map(
    (method) =>
      html`<a class="pay go way" href="${at(view, `&method=${method}`)}">${methodName(view, method)}</a>`,
  );
  const body = html`${slip(view)}<nav aria-labelledby="how">${alertOf(lastTrouble(view))}
<h2 id="how">${t(language, 'choose')}</h2>${ways}
<a class="back" href="/payer?lang=${language}">${t(language, 'own_ways')}</a></nav>`;
  return frame(view, t(language, 'pay', { amount: amountOf(row) }), body);
}

/** The form of one method. */
export function methodPage(
  view: LinkView,
  method: string,
  typed: string,
  complaint: Complaint | null,
): FramedPage {
  const { language, row, methods } = view;
  const amount = amountOf(row);
  const back =
    methods.length < 2
      ? null
      : html`<a class="back" href="${at(view)}">${t(language, 'other_method')}</a>`;
  const alert = alertOf(complaint?.says ?? lastTrouble(view), complaint?.code);
  const form = formOf(view, method, typed, complaint, alert);
  const title = t(language, 'pay', { amount });
  return frame(view, title, html`${slip(view)}${form}${back}`, `&method=${method}`);
}

function formOf(
  view: LinkView,
  method: string,
  typed: string,
  complaint: Complaint | null,
  alert: Html | null,
): Html {
  const { language, row } = view;
  const amount = amountOf(row);
  if (method === 'passkey') {
    return html`<form>${alert}<p class="alert" role="alert" id="said" data-none="${t(language, 'passkey_none')}" hidden></p>
<p class="alert" id="needs">${t(language, 'passkey_needs')}</p>
<button class="pay" type="button" id="passkey" hidden>${t(language, 'passkey_pay', { amount })}</button></form>`;
  }
  const own = method === 'password' || method === 'voucher';
  const blame = (field: string): Html | null =>
    complaint?.field === field
      ? html` aria-invalid="true" aria-describedby="alert" autofocus`
      : null;
  const name = methodName(view, method);
  const button = t(language, own ? 'pay' : 'platform_pay', { amount, platform: name });
  // Who pays is told by the platform: there is nothing to type here.
  const fields = own
    ? method === 'voucher'
      ? voucherFields(language, typed, blame)
      : passwordFields(language, typed, blame)
    : html`<input type="hidden" name="method" value="${method}"><p class="soft">${t(language, 'platform_says')}</p>`;
  const action = `${path(view)}/${own ? method : 'platform'}?lang=${language}`;
  return html`<form method="post" action="${action}">${alert}
${fields}
<button class="pay">${button}</button></form>`;
}

type Blame = (field: string) => Html | null;

const passwordFields = (language: Language, typed: string, blame: Blame): Html =>
  html`<p class="soft">${t(language, 'log_in_says')}</p>
<label for="phone">${t(language, 'phone')}</label>
<input id="phone" name="phone" type="tel" autocomplete="tel" required maxlength="30" value="${typed}"${blame('phone')}>
<label for="password">${t(language, 'password')}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="200"${blame('password')}>`;

const voucherFields = (language: Language, typed: string, blame: Blame): Html =>
  html`<p class="soft">${t(language, 'voucher_says')}</p>
<label for="voucher">${t(language, 'voucher')}</label>
<input id="voucher" name="voucher" inputmode="numeric" autocomplete="off" required maxlength="20" value="${typed}"${blame('voucher')}>
<label for="code">${t(language, 'code')}</label>
<input id="code" name="code" inputmode="numeric" autocomplete="off" required maxlength="8"${blame('code')}>`;

function verdict(mark: string, bad: boolean, title: string, says: readonly string[]): Html {
  return html`<div class="mark${bad ? ' bad' : ''}" aria-hidden="true">${mark}</div>
<div class="mid" role="status"><h1>${title}</h1>${says.map((text) => html`<p>${text}</p>`)}</div>`;
}

/** The issuer has not answered yet: the page asks again by itself. */
export function workingPage(view: LinkView, platformPage: string | null): FramedPage {
  const { language, row, merchant } = view;
  const { own } = view;
  const by =
    row.state === 'open' && own !== undefined ? `platform:${own.platform}` : row.verified_by;
  const method = methodName(view, by ?? '');
  const says = t(language, platformPage === null ? 'working_says' : 'at_platform_says');
  // Nothing is bound yet: the payer may choose anew.
  const other =
    row.state === 'open' && view.methods.length > 1
      ? html`<a class="back" href="${at(view, '&method=other')}">${t(language, 'other_method')}</a>`
      : null;
  const go =
    platformPage === null
      ? null
      : html`<nav><a class="pay go" href="${platformPage}">${t(language, 'platform_pay', { platform: method })}</a>${other}</nav>`;
  const title = t(language, 'working');
  const body = html`<div class="slip">${verdict('…', false, title, [says])}<h2>${merchant.name}</h2>${bigAmount(pricedOf(row))}
${facts([[t(language, 'order'), shownOrder(row.order_number)]])}</div>${go}`;
  const seconds = platformPage === null ? 2 : 5;
  return { ...frame(view, title, body), refresh: { seconds, url: at(view), always: false } };
}

export interface Bill {
  /** Whether the payment was voided since, and what was given back of it. */
  readonly voided: boolean;
  readonly refunded_minor: number;
  readonly mayAddPasskey: boolean;
}

export function billPage(view: LinkView, bill: Bill): FramedPage {
  const { language, row, merchant } = view;
  const currency = row.currency as Currency;
  const title = t(language, bill.voided ? 'undone' : 'paid');
  const says = bill.voided
    ? t(language, 'undone_says')
    : t(language, 'paid_says', { merchant: merchant.name });
  const refunded =
    bill.refunded_minor === 0
      ? []
      : ([
          [t(language, 'refunded'), formatMoney({ amount_minor: bill.refunded_minor, currency })],
        ] as const);
  const body = html`<div class="slip">${verdict(bill.voided ? '↩' : '✓', bill.voided, title, [says])}${bigAmount(pricedOf(row))}
<h2>${t(language, 'bill')}</h2><p>${merchant.name}</p>${itemTable(language, pricedOf(row))}
${facts([
  [t(language, 'paid_at'), writeTime(row.ended_at ?? row.made_at)],
  [t(language, 'payer'), row.paid_from ?? ''],
  [t(language, 'payment'), row.attempt ?? ''],
  ...refunded,
  [t(language, 'merchant_number'), merchant.number],
  [t(language, 'order'), shownOrder(row.order_number)],
])}</div><div class="print">${bill.mayAddPasskey ? addPasskey(language) : null}
${printButton(t(language, 'print'))}</div>`;
  return frame(view, title, body);
}

const addPasskey = (language: Language): Html =>
  html`<p role="status" id="said" data-none="${t(language, 'passkey_none')}" data-good="${t(language, 'added_passkey')}" hidden></p>
<p><button id="add" type="button" hidden>${t(language, 'add_passkey')}</button></p>`;

/** Nothing can be paid by this link any more. */
export function endedPage(view: LinkView): FramedPage {
  const { language, row, merchant } = view;
  const state = row.state === 'failed' || row.state === 'closed' ? row.state : 'expired';
  const reason: LinkWord | null =
    row.state !== 'failed' || row.reason === null
      ? null
      : row.reason === 'closed'
        ? 'closed_paid'
        : isLinkWord(row.reason)
          ? row.reason
          : null;
  const why = reason === null ? [] : [t(language, reason)];
  const title = t(language, state);
  const says = [...why, t(language, `${state}_says`)];
  const body = html`<div class="slip">${verdict('✕', true, title, says)}<h2>${merchant.name}</h2>
${bigAmount(pricedOf(row))}${facts([[t(language, 'order'), shownOrder(row.order_number)]])}</div>`;
  return frame(view, title, body);
}

/** A page that tells a stranger nothing of the order. */
export function refusalPage(
  language: Language,
  word: 'elsewhere' | 'unknown' | 'cookies',
): FramedPage {
  const body = html`<div><div class="slip">${verdict('✕', true, t(language, word), [t(language, `${word}_says`)])}</div></div>`;
  return {
    ...{ language, style: LINK_STYLE, script: '', house: t(language, 'house'), body },
    ...{ title: t(language, word), otherLanguage: `?lang=${otherOf(language)}` },
  };
}
