/** What the pages of top-ups look like. */
import { groupOrderNumber } from '#device/codecs/order-number.ts';
import { type Language, otherOf } from '#device/messages/enrolment.ts';
import { type Currency, formatMoney } from '#device/messages/money.ts';
import type { TopUpRow } from '../store/tables-topups.ts';
import type { FramedPage } from '../web/frame.ts';
import { type Html, html } from '../web/html.ts';
import { facts } from '../web/slip.ts';
import { STYLE } from '../web/style.ts';
import { type TopUpWord, topUpSay as t } from './words.ts';

/** Asks for the page anew when there is something new; without scripts it does so by itself. */
const SCRIPT = `
const m=document.querySelector('[data-state]');let sent=0;
for(const f of document.forms)f.addEventListener('submit',()=>{sent=1});
if(m)(function poll(){setTimeout(()=>fetch(m.dataset.of).then(r=>r.json()).then(x=>{
if(x.state!=m.dataset.state&&!sent)location.replace(m.dataset.next);else poll()},poll),1500)})();
addEventListener('pageshow',p=>p.persisted&&location.reload())
`;

const TOP_UP_STYLE = `${STYLE}
a.pay{display:grid;place-items:center;text-decoration:none;border-radius:8px;margin:16px 0 0}
#card{letter-spacing:.04em;text-transform:uppercase}
form.foot{padding:4px;text-align:center}form.foot button{min-height:44px}
`;

const frame = (language: Language, title: string, path: string, body: Html): FramedPage => ({
  ...{ language, title, body, house: t(language, 'title'), style: TOP_UP_STYLE, script: SCRIPT },
  otherLanguage: `${path}?lang=${otherOf(language)}`,
});

export type TopUpField = 'card' | 'amount' | 'phone' | '';
export interface WishView {
  readonly language: Language;
  readonly card: string;
  readonly amount: string;
  readonly phone: string;
  readonly currency: string;
  /** Of this form: sent twice, it is one wish. */
  readonly key: string;
  readonly complaint: { readonly field: TopUpField; readonly word: TopUpWord } | null;
}

/** What is asked for: card, amount, and whose phone pays. */
export function wishPage(view: WishView): FramedPage {
  const { language, complaint, currency } = view;
  const blame = (field: TopUpField, hint: string): Html =>
    complaint?.field === field
      ? html` aria-invalid="true" aria-describedby="alert" autofocus`
      : html` aria-describedby="${hint}"`;
  const alert =
    complaint === null
      ? null
      : html`<p class="alert" role="alert" id="alert">${t(language, complaint.word)}</p>`;
  const body = html`${alert}<div class="slip"><h1>${t(language, 'title')}</h1><p class="soft">${t(language, 'says')}</p>
<form method="post" action="/top-up/orders?lang=${language}"><input type="hidden" name="key" value="${view.key}">
<label for="card">${t(language, 'card')}</label><input id="card" name="card" required maxlength="30" autocomplete="off" autocapitalize="characters" spellcheck="false" placeholder="HC…" value="${view.card}"${blame('card', 'card-hint')}>
<p class="soft" id="card-hint">${t(language, 'card_hint')}</p>
<label for="amount">${t(language, 'amount', { currency })}</label><input id="amount" name="amount" required inputmode="decimal" maxlength="12" autocomplete="off" value="${view.amount}"${blame('amount', 'card-hint')}>
<label for="phone">${t(language, 'phone')}</label><input id="phone" name="phone" type="tel" required maxlength="24" autocomplete="tel" value="${view.phone}"${blame('phone', 'phone-hint')}>
<p class="soft" id="phone-hint">${t(language, 'phone_hint')}</p><p></p><button class="pay">${t(language, 'go')}</button></form></div>`;
  return frame(language, t(language, 'title'), '/top-up', body);
}

const GOOD = new Set(['paid', 'due', 'loaded']);
const OPEN = new Set(['asked', 'unpaid', 'paid', 'due', 'refunding']);
const SECONDS = 3;

/** How far a top-up is. */
export function topUpPage(language: Language, row: TopUpRow): FramedPage {
  const { number, state, link } = row;
  const base = `/top-up/orders/${number}`;
  const next = `${base}?lang=${language}`;
  const amount = formatMoney({
    amount_minor: row.amount_minor,
    currency: row.currency as Currency,
  });
  const mark =
    state === 'asked' || state === 'unpaid'
      ? null
      : html`<div class="mark${GOOD.has(state) ? '' : ' bad'}" aria-hidden="true">${GOOD.has(state) ? '✓' : '✕'}</div>`;
  const pay =
    state !== 'unpaid' || link === null
      ? null
      : html`<a class="pay" href="${link}?lang=${language}">${t(language, 'pay', { amount })}</a>`;
  const cancel =
    state === 'unpaid'
      ? html`<form class="foot" method="post" action="${base}/cancel?lang=${language}"><button class="plain">${t(language, 'cancel')}</button></form>`
      : null;
  const again = OPEN.has(state)
    ? null
    : html`<p class="mid"><a href="/top-up?lang=${language}">${t(language, 'another')}</a></p>`;
  const live = OPEN.has(state) ? html` data-state="${state}"` : null;
  const body = html`<div data-of="${base}/state" data-next="${next}"${live}><div class="slip">${mark}<div class="mid" role="status"><h1>${t(language, state)}</h1><p>${t(language, `${state}_says`)}</p></div><p class="sum mid">${amount}</p>${facts(
    [
      [t(language, 'card'), `HC ${groupOrderNumber(row.card.slice(2))}`],
      [t(language, 'number'), groupOrderNumber(number)],
    ],
  )}${pay}</div>${cancel}${again}</div>`;
  const page = frame(language, t(language, state), base, body);
  if (!OPEN.has(state)) return page;
  return { ...page, refresh: { seconds: SECONDS, url: next, always: false } };
}
