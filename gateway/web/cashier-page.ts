/** The page behind the QR: what is to be paid, to whom, and the form that pays it. */
import { type Language, otherOf } from '#device/messages/enrolment.ts';
import type { OrderView } from '../orders/view.ts';
import { type Html, html } from './html.ts';
import type { Page } from './layout.ts';
import { say } from './messages.ts';
import { amountOf, bigAmount, facts, itemTable, orderFact, vendorHeading } from './slip.ts';

export interface CashierForm {
  readonly language: Language;
  readonly order: OrderView;
  /** Of the URL. */
  readonly token: string;
  /** A bearer of scope `scan`. */
  readonly ticket: string;
  /** A bearer of scope `pay`, once presence was proved: digits are not asked for again. */
  readonly bearer: string | null;
  /** Name of this attempt: pressing twice pays once. */
  readonly key: string;
  /** ms that the order is still open. */
  readonly leftMs: number;
  readonly phone: string;
  /** With what the payer pays. */
  readonly by: 'account' | 'voucher';
  /** A voucher's number as it was typed. */
  readonly voucher: string;
  readonly complaint: {
    readonly field: 'digits' | 'phone' | 'pin' | 'voucher';
    readonly says: string;
  } | null;
}

export function cashierPage(form: CashierForm): Page {
  const { language, order, token, ticket } = form;
  const here = `/p/${token}?ticket=${ticket}`;
  const amount = amountOf(order);
  return {
    language,
    title: `${say(language, 'pay', { amount })} · ${order.vendor}`,
    otherLanguage: `${here}&lang=${otherOf(language)}${form.by === 'voucher' ? '&by=voucher' : ''}`,
    live: {
      events: `/v1/orders/${order.number}/events?bearer=${ticket}`,
      next: `${here}&lang=${language}`,
    },
    body: html`<div class="slip">${vendorHeading(language, order)}${bigAmount(order)}${itemTable(language, order)}
${facts([
  [say(language, 'open_for'), timeLeft(form.leftMs)],
  orderFact(language, order.number),
])}</div>
<form id="pay" method="post" action="/p/${token}?lang=${language}">
${form.complaint === null ? null : html`<p class="alert" role="alert" id="alert">${form.complaint.says}</p>`}
<input type="hidden" name="ticket" value="${ticket}"><input type="hidden" name="key" value="${form.key}">
${form.bearer === null ? presenceFields(form) : html`<input type="hidden" name="bearer" value="${form.bearer}">`}
${form.by === 'account' ? accountFields(form) : voucherFields(form)}
<button class="pay">${say(language, 'pay', { amount })}</button>
<p class="mid"><a class="way" href="${here}&lang=${language}${form.by === 'account' ? '&by=voucher' : ''}">${say(language, form.by === 'account' ? 'by_voucher' : 'by_account')}</a></p>
</form>`,
  };
}

function timeLeft(ms: number): Html {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const text = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  return html`<span id="left" data-ms="${ms}" role="timer">${text}</span>`;
}

const blame = (form: CashierForm, field: string): Html | null =>
  form.complaint?.field === field
    ? html` aria-invalid="true" aria-describedby="alert" autofocus`
    : null;

function presenceFields(form: CashierForm): Html {
  const { language } = form;
  return html`<fieldset><legend>${say(language, 'here')}</legend>
<label for="digits">${say(language, 'digits')}</label>
<div class="row"><input id="digits" name="digits" inputmode="numeric" pattern="[0-9]{2}" maxlength="2" autocomplete="off" required${blame(form, 'digits')}>
<p class="soft">${say(language, 'digits_hint')}</p></div>
<button id="locate" class="plain" type="button" hidden>${say(language, 'use_position')}</button>
<p class="soft" id="where" role="status"></p>
<input type="hidden" name="latitude"><input type="hidden" name="longitude"><input type="hidden" name="accuracy_m"></fieldset>`;
}

function accountFields(form: CashierForm): Html {
  const { language } = form;
  return html`<fieldset><legend>${say(language, 'account')}</legend>
<label for="phone">${say(language, 'phone')}</label>
<input id="phone" name="phone" type="tel" autocomplete="tel" required maxlength="30" value="${form.phone}"${blame(form, 'phone')}>
<label for="pin">${say(language, 'pin')}</label>
<input id="pin" name="pin" type="password" inputmode="numeric" pattern="[0-9]{4,12}" autocomplete="current-password" required maxlength="12"${blame(form, 'pin')}></fieldset>`;
}

/** Instead of an account: a voucher's number and its beneficiary's code. */
function voucherFields(form: CashierForm): Html {
  const { language } = form;
  return html`<fieldset><legend>${say(language, 'voucher')}</legend><input type="hidden" name="by" value="voucher">
<label for="voucher">${say(language, 'voucher_number')}</label>
<input id="voucher" name="voucher" inputmode="numeric" autocomplete="off" required maxlength="20" value="${form.voucher}"${blame(form, 'voucher')}>
<label for="code">${say(language, 'voucher_code')}</label>
<input id="code" name="code" type="password" inputmode="numeric" pattern="[0-9]{6}" autocomplete="off" required maxlength="6"></fieldset>`;
}
