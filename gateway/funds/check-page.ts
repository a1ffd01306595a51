/** What anybody sees who scans a voucher's QR code, or types what is signed of it. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { showVoucherNumber } from '#device/codecs/voucher.ts';
import { formatMoney } from '#device/messages/money.ts';
import type { Core } from '../core.ts';
import { type FramedPage, sendFramed } from '../web/frame.ts';
import { html } from '../web/html.ts';
import { pageDoc } from '../web/page-docs.ts';
import { Problem } from '../web/problems.ts';
import { clientOf, languageOf } from '../web/requests.ts';
import type { RouteDoc } from '../web/routes.ts';
import { facts } from '../web/slip.ts';
import type { PartyPage } from './fields.ts';
import type { Funds } from './funds.ts';
import { day, frame, stateOf, termsOf } from './page.ts';
import type { Checked } from './schemas.ts';
import { fundSay as t } from './words.ts';

const LONGEST = 2000;

/** Both addresses: of the short form, and of the long one that older codes carry. */
export function addCheckPage(server: FastifyInstance, core: Core, funds: Funds): void {
  server.get<{ Params: { token: string } }>('/V/:token', (request, reply) => {
    const { token } = request.params;
    return answer(core, funds, request, reply, token, `/V/${encodeURIComponent(token)}`);
  });
  server.get<{ Querystring: { t?: unknown } }>('/v', (request, reply) => {
    const { t: given } = request.query;
    const token = typeof given === 'string' ? given : '';
    return answer(core, funds, request, reply, token, `/v?t=${encodeURIComponent(token)}`);
  });
}

function answer(
  core: Core,
  funds: Funds,
  request: FastifyRequest,
  reply: FastifyReply,
  token: string,
  path: string,
): FastifyReply {
  const checked = checkOnce(core, funds, request, token);
  const page = { language: languageOf(request), complaint: null, notice: null, path };
  return sendFramed(reply, checked.said === 'forged' ? 422 : 200, checkPage(page, checked));
}

/**
 * What is true of it; whoever shows too many that are not genuine has to wait. What is signed here was
 * not guessed: it is answered whoever else is behind the same address.
 */
export function checkOnce(
  core: Pick<Core, 'keys' | 'guesses'>,
  funds: Funds,
  request: FastifyRequest,
  token: string,
): Checked {
  const checked =
    token.length > LONGEST ? ({ said: 'forged' } as const) : funds.reading.check(token);
  if (checked.said === 'genuine') return checked;
  const client = clientOf(core, request);
  if (core.guesses.isOver(client)) throw new Problem('slow_down');
  core.guesses.count(client);
  return checked;
}

function checkPage(page: PartyPage, checked: Checked): FramedPage {
  const { language } = page;
  const title = t(language, 'check_title');
  if (checked.said === 'forged') {
    return frame(
      page,
      title,
      html`<div class="slip"><div class="mark bad" aria-hidden="true">✕</div><h1 class="mid">${t(language, 'forged')}</h1><p>${t(language, 'forged_says')}</p></div>`,
    );
  }
  const { claims, state, left_minor, superseded } = checked;
  const { currency } = claims;
  const good = left_minor > 0;
  const heading = good
    ? t(language, 'genuine')
    : superseded
      ? t(language, 'passed_on')
      : stateOf(language, state);
  const says = t(language, good ? 'genuine_says' : superseded ? 'superseded' : 'over_says');
  const left = formatMoney({ amount_minor: left_minor, currency });
  const body = html`<div class="slip"><div class="mark${good ? '' : ' bad'}" aria-hidden="true">${good ? '✓' : '!'}</div><h1 class="mid">${heading}</h1>
<p class="mid">${says}</p>${good ? html`<p class="sum">${left}</p>` : null}
${facts([
  [t(language, 'number'), html`<span class="no">${showVoucherNumber(claims.number)}</span>`],
  [t(language, 'amount'), formatMoney(claims)],
  [t(language, 'left'), left],
  [t(language, 'currency'), currency],
  [t(language, 'state'), stateOf(language, state)],
  [t(language, 'issuing'), claims.issuing],
  [t(language, 'beneficiary'), claims.beneficiary],
  [t(language, 'terms'), termsOf(language, claims)],
  [t(language, 'expires'), `${day(claims.expires_at)} UTC`],
])}</div>`;
  return frame(page, title, body);
}

export const CHECK_PAGE_DOCS: readonly RouteDoc[] = [
  pageDoc('/V/{token}', 'What is true of the voucher behind a QR code', {
    ...{ params: z.strictObject({ token: z.string() }), problems: ['slow_down'] },
  }),
  pageDoc('/v', 'The same of the long form', {
    ...{ query: z.strictObject({ t: z.string() }), problems: ['slow_down'] },
  }),
];
