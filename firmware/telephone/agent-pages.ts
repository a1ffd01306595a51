/** The agents' pages: a login that works without JavaScript, and the desk, which needs it for sound. */
import { type Language, otherOf } from '#device/messages/enrolment.ts';
import { DESK_WORDS, type DeskWords } from './desk-words.ts';

export type { Language };

export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "connect-src 'self'",
  "media-src 'self'",
  'img-src data:',
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const escapeText = (text: string): string =>
  text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);

const page = (language: Language, words: DeskWords, body: string, head = ''): string =>
  `<!doctype html>
<html lang="${language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>${words.title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/desk.css">
${head}
<body>
${body}
</body>
</html>`;

const languageLink = (language: Language): string =>
  `<a href="/?lang=${otherOf(language)}" lang="${otherOf(language)}" hreflang="${otherOf(language)}">${
    DESK_WORDS[otherOf(language)].language
  }</a>`;

/** `wrong`: why the last try did not work. */
export function loginPage(language: Language, wrong: string | null): string {
  const words = DESK_WORDS[language];
  const why = { wrong: words.wrong_token, away: words.away, slow_down: words.slow_down }[
    wrong ?? ''
  ];
  const alert = why === undefined ? '' : `<p class="alert" role="alert">${why}</p>`;
  const body = `<header><h1>${words.title}</h1>${languageLink(language)}</header>
<main class="login"><form method="post" action="/login?lang=${language}">
${alert}<label for="token">${words.token}</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<p class="soft">${words.token_hint}</p>
<button class="go">${words.log_in}</button></form></main>`;
  return page(language, words, body);
}

export function deskPage(language: Language, agent: string): string {
  const words = DESK_WORDS[language];
  const data = escapeText(JSON.stringify(words));
  const body = `<header><h1>${words.title}</h1><span id="line" class="pill" role="status">${words.connecting}</span>
<label class="ready"><input id="ready" type="checkbox" checked> ${words.ready}</label>
<span class="soft">${escapeText(agent)}</span>${languageLink(language)}
<form method="post" action="/logout?lang=${language}"><button class="plain">${words.log_out}</button></form></header>
<main id="desk" data-words="${data}" data-language="${language}">
<noscript><p class="alert">${words.needs_script}</p></noscript>
<p id="trouble" class="alert" role="alert" hidden></p>
<section id="ringing" aria-live="assertive" aria-label="${words.calls}"></section>
<section id="talk" aria-label="${words.call}" hidden>
<div class="bar"><h2 id="who"></h2><span id="clock" class="pill"></span><span id="keys" class="pill"></span>
<button id="mute" type="button" aria-pressed="false">${words.mute} <kbd>Alt+M</kbd></button>
<button id="hide" type="button" aria-pressed="false">${words.hide} <kbd>Alt+P</kbd></button>
<button id="assistant" type="button">${words.to_assistant}</button>
<button id="hang-up" type="button" class="stop">${words.hang_up} <kbd>Alt+H</kbd></button></div></section>
<section id="before" aria-labelledby="before-title" hidden><h2 id="before-title">${words.before}</h2>
<ol id="said" class="said" tabindex="0" aria-labelledby="before-title"></ol></section>
<div class="columns">
<section aria-labelledby="goods-title"><h2 id="goods-title">${words.products}</h2>
<label for="search">${words.search} <kbd>/</kbd></label>
<input id="search" type="search" autocomplete="off" aria-describedby="search-hint">
<p id="search-hint" class="soft">${words.search_hint}</p><ul id="products" class="list"></ul></section>
<section aria-labelledby="order-title"><h2 id="order-title">${words.order}</h2>
<form id="order"><ul id="lines" class="list"></ul><p id="total" class="total"></p>
<label for="phone">${words.phone}</label>
<input id="phone" type="tel" inputmode="tel" autocomplete="off" required maxlength="30">
<label for="email">${words.email}</label>
<input id="email" type="email" autocomplete="off" maxlength="200">
<label for="language">${words.message_language}</label>
<select id="language"><option value="en">English</option><option value="zh-CN">中文</option></select>
<button id="place" class="go">${words.place} <kbd>Alt+Enter</kbd></button></form></section>
<section aria-labelledby="orders-title"><h2 id="orders-title">${words.orders}</h2>
<ul id="orders" class="list" aria-live="polite"></ul>
<h2>${words.earlier}</h2><ul id="earlier" class="list"></ul>
<h2>${words.recordings}</h2>
<button id="refresh" type="button" class="plain">${words.refresh}</button>
<ul id="recordings" class="list"></ul></section></div></main>`;
  return page(language, words, body, '<script type="module" src="/desk.js"></script>');
}
