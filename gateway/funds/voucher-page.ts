/** One voucher, as a party sees it: what it is, what the party may do now, and what was done. */
import { showVoucherNumber } from '#device/codecs/voucher.ts';
import { formatMoney } from '#device/messages/money.ts';
import type { FramedPage } from '../web/frame.ts';
import { type Html, html } from '../web/html.ts';
import { PRINT_SCRIPT, printButton } from '../web/print.ts';
import { facts } from '../web/slip.ts';
import { chooseParty, field, type Named, type PartyPage, phoneAndPin } from './fields.ts';
import { isEnded, RULES } from './flow.ts';
import { historySection } from './history-page.ts';
import { day, frame, stateOf, termsOf } from './page.ts';
import { voucherQr } from './qr.ts';
import type { VoucherEvent, VoucherView } from './schemas.ts';
import { isFundWord, fundSay as t } from './words.ts';

export interface OneOf {
  readonly view: VoucherView;
  readonly others: readonly Named[];
  readonly key: string;
  readonly history: readonly VoucherEvent[];
  readonly nameOf: (party: string) => string;
  /** What a QR's URL begins with. */
  readonly url: string;
}

/** Scheme and host in capitals, which a QR code writes shorter; a path has to stay as it is. */
const shout = (url: string): string =>
  url.replace(/^https?:\/\/[^/]+/, (origin) => origin.toUpperCase());

/** Whether anything can be had of it: before it is issued, and when it is over, nothing is left. */
const isGood = ({ issued_at, ended_at }: VoucherView): boolean =>
  issued_at !== undefined && ended_at === undefined;

export function partyVoucher(page: PartyPage, one: OneOf): FramedPage {
  const { view, others, key, url, history, nameOf } = one;
  const { language } = page;
  const { currency } = view;
  const left = formatMoney({ amount_minor: view.amount_minor - view.redeemed_minor, currency });
  const redeemed = formatMoney({ amount_minor: view.redeemed_minor, currency });
  const frozen = formatMoney({ amount_minor: view.frozen_minor, currency });
  const reason = `r_${view.trouble}`;
  // What was just said above is not said again.
  const said = page.complaint?.code === 'account_refused';
  const trouble = said || !isFundWord(reason) ? null : t(language, reason);
  const title = `${t(language, 'number')} ${showVoucherNumber(view.number)}`;
  const code = view.code;
  const body = html`<div class="slip"><h1 class="no">${title}</h1><p class="soft">${stateOf(language, view.state)}${view.memo === '' ? '' : ` · ${view.memo}`}</p>
<p class="sum">${formatMoney(view)}</p>
${trouble === null ? null : html`<p class="alert">${t(language, 'rejected', { reason: trouble })}</p>`}
${facts([
  ...([[t(language, 'issuing'), view.issuing.name]] as const),
  ...([[t(language, 'paying'), view.paying.name]] as const),
  ...([[t(language, 'beneficiary'), view.beneficiary.name]] as const),
  ...(isGood(view) ? ([[t(language, 'left'), left]] as const) : []),
  ...([[t(language, 'redeemed'), redeemed]] as const),
  ...([[t(language, 'frozen'), frozen]] as const),
  ...([[t(language, 'currency'), currency]] as const),
  ...([[t(language, 'terms'), termsOf(language, view)]] as const),
  ...([[t(language, 'expires'), `${day(view.expires_at)} UTC`]] as const),
  ...(view.account === undefined ? [] : ([[t(language, 'account'), view.account]] as const)),
  ...(code === undefined
    ? []
    : ([[t(language, 'code'), html`<span class="code">${code}</span>`]] as const)),
])}${view.qr === undefined ? null : voucherQr(`${shout(url)}/V/${view.qr}`, 'QR')}</div>
${view.qr === undefined ? null : html`<div class="print">${printButton(t(language, 'print'))}</div>`}
${view.may.map((action) => actionForm(page, view, action, others, key))}
${historySection({ language, currency, nameOf, timeOf: day }, history)}
<p class="top"><a href="/vouchers?lang=${language}">${t(language, 'back')}</a></p>`;
  return { ...frame(page, title, body), script: PRINT_SCRIPT };
}

function actionForm(
  page: PartyPage,
  view: VoucherView,
  action: string,
  others: readonly Named[],
  key: string,
): Html {
  const { language } = page;
  const word = `a_${action}`;
  const says = isFundWord(word) ? t(language, word) : action;
  const path = `/vouchers/${view.number}/${action.replaceAll('_', '-')}?lang=${language}`;
  const form = html`<form method="post" action="${path}"><input type="hidden" name="key" value="${key}">${inputs(page, view, action, others)}<button class="do">${says}</button></form>`;
  return html`<section class="act">${isFinal(action) ? folded(page, view, says, form) : form}</section>`;
}

/** Whether nothing comes after it. */
const isFinal = (action: string): boolean =>
  RULES.some((rule) => rule.action === action && isEnded(rule.to));

/** Two presses: what one by mistake would end does not come back. */
function folded(page: PartyPage, view: VoucherView, says: string, form: Html): Html {
  const { language } = page;
  const amount = formatMoney({ ...view, amount_minor: view.frozen_minor });
  const frees =
    view.frozen_minor === 0 ? '' : t(language, 'ends_frees', { amount, party: view.paying.name });
  return html`<details><summary>${says} …</summary><p class="soft">${t(language, 'ends_says')} ${frees}</p>${form}</details>`;
}

function inputs(
  page: PartyPage,
  view: VoucherView,
  action: string,
  others: readonly Named[],
): Html | null {
  const { language } = page;
  switch (action) {
    case 'name_account':
      return html`<p class="soft">${t(language, 'account_says')}</p>${phoneAndPin(page)}${field(page, 'name', html`autocomplete="name" maxlength="80"`)}`;
    case 'redeem': {
      const { currency, terms } = view;
      const amount = formatMoney({
        amount_minor: view.amount_minor - view.redeemed_minor,
        currency,
      });
      const says = t(language, terms.partial ? 'part_says' : 'whole_says', { amount });
      return html`${field(page, 'amount', html`inputmode="decimal" maxlength="12"`)}<p class="soft">${says} ${t(language, 'web_says')}</p>`;
    }
    case 'transfer':
      return chooseParty(page, 'beneficiary', others);
    default:
      return null;
  }
}
