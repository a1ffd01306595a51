/** A page of forms and links with its own style and script, for any organisation of the house. */
import { createHash } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import { type Language, otherOf } from '#device/messages/enrolment.ts';
import { Html, html } from './html.ts';

export interface FramedPage {
  readonly language: Language;
  readonly title: string;
  readonly style: string;
  /** Empty for a page without. */
  readonly script: string;
  readonly body: Html;
  /** Who shows it, in the page's head. */
  readonly house: string;
  /** This page in the other language; `null` where it can't be asked for again. */
  readonly otherLanguage: string | null;
  /** Seconds after which the page asks again by itself; `always` where there is a script, too. */
  readonly refresh?: { readonly seconds: number; readonly url: string; readonly always: boolean };
  /** Origins that a form of this page may lead to beside its own. */
  readonly leadsTo?: readonly string[];
}

const hash = (text: string): string =>
  `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Nothing but this page's own style and script, and nothing from or to anywhere else. */
function policyOf({ style, script, leadsTo = [] }: FramedPage): string {
  return [
    "default-src 'none'",
    `style-src ${hash(style)}`,
    ...(script === '' ? [] : [`script-src ${hash(script)}`, "connect-src 'self'"]),
    'img-src data:',
    // Browsers hold a form's redirect to this list as well.
    ['form-action', "'self'", ...new Set(leadsTo)].join(' '),
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

const NAMES: Readonly<Record<Language, string>> = { en: 'English', 'zh-CN': '中文' };

export function sendFramed(reply: FastifyReply, status: number, page: FramedPage): FastifyReply {
  return reply
    .code(status)
    .type('text/html; charset=utf-8')
    .header('content-language', page.language)
    .header('content-security-policy', policyOf(page))
    .header('referrer-policy', 'no-referrer')
    .send(write(page));
}

function write(page: FramedPage): string {
  const { language, title, style, script, body, house, otherLanguage, refresh } = page;
  const to = otherOf(language);
  const link = html`<a href="${otherLanguage ?? ''}" hreflang="${to}" lang="${to}">${NAMES[to]}</a>`;
  const meta =
    refresh === undefined
      ? null
      : html`<meta http-equiv="refresh" content="${refresh.seconds};url=${refresh.url}">`;
  return html`<!doctype html>
<html lang="${language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
${meta === null || refresh?.always === true || script === '' ? meta : html`<noscript>${meta}</noscript>`}
<style>${new Html(style)}</style>
<body>
<header><span class="soft">${house}</span>${otherLanguage === null ? null : link}</header>
<main>${body}</main>
${script === '' ? null : html`<script>${new Html(script)}</script>`}
</body>
</html>`.text;
}
