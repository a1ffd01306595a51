/** What the pairing page looks like at each step. */
import { type Language, otherOf } from '#device/messages/enrolment.ts';
import type { OrderView } from '../orders/view.ts';
import type { FramedPage } from '../web/frame.ts';
import { type Html, html } from '../web/html.ts';
import { say } from '../web/messages.ts';
import { PRINT_SCRIPT, printButton } from '../web/print.ts';
import { amountOf, bigAmount, facts, itemTable, orderFact } from '../web/slip.ts';
import { STYLE } from '../web/style.ts';
import type { PaymentPlatform } from './platforms/platform.ts';
import type { AttemptView, PairingView } from './view.ts';
import { pairingSay as t } from './words.ts';

/**
 * Asks for the page anew when there is something new: by events, by long polling where those fail.
 * Without JavaScript the page does so every few seconds.
 */
const SCRIPT = `
let sent=0;const m=document.querySelector('[data-version]');if(m){const v=m.dataset.version;let ok=0;
const go=n=>n!=v&&!sent&&location.replace(m.dataset.next);
const e=new EventSource('/v1/pairing/events');
e.addEventListener('view',x=>{ok=1;go(x.lastEventId)});
const poll=()=>fetch('/v1/pairing?wait_s=20&version='+v).then(r=>r.ok?r.json():{version:''})
.then(x=>{go(x.version);x.version==v&&poll()},()=>setTimeout(poll,2000));
e.onerror=()=>{if(!ok){e.close();poll()}};
addEventListener('pageshow',p=>p.persisted&&location.reload())}
${PRINT_SCRIPT}
for(const f of document.forms)f.addEventListener('submit',()=>{sent=1;setTimeout(()=>
f.querySelectorAll('button').forEach(b=>b.disabled=true))});
`;

const PAIRING_STYLE = `${STYLE}
.go{display:grid;place-items:center;text-decoration:none;border-radius:8px}
.two{width:100%;min-height:48px;margin-top:10px}
#number{font-size:1.6rem;letter-spacing:.12em;text-align:center;font-variant-numeric:tabular-nums}
.radio{display:flex;gap:10px;align-items:center;min-height:44px;font-size:1rem}
.radio input{width:22px;min-height:22px}
.mid.foot{margin-top:14px}
form.foot{padding:0 4px;text-align:center}
form.foot button{min-height:44px}
`;

export interface Framing {
  readonly language: Language;
  readonly complaint: {
    readonly field: 'phone' | 'pin' | 'number' | '';
    readonly says: string;
  } | null;
}

function frame(language: Language, title: string, body: Html): FramedPage {
  return {
    language,
    title,
    body,
    house: t(language, 'house'),
    style: PAIRING_STYLE,
    script: SCRIPT,
    otherLanguage: `/pair?lang=${otherOf(language)}`,
  };
}

const alert = (says: string | null): Html | null =>
  says === null ? null : html`<p class="alert" role="alert" id="alert">${says}</p>`;

const blame = ({ complaint }: Framing, field: string): Html | null =>
  complaint?.field === field ? html` aria-invalid="true" aria-describedby="alert" autofocus` : null;

export function logInPage(framing: Framing, typed: { phone: string; number: string }): FramedPage {
  const { language, complaint } = framing;
  const body = html`<div class="slip"><form method="post" action="/pair/log-in?lang=${language}">
<h1>${t(language, 'log_in')}</h1><p class="soft">${t(language, 'log_in_says')}</p>
${alert(complaint?.says ?? null)}<input type="hidden" name="number" value="${typed.number}">
<label for="phone">${t(language, 'phone')}</label>
<input id="phone" name="phone" type="tel" autocomplete="tel" required maxlength="30" value="${typed.phone}"${blame(framing, 'phone')}>
<label for="pin">${t(language, 'pin')}</label>
<input id="pin" name="pin" type="password" inputmode="numeric" pattern="[0-9]{4,12}" autocomplete="current-password" required maxlength="12"${blame(framing, 'pin')}>
<button class="pay">${t(language, 'log_in')}</button></form></div>`;
  return frame(language, t(language, 'log_in'), body);
}

export function numberPage(framing: Framing, view: PairingView, number: string): FramedPage {
  const { language, complaint } = framing;
  const ended =
    view.unpaired === undefined ? null : html`<p role="status">${t(language, view.unpaired)}</p>`;
  const body = html`<div class="slip"><form method="post" action="/pair/terminal?lang=${language}">
<h1>${t(language, 'connect')}</h1>${complaint === null ? ended : alert(complaint.says)}
<label for="number">${t(language, 'number')}</label>
<input id="number" name="number" inputmode="numeric" pattern="[0-9]{3}[ \\-]?[0-9]{3}" maxlength="7" autocomplete="off" required
 value="${number}"${complaint === null ? html` aria-describedby="hint"` : blame(framing, 'number')}>
<p class="soft" id="hint">${t(language, 'number_hint')}</p>
<button class="pay">${t(language, 'connect_button')}</button></form></div>
${foot(language, 'log-out')}`;
  return frame(language, t(language, 'connect'), body);
}

const foot = (language: Language, act: 'leave' | 'log-out'): Html =>
  html`<form class="foot" method="post" action="/pair/${act}?lang=${language}"><button class="plain">${t(language, act === 'leave' ? 'leave' : 'log_out')}</button></form>`;

export interface StepParts {
  readonly language: Language;
  readonly view: PairingView;
  readonly version: string;
  readonly platforms: readonly PaymentPlatform[];
  /** Names the next try: pressing twice asks once. */
  readonly key: string;
  readonly complaint: string | null;
}

/** How often the page asks anew where there is no JavaScript. */
const SECONDS = { wait: 3, confirm: 10, asking: 1, pay: 4, paid: 10, ended: 5 } as const;

/** The page of a paired phone, or of one that has just paid. */
export function stepPage(parts: StepParts): FramedPage {
  const { language, view, version } = parts;
  const next = `/pair?lang=${language}`;
  const { terminal, order, step } = view;
  const where =
    terminal === undefined
      ? null
      : html`<p class="soft">${t(language, 'connected_says', { number: terminal.number.replace(/^(...)/, '$1 '), place: terminal.place })}</p>`;
  const body = html`<div data-version="${version}" data-next="${next}">${alert(parts.complaint)}${bodyOf(parts)}
${where === null ? null : html`<div class="foot mid">${where}</div>`}${terminal === undefined ? html`<p class="mid"><a href="/pair?lang=${language}&amp;new=1">${t(language, 'connect')}</a></p>` : foot(language, 'leave')}</div>`;
  const origins = parts.platforms.map(({ pageOrigin }) => pageOrigin);
  const seconds = step === 'pair' ? 5 : SECONDS[step];
  return {
    ...frame(language, titleOf(parts, order), body),
    leadsTo: origins,
    refresh: { seconds, url: next, always: false },
  };
}

function titleOf({ language, view }: StepParts, order: OrderView | undefined): string {
  if (order === undefined) return t(language, 'wait');
  if (view.step === 'paid') return t(language, 'paid');
  if (view.step === 'ended' && order.state !== 'offered')
    return say(language, `state_${order.state}`);
  return t(language, 'confirm', { amount: amountOf(order), vendor: order.vendor });
}

function bodyOf(parts: StepParts): Html {
  const { language, view } = parts;
  const { order, attempt, terminal } = view;
  const slip = (inside: Html): Html => html`<div class="slip">${inside}</div>`;
  if (order === undefined) {
    const vendor = terminal?.vendor ?? '';
    return slip(html`${mark('…', false)}<div class="mid" role="status"><h1>${t(language, 'connected', { vendor })}</h1>
<p>${t(language, 'wait')}</p><p class="soft">${t(language, 'wait_says')}</p></div>`);
  }
  const title = platformTitle(parts, attempt);
  switch (view.step) {
    case 'asking':
      return html`${slip(what(parts, order))}<div class="mid" role="status"><h2>${t(language, 'asking')}</h2><p>${t(language, 'asking_says', { platform: title })}</p></div>`;
    case 'pay':
      return html`${slip(what(parts, order))}<form method="post" action="/pair/answer?lang=${language}">
<a class="pay go" href="${attempt?.page_url ?? ''}">${t(language, 'go_on', { platform: title })}</a>
<p class="soft mid">${t(language, 'go_on_says')}</p></form>`;
    case 'paid':
      return slip(bill(language, order));
    case 'ended':
      return slip(ended(language, order));
    default:
      return html`${slip(what(parts, order))}${confirmForm(parts, order)}`;
  }
}

const mark = (sign: string, bad: boolean): Html =>
  html`<div class="mark${bad ? ' bad' : ''}" aria-hidden="true">${sign}</div>`;

const platformTitle = ({ platforms }: StepParts, attempt: AttemptView | undefined): string =>
  platforms.find(({ name }) => name === attempt?.platform)?.title ?? platforms[0]?.title ?? '';

function what({ language }: StepParts, order: OrderView): Html {
  const amount = amountOf(order);
  return html`<h1>${t(language, 'confirm', { amount, vendor: order.vendor })}</h1>
<p class="soft">${say(language, 'at_place', { place: order.place.name })}</p>${bigAmount(order)}
${itemTable(language, order)}${facts([orderFact(language, order.number)])}`;
}

function confirmForm(parts: StepParts, order: OrderView): Html {
  const { language, view, platforms, key } = parts;
  const failed = view.attempt?.state === 'failed' ? view.attempt : null;
  const [only] = platforms;
  const why = failed?.reason === undefined ? '' : t(language, failed.reason);
  const platform = only?.title ?? '';
  const one = platforms.length === 1;
  const word = failed === null ? (one ? 'yes' : 'yes_plain') : one ? 'again' : 'again_plain';
  const choice = one
    ? null
    : html`<fieldset><legend>${t(language, 'with')}</legend>${platforms.map(
        ({ name, title }, at) =>
          html`<label class="radio"><input type="radio" name="platform" value="${name}"${(failed?.platform ?? platforms[0]?.name) === name || (failed === null && at === 0) ? html` checked` : null}>${title}</label>`,
      )}</fieldset>`;
  return html`<form method="post" action="/pair/answer?lang=${language}">
${failed === null ? null : alert(`${why} ${t(language, 'failed')}`.trim())}
<input type="hidden" name="order" value="${order.number}"><input type="hidden" name="key" value="${key}">${choice}
<button class="pay" name="answer" value="yes">${t(language, word, { platform })}</button>
<button class="plain two" name="answer" value="no">${t(language, 'no')}</button></form>`;
}

const writeTime = (at: number): Html => {
  const iso = new Date(at).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 16).replace('T', ' ')} UTC</time>`;
};

function bill(language: Language, order: OrderView): Html {
  return html`${mark('✓', false)}<div class="mid" role="status"><h1>${t(language, 'paid')}</h1>
<p>${say(language, 'paid_says', { vendor: order.vendor })}</p></div>${bigAmount(order)}<h2>${say(language, 'bill')}</h2>
<p>${order.vendor}</p><p class="soft">${say(language, 'at_place', { place: order.place.name })}</p>${itemTable(language, order)}
${facts([
  [say(language, 'paid_at'), writeTime(order.ended_at ?? order.recorded_at)],
  [say(language, 'payer'), order.payer ?? ''],
  [say(language, 'payment'), order.payment ?? ''],
  orderFact(language, order.number),
])}<p class="soft">${t(language, 'next')}</p><div class="print">${printButton(say(language, 'print'))}</div>`;
}

function ended(language: Language, order: OrderView): Html {
  if (order.state === 'offered') return html``;
  const good = order.state === 'paid';
  return html`${mark(good ? '✓' : '✕', !good)}<div class="mid" role="status"><h1>${say(language, `state_${order.state}`)}</h1>
<p>${say(language, `state_${order.state}_says`)}</p></div>${bigAmount(order)}${facts([orderFact(language, order.number)])}
<p class="soft">${t(language, 'next')}</p>`;
}
