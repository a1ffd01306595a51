/** What the shop's pages look like: goods, basket, payment at each step, bill. */
import { type Language, otherOf } from '#device/messages/enrolment.ts';
import { type Currency, formatMoney } from '#device/messages/money.ts';
import type { Product } from '../catalogue/catalogue.ts';
import type { FramedPage } from '../web/frame.ts';
import { type Html, html } from '../web/html.ts';
import { say } from '../web/messages.ts';
import { PRINT_SCRIPT, printButton } from '../web/print.ts';
import { bigAmount, facts, itemTable, orderFact, writeTime } from '../web/slip.ts';
import { STYLE } from '../web/style.ts';
import { MAX_OF_ONE, type ShopOrder } from './orders.ts';
import { shopTrouble, shopSay as t } from './words.ts';

/**
 * Asks for the page anew when there is something new: by events, by long polling where those fail.
 * Without JavaScript the page does so every few seconds.
 */
const SCRIPT = `
let sent=0;const m=document.querySelector('[data-version]');if(m){const v=m.dataset.version,u=m.dataset.of;
let ok=0;const go=n=>n!=v&&!sent&&location.replace(m.dataset.next);
const e=new EventSource(u+'/events');
e.addEventListener('view',x=>{ok=1;go(x.lastEventId)});
const poll=()=>fetch(u+'?wait_s=20&version='+v).then(r=>r.ok?r.json():{version:''})
.then(x=>{go(x.version);x.version==v&&poll()},()=>setTimeout(poll,2000));
e.onerror=()=>{if(!ok){e.close();poll()}};
addEventListener('pageshow',p=>p.persisted&&location.reload())}
${PRINT_SCRIPT}
for(const f of document.forms)f.addEventListener('submit',()=>{sent=1;setTimeout(()=>
f.querySelectorAll('button').forEach(b=>b.disabled=true))});
`;

const SHOP_STYLE = `${STYLE}
.goods{list-style:none;margin:12px 0 0;padding:0}
.goods li{display:grid;grid-template-columns:1fr auto;gap:2px 14px;align-items:center;padding:12px 0;
border-top:1px solid var(--line)}
.goods h2{grid-column:1}.goods p{grid-column:1;margin:0}.goods .much{grid-row:1/span 3;grid-column:2;
display:grid;justify-items:end;gap:4px;font-variant-numeric:tabular-nums}
.goods input{width:4.4rem;text-align:center}
.goods label{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.find{display:flex;gap:8px;align-items:end;padding:0 0 4px}.find div{flex:1}
.find button{background:none;border:1.5px solid var(--soft);color:inherit;padding:0 14px}
#number{font-size:1.6rem;letter-spacing:.12em;text-align:center;font-variant-numeric:tabular-nums}
.wave{width:96px;height:96px;margin:8px auto 12px;display:block;color:var(--go)}
.wave path{animation:w 1.6s infinite}.wave path:nth-child(3){animation-delay:.2s}
.wave path:nth-child(4){animation-delay:.4s}
@keyframes w{50%{opacity:.25}}@media(prefers-reduced-motion:reduce){.wave path{animation:none}}
form.foot{padding:0 4px;text-align:center}form.foot button{min-height:44px}
.slip+form{padding-top:12px}
`;

const nameIn = (language: Language, name: { en: string; zh: string }): string =>
  language === 'en' ? name.en : name.zh;
const spaced = (number: string): string => number.replace(/^(...)/, '$1 ');

interface Framing {
  readonly language: Language;
  readonly title: string;
  /** The shop's name. */
  readonly shop: string;
  /** Path with a query begun. */
  readonly path: string;
  readonly body: Html;
}

const frame = ({ language, title, shop, path, body }: Framing): FramedPage => ({
  ...{ language, title: `${title} · ${shop}`, body, house: shop },
  ...{ style: SHOP_STYLE, script: SCRIPT, otherLanguage: `${path}lang=${otherOf(language)}` },
});

const alert = (says: string | null): Html | null =>
  says === null ? null : html`<p class="alert" role="alert" id="alert">${says}</p>`;

/** What somebody has in the basket, by code. */
export type Picked = ReadonlyMap<string, number>;

export interface GoodsView {
  readonly language: Language;
  readonly merchant: string;
  readonly name: string;
  readonly goods: readonly Product[];
  readonly find: string;
  readonly picked: Picked;
  readonly complaint: string | null;
}

/** The query of a basket, such as `q.1=2&q.3=1`. */
export const writePicked = (picked: Picked): string =>
  [...picked].map(([code, count]) => `q.${encodeURIComponent(code)}=${count}`).join('&');

export function goodsPage(view: GoodsView): FramedPage {
  const { language, merchant, name, goods, find, picked, complaint } = view;
  const shown = new Set(goods.map(({ code }) => code));
  const kept = [...picked].filter(([code]) => !shown.has(code));
  const hidden = (pairs: readonly (readonly [string, number])[]): Html[] =>
    pairs.map(([code, count]) => html`<input type="hidden" name="q.${code}" value="${count}">`);
  const list = goods.map((each) => goodsItem(language, each, picked.get(each.code) ?? 0));
  const none =
    goods.length > 0
      ? null
      : html`<p>${t(language, 'nothing_found')} <a href="/shop/${merchant}?lang=${language}&amp;${writePicked(picked)}">${t(language, 'all_goods')}</a></p>`;
  const body = html`${alert(complaint)}<div class="slip"><h1>${name}</h1>
<form class="find" role="search" method="get" action="/shop/${merchant}"><input type="hidden" name="lang" value="${language}">${hidden([...picked])}
<div><label for="find">${t(language, 'find')}</label><input id="find" name="find" type="search" maxlength="60" value="${find}"></div><button>${t(language, 'find_button')}</button></form>${none}
<form id="basket" method="get" action="/shop/${merchant}/basket"><input type="hidden" name="lang" value="${language}">${hidden(kept)}
<ul class="goods">${list}</ul><button class="pay">${t(language, 'to_basket')}</button></form></div>`;
  const query = [writePicked(picked), find === '' ? '' : `find=${encodeURIComponent(find)}`];
  const path = `/shop/${merchant}?${query.filter((each) => each !== '').join('&')}&`;
  return frame({ language, title: name, shop: name, path: path.replace('?&', '?'), body });
}

function goodsItem(language: Language, product: Product, count: number): Html {
  const { code, stock, unit_minor, currency } = product;
  const name = nameIn(language, product.name);
  const price = formatMoney({ amount_minor: unit_minor, currency });
  const left =
    stock <= 10 ? t(language, stock === 0 ? 'sold_out' : 'left', { count: `${stock}` }) : '';
  const most = Math.min(stock, MAX_OF_ONE);
  const field =
    stock === 0
      ? null
      : html`<label for="q-${code}">${t(language, 'how_many', { name })}</label><input id="q-${code}" name="q.${code}" type="number" inputmode="numeric" min="0" max="${most}" value="${Math.min(count, most)}">`;
  return html`<li><h2>${name}</h2><p class="soft">${nameIn(language, product.service)}</p>${left === '' ? null : html`<p class="soft">${left}</p>`}<div class="much"><span>${price}</span>${field}</div>`;
}

export interface BasketView {
  readonly language: Language;
  readonly merchant: string;
  readonly name: string;
  readonly lines: readonly { product: Product; quantity: number }[];
  readonly amount_minor: number;
  readonly currency: Currency;
  readonly picked: Picked;
  /** Names this try: pressing twice orders once. */
  readonly key: string;
  readonly complaint: string | null;
}

export function basketPage(view: BasketView): FramedPage {
  const { language, merchant, name, lines, picked, key, complaint } = view;
  const priced = {
    ...{ amount_minor: view.amount_minor, currency: view.currency },
    lines: lines.map(({ product, quantity }) => ({
      ...{ name: nameIn(language, product.name), quantity, unit_minor: product.unit_minor },
    })),
  };
  const inputs = [...picked].map(
    ([code, count]) => html`<input type="hidden" name="q.${code}" value="${count}">`,
  );
  const back = `/shop/${merchant}?lang=${language}&${writePicked(picked)}`;
  const change = html`<p class="mid"><a href="${back}">${t(language, 'change')}</a></p>`;
  const body =
    lines.length === 0
      ? html`${alert(complaint)}<div class="slip"><h1>${t(language, 'basket')}</h1><p>${t(language, 'basket_empty')}</p></div>${change}`
      : html`${alert(complaint)}<div class="slip"><h1>${t(language, 'basket')}</h1>${itemTable(language, priced)}</div>
<form method="post" action="/shop/${merchant}/orders?lang=${language}">${inputs}<input type="hidden" name="key" value="${key}">
<button class="pay">${t(language, 'to_payment')}</button></form>${change}`;
  const path = `/shop/${merchant}/basket?${writePicked(picked)}&`;
  return frame({ language, title: t(language, 'basket'), shop: name, path, body });
}

export interface PaymentView {
  readonly language: Language;
  readonly order: ShopOrder;
  readonly version: string;
  /** Number of the terminal that this browser has proved to be near. */
  readonly reader: string | null;
  readonly typed: string;
  readonly complaint: { readonly field: 'number' | 'digits' | ''; readonly says: string } | null;
  readonly timeZone: string;
}

/** How often the page asks anew where there is no JavaScript. */
const SECONDS = { tap: 2, working: 1 } as const;

/** One order: payment at its step, or how it ended. */
export function paymentPage(view: PaymentView): FramedPage {
  const { language, order, version } = view;
  const base = `/shop/${order.merchant.id}/orders/${order.number}`;
  const next = `${base}?lang=${language}`;
  const live = order.step === 'over' ? null : html` data-version="${version}"`;
  const of = `/v1/shop/orders/${order.number}`;
  const body = html`<div data-of="${of}" data-next="${next}"${live}>${alertOf(view)}${stepOf(view, base)}</div>`;
  const seconds = order.step === 'tap' || order.step === 'working' ? SECONDS[order.step] : null;
  const titled = titleOf(view);
  return {
    ...frame({ language, title: titled, shop: order.merchant.name, path: `${base}?`, body }),
    ...(seconds === null ? {} : { refresh: { seconds, url: next, always: false } }),
  };
}

function titleOf({ language, order }: PaymentView): string {
  if (order.step === 'working') return t(language, 'keep');
  if (order.step === 'tap') return t(language, 'hold');
  if (order.step !== 'over') return t(language, 'payment');
  return order.state === 'paid' || order.state === 'expired' || order.state === 'cancelled'
    ? t(language, order.state)
    : t(language, 'payment');
}

function alertOf({ language, order, complaint }: PaymentView): Html | null {
  if (complaint !== null) return alert(complaint.says);
  if (order.step === 'working' || order.step === 'over') return null;
  if (order.state === 'unsure') return alert(t(language, 'unsure_says'));
  return alert(order.trouble === undefined ? null : shopTrouble(language, order.trouble));
}

const slip = (inside: Html): Html => html`<div class="slip">${inside}</div>`;

function what({ language, order }: PaymentView): Html {
  const lines = order.lines.map(({ name, quantity, unit_minor }) => ({
    ...{ name: nameIn(language, name), quantity, unit_minor },
  }));
  return html`${bigAmount({ ...order, lines })}${itemTable(language, { ...order, lines })}${facts([orderFact(language, order.number)])}`;
}

const WAVE = html`<svg class="wave" viewBox="0 0 48 48" fill="none" stroke="currentColor" stroke-width="3" stroke-linecap="round" aria-hidden="true"><rect x="4" y="12" width="20" height="28" rx="3"/><path d="M29 20a9 9 0 0 1 0 12"/><path d="M34 16a15 15 0 0 1 0 20"/><path d="M39 12a21 21 0 0 1 0 28"/></svg>`;

function stepOf(view: PaymentView, base: string): Html {
  const { language, order } = view;
  const number = spaced(order.reader ?? '');
  const cancel = order.state === 'unsure' ? null : foot(view, `${base}/cancel`, 'cancel');
  switch (order.step) {
    case 'choose':
      return html`${slip(html`<h1>${t(language, 'payment')}</h1>${what(view)}`)}${chooseForm(view, base)}${cancel}`;
    case 'digits':
      return html`${slip(html`<h1>${t(language, 'payment')}</h1>${what(view)}`)}${digitsForm(view, base, number)}${cancel}`;
    case 'tap': {
      const title = t(language, order.state === 'unsure' ? 'unsure' : 'hold');
      return html`${slip(html`${WAVE}<div class="mid" role="status"><h1>${title}</h1><p>${t(language, 'hold_says', { number })}</p></div>${what(view)}`)}${cancel}`;
    }
    case 'working':
      return slip(
        html`${WAVE}<div class="mid" role="status"><h1>${t(language, 'keep')}</h1><p>${t(language, 'keep_says')}</p></div>${what(view)}`,
      );
    case 'over':
      return order.state === 'paid' ? bill(view) : ended(view);
  }
}

const foot = ({ language }: PaymentView, action: string, word: 'cancel' | 'other_reader'): Html =>
  html`<form class="foot" method="post" action="${action}?lang=${language}"><button class="plain">${t(language, word)}</button></form>`;

function chooseForm(view: PaymentView, base: string): Html {
  const { language, reader, typed, complaint } = view;
  const says = html`<h2>${t(language, 'with_card')}</h2><p class="soft">${t(language, 'with_card_says')}</p>`;
  if (reader !== null) {
    return html`<form method="post" action="${base}/tap?lang=${language}">${says}<button class="pay">${t(language, 'tap_here', { number: spaced(reader) })}</button></form>${foot(view, `${base}/other-reader`, 'other_reader')}`;
  }
  const blame =
    complaint?.field === 'number'
      ? html` aria-invalid="true" aria-describedby="alert" autofocus`
      : html` aria-describedby="hint"`;
  return html`<form method="post" action="${base}/reader?lang=${language}">${says}
<label for="number">${t(language, 'number')}</label>
<input id="number" name="number" inputmode="numeric" pattern="[0-9]{3}[ \\-]?[0-9]{3}" maxlength="7" autocomplete="off" required value="${typed}"${blame}>
<p class="soft" id="hint">${t(language, 'number_hint')}</p><button class="pay">${t(language, 'this_reader')}</button></form>`;
}

function digitsForm({ language, complaint }: PaymentView, base: string, number: string): Html {
  const blame =
    complaint?.field === 'digits'
      ? html` aria-invalid="true" aria-describedby="alert"`
      : html` aria-describedby="hint"`;
  return html`<form method="post" action="${base}/digits?lang=${language}"><label for="digits">${t(language, 'digits')}</label>
<div class="row"><input id="digits" name="digits" inputmode="numeric" pattern="[0-9]{2}" maxlength="2" autocomplete="off" required autofocus${blame}>
<p class="soft" id="hint">${t(language, 'digits_says', { number })}</p></div><p></p><button class="pay">${t(language, 'go_on')}</button></form>`;
}

const mark = (sign: string, bad: boolean): Html =>
  html`<div class="mark${bad ? ' bad' : ''}" aria-hidden="true">${sign}</div>`;

function bill(view: PaymentView): Html {
  const { language, order, timeZone } = view;
  const { merchant, balance_minor, currency } = order;
  const left =
    balance_minor === undefined ? '' : formatMoney({ amount_minor: balance_minor, currency });
  return html`${slip(html`${mark('✓', false)}<div class="mid" role="status"><h1>${t(language, 'paid')}</h1>
<p>${t(language, 'paid_says', { merchant: merchant.name })}</p></div>${what(view)}${facts([
    [t(language, 'time'), writeTime(order.ended_at ?? order.created_at, timeZone)],
    [t(language, 'card'), (order.card ?? '').replace(/^card /, '')],
    [t(language, 'left_on_card'), left],
    [t(language, 'reference'), order.payment ?? ''],
  ])}<div class="print">${printButton(say(language, 'print'))}</div>`)}${again(view)}`;
}

function ended(view: PaymentView): Html {
  const { language, order } = view;
  const word = order.state === 'expired' ? 'expired' : 'cancelled';
  return html`${slip(html`${mark('✕', true)}<div class="mid" role="status"><h1>${t(language, word)}</h1>
<p>${t(language, `${word}_says`)}</p></div>${what(view)}`)}${again(view)}`;
}

const again = ({ language, order }: PaymentView): Html =>
  html`<p class="mid"><a href="/shop/${order.merchant.id}?lang=${language}">${t(language, 'shop_again')}</a></p>`;
