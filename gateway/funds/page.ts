/** What a party sees of all its vouchers. It works by forms alone. */
import { showVoucherNumber } from '#device/codecs/voucher.ts';
import { type Language, otherOf } from '#device/messages/enrolment.ts';
import { CURRENCIES, type Currency, formatMoney } from '#device/messages/money.ts';
import { maskPhone } from '../issuer/mask.ts';
import type { FramedPage } from '../web/frame.ts';
import { type Html, html } from '../web/html.ts';
import { STYLE } from '../web/style.ts';
import {
  alertAt,
  alertOf,
  blame,
  choices,
  chooseParty,
  field,
  type Named,
  type PartyPage,
  phoneAndPin,
} from './fields.ts';
import type { VoucherOutline, VoucherView } from './schemas.ts';
import { fundSay as t } from './words.ts';

const FUND_STYLE = `${STYLE}
section{background:var(--paper);border-radius:10px;padding:14px 18px 16px;margin:0 0 12px}
section form{padding:8px 0 0}section .alert{margin:14px 0 4px}.alert{scroll-margin-top:8px}[aria-invalid]{scroll-margin-top:8rem}ul{list-style:none;margin:0;padding:0}
li a{display:grid;grid-template-columns:1fr auto;gap:2px 12px;background:var(--paper);border-radius:10px;
padding:12px 18px;margin:0 0 8px;color:inherit;text-decoration:none}li b{font-size:1.15rem}
select{font:inherit;width:100%;min-height:48px;color:inherit;background:var(--paper);
border:1.5px solid var(--soft);border-radius:8px;padding:8px}
.check{display:flex;gap:10px;align-items:center;min-height:44px}.check input{width:22px;min-height:22px}
.do{width:100%;background:none;border:1.5px solid var(--soft);color:inherit;margin-top:10px}
.qr{display:block;width:min(100%,19rem);margin:14px auto 0}.top{padding:8px 4px 12px}.slip+section{margin-top:12px}
summary{min-height:44px;line-height:44px;cursor:pointer}.past{list-style:none;margin:4px 0 8px;padding:0}.past b{font-size:1rem}.past li{margin:0 0 8px}
.code{font-size:1.6rem;font-weight:700;letter-spacing:.12em}.no{font-variant-numeric:tabular-nums}
section table th{font-weight:400;text-align:left}section thead th{text-align:right;color:var(--soft);font-size:.85rem;padding-left:12px}
section table td{text-align:right;white-space:nowrap;padding-left:12px}.wide{overflow-x:auto}
section td form{padding:0}code,.soft,.past,form th{overflow-wrap:anywhere}
@media(min-width:60rem){main,header{max-width:44rem}}
@media print{section.act,.top,form{display:none}}
`;

/** A page of the fund server; {@link Complaint} and notice stand above it. */
export function frame(page: PartyPage, title: string, body: Html): FramedPage {
  const { language, path, complaint, notice } = page;
  const link = `${path}${path.includes('?') ? '&' : '?'}lang=${otherOf(language)}`;
  // Beside its field, where the page has that: a phone shows no more than the field's surroundings.
  const above = body.text.includes('id="alert"') ? null : alertOf(complaint);
  const said = html`${above}${notice === null ? null : html`<p role="status">${notice}</p>`}`;
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
    html`<div class="slip"><form method="post" action="/vouchers/log-in?lang=${language}"><h1>${title}</h1>
<label for="party">${t(language, 'party')}</label>
<input id="party" name="party" autocomplete="username" autocapitalize="none" required maxlength="30" value="${party}"${blame(page, 'party')}>
<label for="password">${t(language, 'password')}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="200"${blame(page, 'password')}>
<button class="pay">${t(language, 'log_in')}</button></form></div>`,
  );
}

export const stateOf = (language: Language, state: VoucherView['state']): string =>
  t(language, `s_${state}`);

/** What is left of one that was redeemed in part; else nothing. */
function leftOf(language: Language, { state, ...view }: VoucherOutline): string {
  const { amount_minor, redeemed_minor, currency } = view;
  if (state !== 'issued' || redeemed_minor === 0) return '';
  const left = formatMoney({ amount_minor: amount_minor - redeemed_minor, currency });
  return ` · ${t(language, 'left')} ${left}`;
}

export interface ListOf {
  readonly party: Named;
  readonly vouchers: readonly VoucherOutline[];
  readonly balances: readonly { readonly currency: Currency; readonly amount_minor: number }[];
  readonly others: readonly Named[];
  /** E.164; `null` where none is registered. */
  readonly phone: string | null;
  readonly key: string;
  /** Where the older ones begin; absent where these are all. */
  readonly next?: number | undefined;
}

export function partyList(page: PartyPage, list: ListOf): FramedPage {
  const { language } = page;
  const items = list.vouchers.map(
    (each) =>
      html`<li><a href="/vouchers/${each.number}?lang=${language}"><b>${formatMoney(each)} ${each.currency}</b><span class="no">${showVoucherNumber(each.number)}</span><span class="soft">${stateOf(language, each.state)}${leftOf(language, each)}</span><span class="soft">${each.beneficiary.name}</span></a></li>`,
  );
  const balances = list.balances.map(
    (each) =>
      html`<p><a href="/vouchers/entries?currency=${each.currency}&amp;lang=${language}">${t(language, 'balance', { amount: `${formatMoney(each)} ${each.currency}` })}</a></p>`,
  );
  const body = html`<div class="top"><h1>${t(language, 'title')}</h1><p class="soft">${list.party.name}</p>${balances}</div>
${items.length === 0 ? html`<p class="top">${t(language, 'none')}</p>` : html`<ul>${items}</ul>`}${olderLink(page, list)}
${newVoucher(page, list)}
${ownPhone(page, list.phone)}
<form method="post" action="/vouchers/log-out?lang=${language}"><button class="plain">${t(language, 'log_out')}</button></form>`;
  return frame(page, t(language, 'title'), body);
}

const olderLink = ({ language }: PartyPage, { next }: ListOf): Html | null =>
  next === undefined
    ? null
    : html`<p class="top"><a href="/vouchers?before=${next}&amp;lang=${language}">${t(language, 'older')}</a></p>`;

function newVoucher(page: PartyPage, { others, key }: ListOf): Html {
  const { language, typed } = page;
  const currencies = Object.keys(CURRENCIES).map((id) => ({ id, name: id }));
  const tick = (name: 'transferable' | 'partial'): Html => {
    const on = typed?.amount === undefined || typed[name] === '1';
    return html`<label class="check"><input type="checkbox" name="${name}" value="1"${on ? html` checked` : null}>${t(language, name)}</label>`;
  };
  return html`<section class="act"><h2>${t(language, 'new')}</h2>
<form method="post" action="/vouchers?lang=${language}"><input type="hidden" name="key" value="${key}">
${chooseParty(page, 'paying', others)}${chooseParty(page, 'beneficiary', others)}
${field(page, 'amount', html`inputmode="decimal" maxlength="12"`)}
${choices(page, 'currency', currencies)}
${field(page, 'days', html`type="number" min="1" max="1800"`, '30')}
${alertAt(page, 'memo')}<label for="memo">${t(language, 'memo')}</label><input id="memo" name="memo" maxlength="140" value="${typed?.memo ?? ''}"${blame(page, 'memo')}>
${tick('transferable')}${tick('partial')}<button class="pay">${t(language, 'ask')}</button></form></section>`;
}

/** The number whose orders this party's vouchers pay by link. */
function ownPhone(page: PartyPage, phone: string | null): Html {
  const { language } = page;
  const is =
    phone === null
      ? null
      : html`<p>${t(language, 'own_phone_is', { phone: maskPhone(phone) })}</p>`;
  return html`<section class="act"><h2>${t(language, 'own_phone')}</h2><p class="soft">${t(language, 'own_phone_says')}</p>${is}
<form method="post" action="/vouchers/phone?lang=${language}">${phoneAndPin(page)}<button class="do">${t(language, 'register')}</button></form></section>`;
}

export const day = (moment: number): string =>
  new Date(moment).toISOString().slice(0, 16).replace('T', ' ');

export const termsOf = (language: Language, { terms }: Pick<VoucherView, 'terms'>): string =>
  (['transferable', 'partial'] as const)
    .filter((each) => terms[each])
    .map((each) => t(language, each))
    .join(' · ') || '—';
