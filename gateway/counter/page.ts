/** What the counter's pages look like: signing in, what a cashier does, a card's way, a card. */
import { groupOrderNumber } from '#device/codecs/order-number.ts';
import { type Language, otherOf } from '#device/messages/enrolment.ts';
import { type Currency, formatMoney } from '#device/messages/money.ts';
import type { CardBrief } from '../settlement/gate.ts';
import type { FramedPage } from '../web/frame.ts';
import { type Html, html } from '../web/html.ts';
import { facts, writeTime } from '../web/slip.ts';
import { STYLE } from '../web/style.ts';
import type { CounterView } from './counter.ts';
import { type CounterWord, counterTrouble, counterSay as t } from './words.ts';

/** As the shop's: events, long polling where those fail; without scripts a refresh. */
const SCRIPT = `
const m=document.querySelector('[data-version]');if(m){const v=m.dataset.version,u=m.dataset.of;
let ok=0,sent=0;const go=n=>n!=v&&!sent&&location.replace(m.dataset.next);
const e=new EventSource(u+'/events');e.addEventListener('view',x=>{ok=1;go(x.lastEventId)});
const poll=()=>fetch(u+'/state?wait_s=20&version='+v).then(r=>r.ok?r.json():{version:''})
.then(x=>{go(x.version);x.version==v&&poll()},()=>setTimeout(poll,2000));
e.onerror=()=>{if(!ok){e.close();poll()}};
for(const f of document.forms)f.addEventListener('submit',()=>{sent=1})}
`;

const COUNTER_STYLE = `${STYLE}
.slip+.slip{margin-top:14px}.slip form{padding:10px 0 0}
#terminal{font-size:1.6rem;letter-spacing:.12em;text-align:center;font-variant-numeric:tabular-nums}
.two{display:grid;grid-template-columns:1fr 1fr;gap:10px}.two .pay{grid-column:1/3}
.quiet{width:100%;background:none;border:1.5px solid var(--soft);color:inherit;padding:0 12px}
.ask{display:flex;gap:8px;align-items:end}.ask div{flex:1;min-width:0}.ask .quiet{width:auto}
.last{list-style:none;margin:8px 0 0;padding:0}
.last li{border-top:1px solid var(--line);padding:9px 0;display:grid;grid-template-columns:1fr auto;
gap:0 12px;font-variant-numeric:tabular-nums}
.last p{margin:0;white-space:nowrap}.last p:nth-child(even){text-align:right}
.last p.wide-line{grid-column:1/3;text-align:left}.last form{grid-column:1/3;padding:6px 0 0}
.good{background:var(--go);color:var(--go-ink);border-radius:8px;padding:10px 14px;font-weight:600;
margin:0 0 14px}
.bar{display:flex;justify-content:space-between;align-items:center}.bar form{padding:0}
.bar button{min-height:44px}
@media(min-width:60rem){body:has(.wide) :is(main,header){max-width:54rem}
.wide{display:grid;grid-template-columns:1fr 1fr;gap:14px;align-items:start}
.wide>.bar,.wide>.alert,.wide>.good{grid-column:1/3;margin:0}.wide .slip+.slip{margin:0}}
`;

export const spaced = (number: string): string => number.replace(/^(\d{3})(?=\d{3}$)/, '$1 ');

const frame = (language: Language, title: string, path: string, body: Html): FramedPage => ({
  ...{ language, title, body, house: t(language, 'title') },
  ...{ style: COUNTER_STYLE, script: '', otherLanguage: `${path}?lang=${otherOf(language)}` },
});

export interface Complaint {
  readonly field: 'token' | 'terminal' | 'amount' | 'card' | '';
  readonly says: string;
}

const alert = (complaint: Complaint | null): Html | null =>
  complaint === null ? null : html`<p class="alert" role="alert" id="alert">${complaint.says}</p>`;

const blame = (complaint: Complaint | null, field: Complaint['field'], hint: string): Html =>
  complaint?.field === field
    ? html` aria-invalid="true" aria-describedby="alert" autofocus`
    : html` aria-describedby="${hint}"`;

export function signInPage(language: Language, complaint: Complaint | null): FramedPage {
  const body = html`${alert(complaint)}<div class="slip"><h1>${t(language, 'title')}</h1>
<form method="post" action="/counter/sign-in?lang=${language}"><label for="token">${t(language, 'token')}</label>
<input id="token" name="token" type="password" autocomplete="current-password" required maxlength="100"${blame(complaint, 'token', 'hint')}>
<p class="soft" id="hint">${t(language, 'token_hint')}</p><button class="pay">${t(language, 'sign_in')}</button></form></div>`;
  return frame(language, t(language, 'sign_in'), '/counter', body);
}

const bar = (language: Language, back: boolean): Html =>
  html`<div class="bar">${back ? html`<a href="/counter?lang=${language}">${t(language, 'back')}</a>` : html`<span></span>`}<form method="post" action="/counter/sign-out?lang=${language}"><button class="plain">${t(language, 'sign_out')}</button></form></div>`;

export interface DeskView {
  readonly language: Language;
  readonly terminal: string;
  readonly amount: string;
  readonly card: string;
  readonly currency: string;
  /** Names this try: pressing twice asks once. */
  readonly key: string;
  readonly complaint: Complaint | null;
}

/** What a cashier can do. */
export function deskPage(view: DeskView): FramedPage {
  const { language, complaint } = view;
  const button = (act: CounterView['act'], kind: string): Html =>
    html`<button class="${kind}" name="act" value="${act}">${t(language, act)}</button>`;
  const body = html`<div class="wide">${bar(language, false)}${alert(complaint)}<div class="slip"><h1>${t(language, 'at_terminal')}</h1>
<form method="post" action="/counter/works?lang=${language}"><input type="hidden" name="key" value="${view.key}">
<label for="terminal">${t(language, 'terminal')}</label>
<input id="terminal" name="terminal" inputmode="numeric" pattern="[0-9]{3}[ \\-]?[0-9]{3}" maxlength="7" autocomplete="off" required value="${spaced(view.terminal)}"${blame(complaint, 'terminal', 'where')}>
<p class="soft" id="where">${t(language, 'terminal_hint')}</p>
<label for="amount">${t(language, 'amount', { currency: view.currency })}</label>
<input id="amount" name="amount" inputmode="decimal" maxlength="12" autocomplete="off" value="${view.amount}"${complaint?.field === 'amount' ? blame(complaint, 'amount', '') : null}>
<p></p><div class="two">${button('load', 'pay')}${button('inspect', 'quiet')}${button('personalise', 'quiet')}</div></form></div>
<div class="slip"><h2>${t(language, 'by_number')}</h2>
<form class="ask" method="get" action="/counter/cards"><input type="hidden" name="lang" value="${language}"><div><label for="card">${t(language, 'card')}</label><input id="card" name="card" required maxlength="24" autocomplete="off" autocapitalize="characters" placeholder="HC…" value="${view.card}"${complaint?.field === 'card' ? blame(complaint, 'card', '') : null}></div><button class="quiet">${t(language, 'show')}</button></form></div></div>`;
  return frame(language, t(language, 'title'), '/counter', body);
}

const WAVE = html`<svg viewBox="0 0 48 48" width="72" height="72" fill="none" stroke="var(--go)" stroke-width="3" stroke-linecap="round" aria-hidden="true"><rect x="4" y="12" width="20" height="28" rx="3"/><path d="M29 20a9 9 0 0 1 0 12M34 16a15 15 0 0 1 0 20"/></svg>`;
const mark = (sign: string, bad: boolean): Html =>
  html`<div class="mark${bad ? ' bad' : ''}" aria-hidden="true">${sign}</div>`;

const SECONDS = { waiting: 2, working: 1 } as const;

/** How far it is with the card that a terminal asks for. */
export function workPage(language: Language, view: CounterView, version: string): FramedPage {
  const { id, state, trouble } = view;
  const base = `/counter/works/${id}`;
  const next = `${base}?lang=${language}`;
  const open = state === 'waiting' || state === 'working';
  const says = trouble === undefined || state !== 'waiting' ? null : `t_${trouble}`;
  const complaint: Complaint | null =
    says === null ? null : { field: '', says: counterTrouble(language, says, 't_failed') };
  const words = titleOf(language, view);
  const sign = open
    ? html`<p class="mid">${WAVE}</p>`
    : mark(state === 'done' ? '✓' : '✕', state === 'over');
  const tail = open
    ? html`<p class="soft mid">${t(language, 'live')}</p>`
    : state === 'over'
      ? html`<p class="mid">${t(language, 'over_says')}</p>`
      : null;
  const stop =
    state === 'waiting'
      ? html`<form method="post" action="${base}/withdrawal?lang=${language}"><button class="quiet">${t(language, 'cancel')}</button></form>`
      : null;
  const live = open ? html` data-version="${version}"` : null;
  const body = html`${bar(language, true)}<div data-of="${base}" data-next="${next}"${live}>${alert(complaint)}<div class="slip">${sign}<div class="mid" role="status"><h1>${words}</h1></div>${amounts(language, view)}${tail}${cardLink(language, view)}</div>${stop}</div>`;
  const page = { ...frame(language, words, base, body), script: open ? SCRIPT : '' };
  if (!open) return page;
  return { ...page, refresh: { seconds: SECONDS[state], url: next, always: false } };
}

function titleOf(language: Language, { state, act, terminal, declined }: CounterView): string {
  switch (state) {
    case 'waiting':
      return t(language, 'waiting', { number: spaced(terminal) });
    case 'working':
      return t(language, 'working');
    case 'over':
      return t(language, declined === true ? 'declined' : 'over');
    case 'done':
      return t(language, `done_${act}`);
  }
}

function amounts(language: Language, { amount_minor, balance_minor, currency }: CounterView): Html {
  const money = (minor: number): string => formatMoney({ amount_minor: minor, currency });
  const big =
    amount_minor === undefined ? null : html`<p class="sum mid">${money(amount_minor)}</p>`;
  const left =
    balance_minor === undefined ? [] : [[t(language, 'balance'), money(balance_minor)] as const];
  return html`${big}${left.length === 0 ? null : facts(left)}`;
}

const cardLink = (language: Language, { card, state }: CounterView): Html | null =>
  card === undefined || state !== 'done'
    ? null
    : html`<p class="mid"><a href="/counter/cards/${card}?lang=${language}">${spellCard(card)}</a></p>`;

/** `HC06 D2A8 …`: read out loud in fours. */
export const spellCard = (card: string): string => `HC ${groupOrderNumber(card.slice(2))}`;

export interface CardView {
  readonly language: Language;
  readonly card: CardBrief;
  readonly done: string | null;
  readonly complaint: Complaint | null;
  readonly timeZone: string;
  readonly key: string;
}

/** One card: what is on it, its last ten, and what can be done. */
export function cardPage(view: CardView): FramedPage {
  const { language, card, done, complaint } = view;
  const money = (minor: number): string =>
    formatMoney({ amount_minor: minor, currency: card.currency as Currency });
  const base = `/counter/cards/${card.card}`;
  const state: CounterWord = `state_${card.state}`;
  const about: [string, string][] = [
    [t(language, 'state'), t(language, state)],
    ...(card.because === undefined
      ? []
      : [[t(language, 'because'), card.because] as [string, string]]),
    ...(card.due_minor === 0
      ? []
      : [[t(language, 'due'), money(card.due_minor)] as [string, string]]),
    [t(language, 'most'), money(card.most_minor)],
  ];
  const good = done === null ? null : html`<p class="good" role="status">${done}</p>`;
  const body = html`<div class="wide">${bar(language, true)}${alert(complaint)}${good}<div class="slip"><h1>${spellCard(card.card)}</h1><p class="soft">${t(language, 'balance')}</p><p class="sum">${money(card.balance_minor)}</p>${facts(about)}${stateForm(view, base)}</div>
<div class="slip"><h2>${t(language, 'last')}</h2>${lastOf(view, base, money)}</div></div>`;
  return frame(language, spellCard(card.card), base, body);
}

function stateForm({ language, card }: CardView, base: string): Html | null {
  if (card.state === 'blocked') {
    return html`<form method="post" action="${base}/unblocking?lang=${language}"><button class="quiet">${t(language, 'unblock')}</button></form>`;
  }
  if (card.state !== 'active') return null;
  return html`<form class="ask" method="post" action="${base}/blocking?lang=${language}"><div><label for="because">${t(language, 'reason')}</label><input id="because" name="because" required maxlength="200" value="${t(language, 'reason_default')}"></div><button class="quiet">${t(language, 'block')}</button></form>`;
}

function lastOf(view: CardView, base: string, money: (minor: number) => string): Html {
  const { language, card, timeZone, key } = view;
  if (card.last.length === 0) return html`<p>${t(language, 'nothing_yet')}</p>`;
  const items = card.last.map((each) => {
    const sign = each.kind === 'debit' ? '−' : '+';
    const refund =
      each.left_minor === 0
        ? null
        : html`<form method="post" action="${base}/refunds?lang=${language}"><input type="hidden" name="key" value="${key}"><input type="hidden" name="order" value="${each.reference}"><button class="quiet">${t(language, 'refund', { amount: money(each.left_minor) })}</button></form>`;
    return html`<li><p>${t(language, `kind_${each.kind}`)}</p><p>${sign}${money(each.amount_minor)}</p><p class="soft">${writeTime(each.at, timeZone)}</p><p class="soft">${t(language, 'left', { amount: money(each.balance_minor) })}</p><p class="soft wide-line">${groupOrderNumber(each.reference)}</p>${refund}`;
  });
  return html`<ul class="last">${items}</ul>`;
}
