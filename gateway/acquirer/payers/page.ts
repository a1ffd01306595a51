/** What a payer sees of their ways to pay. It works by forms alone, but for face and fingerprint. */
import { type Language, otherOf } from '#device/messages/enrolment.ts';
import type { FramedPage } from '../../web/frame.ts';
import { type Html, html } from '../../web/html.ts';
import { STYLE } from '../../web/style.ts';
import { SCRIPT } from '../links/script.ts';
import type { PayerView } from './desk.ts';
import { LEAST_PASSWORD } from './schemas.ts';
import { type PayerWord, payerSay as t } from './words.ts';

const PAYER_STYLE = `${STYLE}
section{background:var(--paper);border-radius:10px;padding:14px 18px 16px;margin:0 0 12px}
section form{padding:10px 0 0}section h2{display:flex;justify-content:space-between;gap:12px}
section h2 span{color:var(--soft);font-weight:400}
.do{width:100%;background:none;border:1.5px solid var(--soft);color:inherit;margin-top:10px}
.plain{min-height:44px}
li{display:flex;justify-content:space-between;align-items:center;gap:12px}
ul{list-style:none;margin:6px 0 0;padding:0}li form{padding:0}
.foot{text-align:center;padding:0 4px 28px}.top{padding:8px 4px 12px}
`;

export interface Complaint {
  readonly field: 'phone' | 'pin' | 'identity_number' | 'password' | '';
  readonly word: PayerWord;
}

export interface PayerPage {
  readonly language: Language;
  readonly complaint: Complaint | null;
  /** Whether something was just done. */
  readonly done: boolean;
}

const frame = (language: Language, title: string, body: Html): FramedPage => ({
  ...{ language, title, style: PAYER_STYLE, script: SCRIPT, house: t(language, 'house') },
  body: html`<div data-api="/payer" data-next="/payer?lang=${language}" data-done="/payer?lang=${language}" data-events="" data-state="">${body}</div>`,
  otherLanguage: `/payer?lang=${otherOf(language)}`,
});

const notice = ({ language, complaint, done }: PayerPage): Html | null => {
  if (complaint !== null) {
    return html`<p class="alert" role="alert" id="alert">${t(language, complaint.word)}</p>`;
  }
  return done ? html`<p role="status">${t(language, 'done')}</p>` : null;
};

const blame = ({ complaint }: PayerPage, field: Complaint['field']): Html | null =>
  complaint?.field === field ? html` aria-invalid="true" aria-describedby="alert" autofocus` : null;

const action = (page: PayerPage, what: string): string => `/payer/${what}?lang=${page.language}`;

export function logInPage(page: PayerPage, phone: string): FramedPage {
  const { language } = page;
  const title = t(language, 'title');
  const body = html`<form method="post" action="${action(page, 'log-in')}"><h1>${title}</h1>
<p class="soft">${t(language, 'log_in_says')}</p>${notice(page)}
<label for="phone">${t(language, 'phone')}</label>
<input id="phone" name="phone" type="tel" autocomplete="tel" required maxlength="30" value="${phone}"${blame(page, 'phone')}>
<label for="pin">${t(language, 'pin')}</label>
<input id="pin" name="pin" type="password" inputmode="numeric" pattern="[0-9]{4,12}" autocomplete="current-password" required maxlength="12"${blame(page, 'pin')}>
<button class="pay">${t(language, 'log_in')}</button></form>`;
  return frame(language, title, body);
}

const passwordField = (page: PayerPage, word: PayerWord): Html =>
  html`<label for="password">${t(page.language, word)}</label>
<input id="password" name="password" type="password" autocomplete="new-password" required minlength="${LEAST_PASSWORD}" maxlength="200"${page.complaint?.field === 'password' ? blame(page, 'password') : html` aria-describedby="hint"`}>
<p class="soft" id="hint">${t(page.language, 'password_says')}</p>`;

/** The first registration: who this is, and a password. */
export function whoPage(page: PayerPage, view: PayerView, name: string): FramedPage {
  const { language } = page;
  const body = html`<form method="post" action="${action(page, 'identity')}"><h1>${t(language, 'who')}</h1>
<p class="soft">${t(language, 'who_says')}</p>${notice(page)}
<label for="name">${t(language, 'name')}</label>
<input id="name" name="name" autocomplete="name" required maxlength="80" value="${name}">
<label for="identity_number">${t(language, 'identity_number')}</label>
<input id="identity_number" name="identity_number" autocomplete="off" required minlength="4" maxlength="40"${blame(page, 'identity_number')}>
${passwordField(page, 'password')}
<button class="pay">${t(language, 'register')}</button></form>${foot(page, view)}`;
  return frame(language, t(language, 'who'), body);
}

const foot = (page: PayerPage, { session }: PayerView): Html =>
  html`<form class="foot" method="post" action="${action(page, 'log-out')}"><p class="soft">${t(page.language, 'for_phone', { phone: session.masked })}</p><button class="plain">${t(page.language, 'log_out')}</button></form>`;

interface OfferedPlatform {
  readonly name: string;
  readonly title: string;
  /** The payer's account there, masked. */
  readonly account: string | null;
}

export interface Offered {
  /** Those that a payer may have an account at. */
  readonly platforms: readonly OfferedPlatform[];
  /** Whether face and fingerprint are possible at this address. */
  readonly passkeys: boolean;
}

export function waysPage(page: PayerPage, view: PayerView, offered: Offered): FramedPage {
  const { language } = page;
  const title = t(language, 'title');
  const ways = offered.platforms.map((each) => platformWay(page, view, each));
  const body = html`<div class="top"><h1>${title}</h1><p class="soft">${t(language, 'for_phone', { phone: view.session.masked })}</p>${notice(page)}</div>
${passwordWay(page, view)}${passkeyWay(page, view, offered.passkeys)}${ways}
<form class="foot" method="post" action="${action(page, 'log-out')}"><button class="plain">${t(language, 'log_out')}</button></form>`;
  return frame(language, title, body);
}

const contractOf = ({ contracts }: PayerView, method: string) =>
  contracts.find((each) => each.method === method);

const heading = ({ language }: PayerPage, text: string, set: boolean): Html =>
  html`<h2>${text}<span>${t(language, set ? 'is_set' : 'not_set')}</span></h2>`;

function endForm(page: PayerPage, contract: { readonly id: string } | undefined, method: string) {
  if (contract === undefined) return null;
  return html`<form method="post" action="${action(page, 'end')}"><input type="hidden" name="contract" value="${contract.id}">
<button class="plain">${t(page.language, 'end', { method })}</button></form>`;
}

function passwordWay(page: PayerPage, view: PayerView): Html {
  const { language } = page;
  const contract = contractOf(view, 'password');
  const set = contract !== undefined;
  const name = t(language, 'password');
  return html`<section>${heading(page, name, set)}<form method="post" action="${action(page, 'password')}">
${passwordField(page, 'new_password')}<button class="do">${t(language, set ? 'change_password' : 'set_password')}</button></form>
${endForm(page, contract, name)}</section>`;
}

const day = (moment: number): string => new Date(moment).toISOString().slice(0, 10);

function passkeyWay(page: PayerPage, view: PayerView, possible: boolean): Html {
  const { language } = page;
  const name = t(language, 'passkeys');
  const contract = contractOf(view, 'passkey');
  const items = view.passkeys.map(
    ({ id, added_at }) =>
      html`<li><span>${t(language, 'passkey_since', { when: day(added_at) })}</span>
<form method="post" action="${action(page, 'remove-passkey')}"><input type="hidden" name="passkey" value="${id}">
<button class="plain">${t(language, 'passkey_remove')}</button></form></li>`,
  );
  const add = possible
    ? html`<p role="status" id="said" data-none="${t(language, 'passkey_none')}" data-good="${t(language, 'passkey_added')}" hidden></p>
<button class="do" id="add" type="button" hidden>${t(language, 'passkey_add')}</button>`
    : null;
  return html`<section>${heading(page, name, contract !== undefined)}${items.length === 0 ? null : html`<ul>${items}</ul>`}
<p class="soft" id="needs">${t(language, 'passkey_needs')}</p>${add}${endForm(page, contract, name)}</section>`;
}

function platformWay(
  page: PayerPage,
  view: PayerView,
  { name, title, account }: OfferedPlatform,
): Html {
  const { language } = page;
  const contract = contractOf(view, `platform:${name}`);
  const says =
    contract === undefined
      ? t(language, 'no_account')
      : t(language, 'account_says', { account: account ?? '•••' });
  const field = `account-${name}`;
  return html`<section>${heading(page, title, contract !== undefined)}<p class="soft">${says}</p>
<form method="post" action="${action(page, 'account')}"><input type="hidden" name="platform" value="${name}">
<label for="${field}">${t(language, 'account_at', { platform: title })}</label>
<input id="${field}" name="account" autocomplete="off" required maxlength="100">
<button class="do">${t(language, contract === undefined ? 'name_account' : 'change_account')}</button></form>
${endForm(page, contract, title)}</section>`;
}
