/**
 * The kiosk page: a screen as HTML. The first answer is already the whole screen; the script only
 * puts newer ones in its place. Nothing is loaded from elsewhere.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Screen, Tone } from '#device/ports/display.ts';
import type { Key } from '#device/ports/keypad.ts';
import { drawQr } from './kiosk-qr.ts';
import { type Language, languageOf, OWN_WORDS, sentence } from './words.ts';

const asset = (name: string): string =>
  readFileSync(new URL(`./kiosk/${name}`, import.meta.url), 'utf8');

/** Style of texts that must fit: how many columns of an average letter they have. */
const FIT_COLUMNS = 24;
const fitRules = Array.from({ length: FIT_COLUMNS }, (_, at) => `.fit-${at + 1}{--n:${at + 1}}`);
/** Modules of the QR versions 1 to 40 with their quiet zone of four on each side. */
const qrRules = Array.from({ length: 40 }, (_, at) => `.v${at + 1}{--m:${25 + 4 * at}}`);

const STYLE = asset('screen.css') + fitRules.join('') + qrRules.join('');
const SCRIPT = asset('follow.js');
const ICONS = asset('icons.svg').trim();

const digest = (text: string): string => createHash('sha256').update(text).digest('base64');

/** Nothing but this page's own style and script, and no page around it but a local one. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${digest(STYLE)}'`,
  `script-src 'sha256-${digest(SCRIPT)}'`,
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  'frame-ancestors http://127.0.0.1:* http://localhost:*',
].join('; ');

/** Changes with the page itself: a browser that has another one loads this one. */
export const PAGE_VERSION = digest(STYLE + SCRIPT).slice(0, 12);

export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** Width of a text in average letters, Chinese ones counted twice, points and commas half. */
function columns(text: string): number {
  let width = 0;
  for (const character of text) {
    if (/[\u2e80-\uffef]/.test(character)) width += 1.8;
    else width += /[.,:;' il|]/.test(character) ? 0.5 : 1;
  }
  return Math.max(1, Math.min(FIT_COLUMNS, Math.ceil(width)));
}

const icon = (name: string): string => `<svg class="icon" aria-hidden="true">${name}</svg>`;
const use = (id: string): string => icon(`<use href="#${id}"/>`);

const TONE_ICONS: Record<Tone, string> = {
  plain: '',
  busy: use('busy'),
  good: use('good'),
  bad: use('bad'),
};

const MISSING_SHOWN = 2;

function missingBar(screen: Screen, language: Language): string {
  if (screen.missing.length === 0 && screen.online) return '';
  const words = OWN_WORDS[language];
  const offline = `<p class="offline">${use('offline')}${words.offline}</p>`;
  const items = screen.missing
    .slice(0, MISSING_SHOWN)
    .map(
      ({ organ, why, mend }) =>
        `<li><b class="organ">${escapeHtml(organ)}</b> ${escapeHtml(sentence(why))} · ` +
        `<i>${escapeHtml(sentence(mend))}</i></li>`,
    );
  const rest = screen.missing.slice(MISSING_SHOWN);
  const names = escapeHtml(rest.map(({ organ }) => organ).join(language === 'en' ? ', ' : '、'));
  if (rest.length > 0) items.push(`<li>+${rest.length} <b class="organ">${names}</b></li>`);
  const list = items.length === 0 ? '' : `${use('warn')}<ul>${items.join('')}</ul>`;
  return `<aside aria-label="${words.missing}">${screen.online ? '' : offline}${list}</aside>`;
}

const PAD: readonly Key[] = [
  ...(['7', '8', '9', 'back', '4', '5', '6', '+', '1', '2', '3', '-'] as const),
  ...(['.', '0', '*', '/', 'cancel', 'enter'] as const),
];

function pad(keys: readonly Key[], language: Language): string {
  const words = OWN_WORDS[language];
  const faces: Partial<Record<Key, { face: string; name: string }>> = {
    enter: { face: words.enter, name: words.enter },
    cancel: { face: words.cancel, name: words.cancel },
    back: { face: '⌫', name: words.back },
    '*': { face: '×', name: '×' },
    '/': { face: '÷', name: '÷' },
    '-': { face: '−', name: '−' },
  };
  const buttons = keys.map((key) => {
    const { face, name } = faces[key] ?? { face: key, name: key };
    return `<button name="key" value="${key}" class="k-${/\w/.test(key) ? key : 'sign'}" aria-label="${name}">${face}</button>`;
  });
  return `<form class="pad" method="post" action="/key">${buttons.join('')}</form>`;
}

/** `label  value` as a row with the value at its right edge; any other line, as of a menu, as it is. */
function lineItem(line: string): string {
  const [, label, value] = /^(?!\d+ {2})(.*\S) {2,}(\S+)$/.exec(line) ?? [];
  if (label === undefined || value === undefined) return `<li>${escapeHtml(line)}</li>`;
  return `<li><span>${escapeHtml(label)}</span> <b>${escapeHtml(value)}</b></li>`;
}

/** The symbol, or nothing where the text fits in none. */
function qrFigure(qr: string | undefined): string {
  if (qr === undefined) return '';
  try {
    return `<figure class="qr">${drawQr(qr)}</figure>`;
  } catch {
    return '';
  }
}

/** The part of the page that changes. A QR that fits in no symbol is left out. */
export function renderScreen(screen: Screen, touch: boolean): string {
  const language = languageOf(screen);
  const qr = qrFigure(screen.qr);
  const digits =
    qr === '' || screen.digits === undefined
      ? ''
      : `<p class="digits"><small>${OWN_WORDS[language].digits}</small>` +
        `<strong>${escapeHtml(screen.digits)}</strong></p>`;
  const shape = [
    screen.tone,
    ...(qr === '' ? [] : ['offers']),
    ...(touch ? ['touch'] : []),
    // Words alone, as of a menu, have the room of the amount.
    ...(qr === '' && screen.big === '' && !touch ? ['words'] : []),
  ].join(' ');
  return [
    `<main id="screen" lang="${language}" class="${shape}">`,
    qr,
    `<section><header>${TONE_ICONS[screen.tone]}<div class="title">`,
    `<h1 class="fit-${columns(screen.title)}">${escapeHtml(screen.title)}</h1></div></header>`,
    `<p class="big"><span class="fit-${columns(screen.big)}">${escapeHtml(screen.big)}</span></p>`,
    `<ul class="lines">${screen.lines.map(lineItem).join('')}</ul>`,
    `<div class="more">${digits}<p class="hint">${escapeHtml(screen.hint)}</p></div></section>`,
    touch ? pad(qr === '' ? PAD : ['cancel', 'enter'], language) : '',
    missingBar(screen, language),
    '</main>',
  ].join('');
}

/** What covers all when the terminal is gone: an old QR must never look alive. */
function goneCover(): string {
  const text = (['en', 'zh-CN'] as const).map((language) => {
    const { gone, goneWhy, goneMend } = OWN_WORDS[language];
    return `<div lang="${language}"><h2>${gone}</h2><p>${goneWhy}</p><p>${goneMend}</p></div>`;
  });
  return `<div id="gone" role="alert" hidden>${text.join('')}</div>`;
}

/** The whole page; without a script it loads itself anew every two seconds. */
export function renderPage(main: string): string {
  return (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Hawker</title>' +
    '<meta name="viewport" content="width=device-width,initial-scale=1">' +
    '<noscript><meta http-equiv="refresh" content="2"></noscript>' +
    `<style>${STYLE}</style></head><body data-version="${PAGE_VERSION}">${ICONS}${main}` +
    `${goneCover()}<script>${SCRIPT}</script></body></html>`
  );
}
