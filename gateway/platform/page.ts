/** What the platform's pages look like. */
import type { FastifyReply } from 'fastify';
import { type Language, otherOf } from '#device/messages/enrolment.ts';
import { type Currency, formatMoney } from '#device/messages/money.ts';
import type { PermissionRow } from '../store/tables-platform.ts';
import { sendFramed } from '../web/frame.ts';
import { type Html, html } from '../web/html.ts';
import { STYLE } from '../web/style.ts';
import type { PlatformCode } from './problems.ts';
import { platformSay as say } from './words.ts';

/** Its own colour, so that a payer sees whose page this is. */
const PLATFORM_STYLE = `${STYLE}
:root{--go:#5a35b0;--go-ink:#fff;--ground:#e9e5f3}
@media(prefers-color-scheme:dark){:root{--go:#b39bf5;--go-ink:#1d1038;--ground:#14111c}}
button.refuse{width:100%;min-height:48px;margin-top:12px}
`;

type Send = (reply: FastifyReply, status: number) => FastifyReply;

interface Framing {
  readonly language: Language;
  readonly house: string;
  readonly title: string;
  readonly body: Html;
  readonly otherLanguage: string | null;
  readonly leadsTo?: readonly string[];
}

const framed =
  (page: Framing): Send =>
  (reply, status) =>
    sendFramed(reply, status, { style: PLATFORM_STYLE, script: '', ...page });

const amountOf = (row: PermissionRow): string =>
  formatMoney({ amount_minor: row.amount_minor, currency: row.currency as Currency });

export interface FormView {
  readonly language: Language;
  readonly house: string;
  readonly row: PermissionRow;
  /** Masked account of whoever is signed in. */
  readonly holder: string | null;
  readonly typed: string;
  readonly complaint: 'wrong_password' | 'account_locked' | null;
}

export function formPage(view: FormView): Send {
  const { language, house, row, complaint } = view;
  const amount = amountOf(row);
  const here = `/pay/${row.permission}?lang=`;
  const body = html`<div class="slip"><h1>${say(language, 'to', { merchant: row.merchant })}</h1>
<p class="soft">${say(language, 'order', { order: row.order_number })}</p><p class="sum">${amount}</p></div>
<form method="post" action="${here}${language}">
${complaint === null ? null : html`<p class="alert" role="alert" id="alert">${say(language, complaint)}</p>`}
${view.holder === null ? accountField(view) : holderLine(language, view.holder)}
<label for="password">${say(language, 'password')}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="200"
 aria-describedby="${complaint === null ? 'hint' : 'alert hint'}"${complaint === null ? null : html` aria-invalid="true" autofocus`}>
<p class="soft" id="hint">${say(language, 'password_hint', { house })}</p>
<button class="pay" name="act" value="pay">${say(language, 'pay', { amount })}</button>
<button class="plain refuse" name="act" value="refuse" formnovalidate>${say(language, 'refuse')}</button>
</form>`;
  return framed({
    language,
    house,
    title: `${say(language, 'pay', { amount })} · ${house}`,
    body,
    otherLanguage: here + otherOf(language),
    leadsTo: [new URL(row.return_url).origin],
  });
}

const accountField = ({ language, typed }: FormView): Html =>
  html`<label for="account">${say(language, 'account')}</label>
<input id="account" name="account" autocomplete="username" autocapitalize="none" spellcheck="false" required maxlength="60" value="${typed}">`;

const holderLine = (language: Language, holder: string): Html =>
  html`<p>${say(language, 'as', { account: holder })}
<button class="plain" name="act" value="forget" formnovalidate>${say(language, 'other_account')}</button></p>`;

export interface EndView {
  readonly language: Language;
  readonly house: string;
  readonly row: PermissionRow;
  /** Where the payer came from. */
  readonly back: string;
}

export function resultPage({ language, house, row, back }: EndView): Send {
  const paid = row.state === 'paid';
  const says = paid
    ? say(language, 'paid_says', { merchant: row.merchant })
    : say(language, row.reason ?? 'expired');
  return framed({
    language,
    house,
    title: `${say(language, paid ? 'paid' : 'failed')} · ${house}`,
    otherLanguage: `/pay/${row.permission}?lang=${otherOf(language)}`,
    body: html`<div class="slip"><div class="mark${paid ? '' : ' bad'}" aria-hidden="true">${paid ? '✓' : '✕'}</div>
<div class="mid" role="status"><h1>${say(language, paid ? 'paid' : 'failed')}</h1><p>${says}</p></div>
<p class="sum">${amountOf(row)}</p><p class="mid"><a href="${back}">${say(language, 'back')}</a></p></div>`,
  });
}

export interface RefusalView {
  readonly language: Language;
  readonly house: string;
  readonly code: PlatformCode;
}

export const refusalPage = ({ language, house, code }: RefusalView): Send =>
  framed({
    language,
    house,
    title: `${say(language, 'refused')} · ${house}`,
    otherLanguage: null,
    body: html`<div class="slip"><div class="mark bad" aria-hidden="true">✕</div>
<div class="mid" role="status"><h1>${say(language, 'refused')}</h1><p>${say(language, code)}</p></div></div>`,
  });
