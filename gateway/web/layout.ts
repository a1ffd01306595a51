/** The frame of every page, and the headers that keep it to itself. */
import { createHash } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import { type Language, otherOf } from '#device/messages/enrolment.ts';
import { Html, html } from './html.ts';
import { say } from './messages.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';

const hash = (text: string): string =>
  `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Nothing but this page's own style and script, and nothing from or to anywhere else. */
const POLICY = [
  "default-src 'none'",
  `style-src ${hash(STYLE)}`,
  `script-src ${hash(SCRIPT)}`,
  "connect-src 'self'",
  'img-src data:',
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

export interface Page {
  readonly language: Language;
  readonly title: string;
  readonly body: Html;
  /** This page in the other language; `null` where it can't be asked for again. */
  readonly otherLanguage: string | null;
  /** For the script: where the order's events are, and where to go when it ends. */
  readonly live?: { readonly events: string; readonly next: string };
  /** Seconds after which the page asks again by itself. */
  readonly refresh_s?: number;
}

export function sendPage(reply: FastifyReply, status: number, page: Page): FastifyReply {
  return reply
    .code(status)
    .type('text/html; charset=utf-8')
    .header('content-language', page.language)
    .header('content-security-policy', POLICY)
    .header('referrer-policy', 'no-referrer')
    .header('permissions-policy', 'geolocation=(self)')
    .send(writePage(page));
}

function writePage(page: Page): string {
  const { language, title, body, otherLanguage, live, refresh_s } = page;
  const link = html`<a href="${otherLanguage ?? ''}" hreflang="${otherOf(language)}" lang="${otherOf(language)}">${say(language, 'other_language')}</a>`;
  return html`<!doctype html>
<html lang="${language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
${refresh_s === undefined ? null : html`<meta http-equiv="refresh" content="${refresh_s}">`}
<style>${new Html(STYLE)}</style>
<body data-events="${live?.events ?? ''}" data-next="${live?.next ?? ''}" data-wait="${say(language, 'position_wait')}" data-good="${say(language, 'position_good')}" data-none="${say(language, 'position_none')}" data-paying="${say(language, 'paying')}">
<header>${otherLanguage === null ? null : link}</header>
<main>${body}</main>
<script>${new Html(SCRIPT)}</script>
</body>
</html>`.text;
}
