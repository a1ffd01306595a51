/** What the fund server's own people see. It works by forms and links alone. */
import { showVoucherNumber } from '#device/codecs/voucher.ts';
import type { Language } from '#device/messages/enrolment.ts';
import { type Currency, formatMoney } from '#device/messages/money.ts';
import type { VoucherRow } from '../store/tables-funds.ts';
import type { FramedPage } from '../web/frame.ts';
import { type Html, html } from '../web/html.ts';
import { facts, writeTime } from '../web/slip.ts';
import { alertAt, blame, CHOICES, type Named, type PartyPage } from './fields.ts';
import { historyRows } from './history-page.ts';
import { isOfficeWord, type OfficeWord, officeSay as t } from './office-words.ts';
import type { Overview, VoucherTrail } from './overview.ts';
import { day, frame, stateOf } from './page.ts';
import { frozenMinor } from './parts.ts';
import { fundSay } from './words.ts';

const money = (currency: Currency, amount_minor: number): string =>
  formatMoney({ currency, amount_minor });
const moment = (at: number): Html => writeTime(at, 'UTC');

/** A field of a form, what is wrong with it above, and what it takes below. */
function input(page: PartyPage, name: OfficeWord, more: Html, hint?: OfficeWord): Html {
  const { language, typed } = page;
  const says = hint === undefined ? null : html`<p class="soft">${t(language, hint)}</p>`;
  return html`${alertAt(page, name)}<label for="${name}">${t(language, name)}</label><input id="${name}" name="${name}" ${more} value="${typed?.[name] ?? ''}"${blame(page, name)}>${says}`;
}

export function officeSignIn(page: PartyPage): FramedPage {
  const { language } = page;
  const title = t(language, 'title');
  return frame(
    page,
    title,
    html`<form method="post" action="/vouchers/office/sign-in?lang=${language}"><h1>${title}</h1>
${input(page, 'token', html`type="password" autocomplete="current-password" required maxlength="100"`, 'token_hint')}<button class="pay">${t(language, 'sign_in')}</button></form>`,
  );
}

export interface OfficeView {
  readonly overview: Overview;
  readonly rows: readonly VoucherRow[];
  readonly next?: number | undefined;
  readonly parties: readonly Named[];
}

export function officePage(page: PartyPage, view: OfficeView): FramedPage {
  const { language } = page;
  const title = t(language, 'title');
  const body = html`<div class="top"><h1>${title}</h1></div>
${standing(language, view.overview)}${books(language, view.overview)}
<section><h2>${t(language, 'questions')}</h2>${openQuestions(language, view.overview)}</section>
${vouchers(page, view)}${parties(page, view.parties)}
<form method="post" action="/vouchers/office/sign-out?lang=${language}"><button class="plain">${t(language, 'sign_out')}</button></form>`;
  return frame(page, title, body);
}

function table(language: Language, heads: readonly OfficeWord[], rows: readonly Html[]): Html {
  const cells = heads.map((head) => html`<th scope="col">${t(language, head)}</th>`);
  return html`<table><thead><tr><td></td>${cells}</tr></thead><tbody>${rows}</tbody></table>`;
}

function standing(language: Language, { standing: rows }: Overview): Html {
  const lines = rows.map(
    ({ state, currency, count, face_minor, frozen_minor }) =>
      html`<tr><th scope="row">${stateOf(language, state)} · ${currency}</th><td>${count}</td><td>${money(currency, face_minor)}</td><td>${money(currency, frozen_minor)}</td></tr>`,
  );
  const body =
    rows.length === 0
      ? html`<p>${t(language, 'none_standing')}</p>`
      : table(language, ['how_many', 'sum', 'frozen'], lines);
  return html`<section class="wide"><h2>${t(language, 'standing')}</h2>${body}</section>`;
}

function books(language: Language, { books: rows }: Overview): Html {
  const lines = rows.map(
    ({ currency, issuer_owes_minor, owed_to_acquirer_minor, owed_to_parties_minor }) =>
      html`<tr><th scope="row">${currency}</th><td>${money(currency, issuer_owes_minor)}</td><td>${money(currency, owed_to_acquirer_minor)}</td><td>${money(currency, owed_to_parties_minor)}</td></tr>`,
  );
  const body =
    rows.length === 0
      ? html`<p>${t(language, 'no_books')}</p>`
      : table(language, ['issuer_owes', 'to_acquirer', 'to_parties'], lines);
  return html`<section class="wide"><h2>${t(language, 'books')}</h2>${body}</section>`;
}

function openQuestions(language: Language, { questions }: Overview): Html {
  const { open, oldest_at, about } = questions;
  if (oldest_at === undefined) return html`<p>${t(language, 'all_answered')}</p>`;
  const at = `${day(oldest_at)} UTC`;
  const links = about.map(
    ({ number, since }) =>
      html`<p><a class="no" href="/vouchers/office/${number}?lang=${language}">${showVoucherNumber(number)}</a> <span class="soft">${moment(since)}</span></p>`,
  );
  return html`<p>${t(language, 'open_questions', { count: String(open), at })}</p>${links}`;
}

function vouchers(page: PartyPage, { rows, next }: OfficeView): Html {
  const { language } = page;
  const items = rows.map(
    (row) =>
      html`<li><a href="/vouchers/office/${row.number}?lang=${language}"><b>${money(row.currency as Currency, row.face_minor)} ${row.currency}</b><span class="no">${showVoucherNumber(row.number)}</span><span class="soft">${stateOf(language, row.state)}</span><span class="soft">${row.issuing} → ${row.beneficiary}</span></a></li>`,
  );
  const older =
    next === undefined
      ? null
      : html`<p class="top"><a href="/vouchers/office?before=${next}&amp;lang=${language}">${t(language, 'older')}</a></p>`;
  return html`<section><h2>${t(language, 'vouchers')}</h2>
<form method="get" action="/vouchers/office"><input type="hidden" name="lang" value="${language}">${input(page, 'find', html`inputmode="numeric" autocomplete="off" required maxlength="20"`)}<button class="do">${t(language, 'show')}</button></form></section>
${items.length === 0 ? html`<p class="top">${t(language, 'none')}</p>` : html`<ul>${items}</ul>`}${older}`;
}

function parties(page: PartyPage, named: readonly Named[]): Html {
  const { language } = page;
  return html`<section><h2>${t(language, 'parties')}</h2>
<form method="post" action="/vouchers/office/renewals?lang=${language}">${named.length <= CHOICES ? eachParty(language, named) : oneParty(page)}</form>
<form method="post" action="/vouchers/office/parties?lang=${language}">${input(page, 'party', html`required maxlength="30" autocapitalize="none" autocomplete="off"`, 'party_hint')}${input(page, 'name', html`required maxlength="80" autocomplete="off"`)}${input(page, 'password', html`type="password" maxlength="200" autocomplete="new-password"`, 'password_hint')}<button class="do">${t(language, 'add')}</button></form></section>`;
}

function eachParty(language: Language, named: readonly Named[]): Html {
  const items = named.map(
    ({ id, name }) =>
      html`<tr><th scope="row">${name}<br><span class="soft">${id}</span></th><td><button class="plain" name="renewed" value="${id}" aria-label="${t(language, 'renew')}: ${name}">${t(language, 'renew')}</button></td></tr>`,
  );
  return html`<table><tbody>${items}</tbody></table>`;
}

/** Where there are so many that a page of all would be long to load and to read. */
const oneParty = (page: PartyPage): Html =>
  html`${input(page, 'renewed', html`required maxlength="30" autocapitalize="none" autocomplete="off"`)}<button class="do">${t(page.language, 'renew')}</button>`;

/** The one time that a token is shown. */
export function tokenPage(
  page: PartyPage,
  word: 'added' | 'is_renewed',
  name: string,
  token: string,
): FramedPage {
  const { language } = page;
  return frame(
    page,
    t(language, 'parties'),
    html`<section><p role="status">${t(language, word, { name })}</p><p class="no"><code>${token}</code></p></section>${back(language)}`,
  );
}

const back = (language: Language): Html =>
  html`<p class="top"><a href="/vouchers/office?lang=${language}">${t(language, 'back')}</a></p>`;

/** One voucher: who did what, and what was asked of the issuer. */
export function trailPage(
  page: PartyPage,
  row: VoucherRow,
  trail: VoucherTrail,
  nameOf: (party: string) => string,
): FramedPage {
  const { language } = page;
  const currency = row.currency as Currency;
  const shown = { language, currency, nameOf, timeOf: day };
  const events = historyRows(shown, trail.events);
  const questions = trail.questions.map(
    (each) =>
      html`<li><b>${questionKind(language, each.kind)}</b><br><span class="soft">${moment(each.begun_at)} · ${questionState(language, each)}</span></li>`,
  );
  const title = showVoucherNumber(row.number);
  const body = html`<div class="slip"><h1 class="no">${title}</h1><p class="soft">${stateOf(language, row.state)}</p><p class="sum">${money(currency, row.face_minor)}</p>
${facts([
  [t(language, 'frozen'), money(currency, frozenMinor(row))],
  ...(['issuing', 'paying', 'beneficiary'] as const).map(
    (role) => [fundSay(language, role), nameOf(row[role])] as const,
  ),
  ...(row.account_masked === null
    ? []
    : [[fundSay(language, 'account'), row.account_masked] as const]),
])}</div>
<section><h2>${fundSay(language, 'history')}</h2><ol class="past">${events}</ol></section>
<section><h2>${t(language, 'asked')}</h2>${questions.length === 0 ? html`<p>${t(language, 'nothing_asked')}</p>` : html`<ol class="past">${questions}</ol>`}</section>
${back(language)}`;
  return frame(page, title, body);
}

function questionKind(language: Language, kind: string): string {
  const word = `q_${kind}`;
  return isOfficeWord(word) ? t(language, word) : kind;
}

function questionState(
  language: Language,
  { said, next_at, tries }: VoucherTrail['questions'][number],
): string {
  if (said !== undefined || next_at === undefined) {
    const word = `said_${said}`;
    return isOfficeWord(word) ? t(language, word) : (said ?? '');
  }
  const at = `${new Date(next_at).toISOString().slice(11, 19)} UTC`;
  return t(language, 'waits', { tries: String(tries), at });
}
