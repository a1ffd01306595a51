/** What a party sees of its vouchers. It works by forms alone. */
import { showVoucherNumber } from '#device/codecs/voucher.ts';
import type { Language } from '#device/messages/enrolment.ts';
import { CURRENCIES, type Currency, formatMoney } from '#device/messages/money.ts';
import type { FramedPage } from '../web/frame.ts';
import { type Html, html } from '../web/html.ts';
import { facts } from '../web/slip.ts';
import { STYLE } from '../web/style.ts';
import { voucherQr } from './qr.ts';
import type { Checked, VoucherView } from './schemas.ts';
import { type FundWord, isFundWord, fundSay as t } from './words.ts';

const FUND_STYLE = `${STYLE}
section{background:var(--paper);border-radius:10px;padding:14px 18px 16px;margin:0 0 12px}
section form{padding:8px 0 0}ul{list-style:none;margin:0;padding:0}
li a{display:grid;grid-template-columns:1fr auto;gap:2px 12px;background:var(--paper);border-radius:10px;
padding:12px 18px;margin:0 0 8px;color:inherit;text-decoration:none}li b{font-size:1.15rem}
select{font:inherit;width:100%;min-height:48px;color:inherit;background:var(--paper);
border:1.5px solid var(--soft);border-radius:8px;padding:8px}
.check{display:flex;gap:10px;align-items:center;min-height:44px}.check input{width:22px;min-height:22px}
.do{width:100%;background:none;border:1.5px solid var(--soft);color:inherit;margin-top:10px}
.qr{display:block;width:min(100%,19rem);margin:14px auto 0}.top{padding:8px 4px 12px}
.code{font-size:1.6rem;font-weight:700;letter-spacing:.12em}.no{font-variant-numeric:tabular-nums}
@media(min-width:60rem){main,header{max-width:44rem}}
@media print{section.act,.top,form{display:none}}
`;

export interface PartyPage {
  readonly language: Language;
  /** A sentence that went wrong. */
  readonly alert: string | null;
  readonly notice: string | null;
  /** Path of this page, for the other language. */
  readonly path: string;
}

export interface Named {
  readonly id: string;
  readonly name: string;
}

const swap = (language: Language): Language => (language === 'en' ? 'zh-CN' : 'en');

function frame(page: PartyPage, title: string, body: Html): FramedPage {
  const { language, path } = page;
  const link = `${path}${path.includes('?') ? '&' : '?'}lang=${swap(language)}`;
  const said = html`${page.alert === null ? null : html`<p class="alert" role="alert" id="alert">${page.alert}</p>`}${page.notice === null ? null : html`<p role="status">${page.notice}</p>`}`;
  return {
    ...{ language, title, style: FUND_STYLE, script: '', house: t(language, 'house') },
    body: html`${said}${body}`,
    otherLanguage: link,
  };
}

export function partyLogIn(page: PartyPage, party: string): FramedPage {
  const { language } = page;
  const title = t(language, 'title');
  return frame(
    page,
    title,
    html`<form method="post" action="/vouchers/log-in?lang=${language}"><h1>${title}</h1>
<label for="party">${t(language, 'party')}</label>
<input id="party" name="party" autocomplete="username" autocapitalize="none" required maxlength="30" value="${party}">
<label for="password">${t(language, 'password')}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="200">
<button class="pay">${t(language, 'log_in')}</button></form>`,
  );
}

const stateOf = (language: Language, state: VoucherView['state']): string =>
  t(language, `s_${state}`);

export interface ListOf {
  readonly party: Named;
  readonly vouchers: readonly VoucherView[];
  readonly balances: readonly { readonly currency: Currency; readonly amount_minor: number }[];
  readonly others: readonly Named[];
  readonly key: string;
}

export function partyList(page: PartyPage, list: ListOf): FramedPage {
  const { language } = page;
  const items = list.vouchers.map(
    (each) =>
      html`<li><a href="/vouchers/${each.number}?lang=${language}"><b>${formatMoney(each)}</b><span class="no">${showVoucherNumber(each.number)}</span><span class="soft">${stateOf(language, each.state)}</span><span class="soft">${each.beneficiary.name}</span></a></li>`,
  );
  const balances = list.balances.map(
    (each) => html`<p>${t(language, 'balance', { amount: formatMoney(each) })}</p>`,
  );
  const body = html`<div class="top"><h1>${t(language, 'title')}</h1><p class="soft">${list.party.name}</p>${balances}</div>
${items.length === 0 ? html`<p class="top">${t(language, 'none')}</p>` : html`<ul>${items}</ul>`}
${newVoucher(language, list)}
<form method="post" action="/vouchers/log-out?lang=${language}"><button class="plain">${t(language, 'log_out')}</button></form>`;
  return frame(page, t(language, 'title'), body);
}

const choices = (name: string, named: readonly Named[]): Html =>
  html`<select id="${name}" name="${name}" required>${named.map((each) => html`<option value="${each.id}">${each.name}</option>`)}</select>`;

const field = (language: Language, name: FundWord, more: Html): Html =>
  html`<label for="${name}">${t(language, name)}</label><input id="${name}" name="${name}" required ${more}>`;

function newVoucher(language: Language, { others, key }: ListOf): Html {
  const currencies = Object.keys(CURRENCIES).map((id) => ({ id, name: id }));
  const tick = (name: 'transferable' | 'partial'): Html =>
    html`<label class="check"><input type="checkbox" name="${name}" value="1" checked>${t(language, name)}</label>`;
  return html`<section class="act"><h2>${t(language, 'new')}</h2>
<form method="post" action="/vouchers?lang=${language}"><input type="hidden" name="key" value="${key}">
<label for="paying">${t(language, 'paying')}</label>${choices('paying', others)}
<label for="beneficiary">${t(language, 'beneficiary')}</label>${choices('beneficiary', others)}
${field(language, 'amount', html`inputmode="decimal" maxlength="12"`)}
<label for="currency">${t(language, 'currency')}</label>${choices('currency', currencies)}
${field(language, 'days', html`type="number" min="1" max="1800" value="30"`)}
<label for="memo">${t(language, 'memo')}</label><input id="memo" name="memo" maxlength="140">
${tick('transferable')}${tick('partial')}<button class="pay">${t(language, 'ask')}</button></form></section>`;
}

const day = (moment: number): string =>
  new Date(moment).toISOString().slice(0, 16).replace('T', ' ');

const termsOf = (language: Language, { terms }: Pick<VoucherView, 'terms'>): string =>
  (['transferable', 'partial'] as const)
    .filter((each) => terms[each])
    .map((each) => t(language, each))
    .join(' · ') || '—';

export interface OneOf {
  readonly view: VoucherView;
  readonly others: readonly Named[];
  readonly key: string;
  /** What a QR's URL begins with. */
  readonly url: string;
}

export function partyVoucher(page: PartyPage, { view, others, key, url }: OneOf): FramedPage {
  const { language } = page;
  const { currency } = view;
  const left = formatMoney({ amount_minor: view.amount_minor - view.redeemed_minor, currency });
  const frozen = formatMoney({ amount_minor: view.frozen_minor, currency });
  const reason = `r_${view.trouble}`;
  const trouble = view.trouble === undefined || !isFundWord(reason) ? null : t(language, reason);
  const title = `${t(language, 'number')} ${showVoucherNumber(view.number)}`;
  const code = view.code;
  const body = html`<div class="slip"><h1 class="no">${title}</h1><p class="soft">${stateOf(language, view.state)}${view.memo === '' ? '' : ` · ${view.memo}`}</p>
<p class="sum">${formatMoney(view)}</p>
${trouble === null ? null : html`<p class="alert">${t(language, 'rejected', { reason: trouble })}</p>`}
${facts([
  ...([[t(language, 'issuing'), view.issuing.name]] as const),
  ...([[t(language, 'paying'), view.paying.name]] as const),
  ...([[t(language, 'beneficiary'), view.beneficiary.name]] as const),
  ...([[t(language, 'left'), left]] as const),
  ...([[t(language, 'frozen'), frozen]] as const),
  ...([[t(language, 'terms'), termsOf(language, view)]] as const),
  ...([[t(language, 'expires'), `${day(view.expires_at)} UTC`]] as const),
  ...(view.account === undefined ? [] : ([[t(language, 'account'), view.account]] as const)),
  ...(code === undefined
    ? []
    : ([[t(language, 'code'), html`<span class="code">${code}</span>`]] as const)),
])}${view.token === undefined ? null : voucherQr(`${url}/v?t=${view.token}`, 'QR')}</div>
${view.may.map((action) => actionForm(language, view, action, others, key))}
<p class="top"><a href="/vouchers?lang=${language}">${t(language, 'back')}</a></p>`;
  return frame(page, title, body);
}

function actionForm(
  language: Language,
  view: VoucherView,
  action: string,
  others: readonly Named[],
  key: string,
): Html {
  const word = `a_${action}`;
  const says = isFundWord(word) ? t(language, word) : action;
  const path = `/vouchers/${view.number}/${action.replaceAll('_', '-')}?lang=${language}`;
  return html`<section class="act"><form method="post" action="${path}"><input type="hidden" name="key" value="${key}">${inputs(language, action, others)}<button class="do">${says}</button></form></section>`;
}

function inputs(language: Language, action: string, others: readonly Named[]): Html | null {
  switch (action) {
    case 'name_account':
      return html`${field(language, 'phone', html`type="tel" autocomplete="tel" maxlength="30"`)}${field(language, 'pin', html`type="password" inputmode="numeric" pattern="[0-9]{4,12}" autocomplete="off" maxlength="12"`)}${field(language, 'name', html`autocomplete="name" maxlength="80"`)}`;
    case 'redeem':
      return field(language, 'amount', html`inputmode="decimal" maxlength="12"`);
    case 'transfer':
      return html`<label for="beneficiary">${t(language, 'beneficiary')}</label>${choices('beneficiary', others)}`;
    default:
      return null;
  }
}

/** What anybody sees who scans a voucher's QR code. */
export function checkPage(page: PartyPage, checked: Checked): FramedPage {
  const { language } = page;
  const title = t(language, 'check_title');
  if (checked.said === 'forged') {
    return frame(
      page,
      title,
      html`<div class="slip"><div class="mark bad" aria-hidden="true">✕</div><h1 class="mid">${t(language, 'forged')}</h1><p>${t(language, 'forged_says')}</p></div>`,
    );
  }
  const { claims, state, left_minor, superseded } = checked;
  const { currency } = claims;
  const good = !superseded && left_minor > 0;
  const body = html`<div class="slip"><div class="mark${good ? '' : ' bad'}" aria-hidden="true">${good ? '✓' : '!'}</div><h1 class="mid">${t(language, 'genuine')}</h1>
<p class="sum">${formatMoney(claims)}</p>${superseded ? html`<p class="alert">${t(language, 'superseded')}</p>` : null}
${facts([
  [t(language, 'state'), stateOf(language, state)],
  [t(language, 'left'), formatMoney({ amount_minor: superseded ? 0 : left_minor, currency })],
  [t(language, 'issuing'), claims.issuing],
  [t(language, 'beneficiary'), claims.beneficiary],
  [t(language, 'terms'), termsOf(language, claims)],
  [t(language, 'expires'), `${day(claims.expires_at)} UTC`],
])}</div>`;
  return frame(page, title, body);
}
