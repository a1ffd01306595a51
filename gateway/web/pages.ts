/** The pages a payer opens. Each works by links and forms alone. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { offerOrder } from '#device/codecs/offer.ts';
import { type Language, stallSchema } from '#device/messages/enrolment.ts';
import type { Core } from '../core.ts';
import { readBearer, writeBearer } from '../matching/bearer.ts';
import { readScanned } from '../matching/matching.ts';
import { refundedMinor } from '../orders/refunded-minor.ts';
import { viewOrder } from '../orders/view.ts';
import { requireMatch, requireOrder } from './api.ts';
import { newForm, takeForm } from './cashier-form.ts';
import { cashierPage } from './cashier-page.ts';
import { sendPage } from './layout.ts';
import { say } from './messages.ts';
import { Problem, problemSentence } from './problems.ts';
import { languageOf } from './requests.ts';
import { refusalPage, resultPage } from './result-page.ts';

type Query = { Querystring: { qr?: string; ticket?: string; lang?: string; by?: string } };
type OfToken = Query & { Params: { token: string } };

export function addPages(server: FastifyInstance, core: Core): void {
  server.get<Query>('/p', (request, reply) => {
    const { qr } = request.query;
    if (typeof qr !== 'string') throw new Problem('not_ours');
    return showCashier(core, request, reply, qr);
  });
  server.get<OfToken>('/p/:token', (request, reply) =>
    showCashier(core, request, reply, request.params.token),
  );
  server.post<OfToken>('/p/:token', (request, reply) => takeForm(core, request, reply));
  server.get<{ Params: { bearer: string } }>('/r/:bearer', (request, reply) => {
    const { bearer } = request.params;
    const read = readBearer(core.keys, bearer, core.clock.now());
    if (!read.ok) throw new Problem(read.code);
    const { order, scope } = read.claims;
    if (scope !== 'bill') throw new Problem('bearer_invalid');
    return showResult(core, reply, languageOf(request), order, `/r/${bearer}?`, bearer);
  });
}

const ABOUT_THE_CODE: readonly string[] = ['not_ours', 'forged', 'too_old', 'too_early'];

/** A page that says why not; used for every problem outside `/v1`. */
export function sendRefusal(reply: FastifyReply, problem: Problem, language: Language) {
  const { method, url } = reply.request;
  const own = method === 'GET' && !url.includes('qr=') && !url.startsWith('/r/');
  const waits = problem.code === 'unknown_order';
  const code = ABOUT_THE_CODE.includes(problem.code);
  return sendPage(
    reply,
    problem.status,
    refusalPage({
      language,
      title: say(language, waits ? 'working' : code ? 'code_refused' : 'refused'),
      says: problemSentence(problem, language),
      path: own ? (url.split('?')[0] ?? null) : null,
      refresh_s: waits ? 2 : null,
      leadsOn: problem.code === 'not_found' && reply.server.hasRoute({ method: 'GET', url: '/' }),
    }),
  );
}

function showCashier(
  core: Core,
  request: FastifyRequest<Query>,
  reply: FastifyReply,
  scanned: string,
) {
  const language = languageOf(request);
  const token = readScanned(scanned)?.token ?? '';
  const ticket = ticketFor(core, token, request.query.ticket) ?? freshTicket(core, scanned);
  const order = viewOrder(requireOrder(core, offerOrder(token) ?? ''));
  if (order.state !== 'offered') {
    const path = `/p/${token}?ticket=${ticket}`;
    const view = { language, order, path, own: false, events: '' };
    return sendPage(reply, 200, resultPage(view));
  }
  return sendPage(
    reply,
    200,
    cashierPage(
      newForm(core, {
        ...{ language, order, token, ticket, phone: '' },
        by: request.query.by === 'voucher' ? 'voucher' : 'account',
      }),
    ),
  );
}

/** A ticket that came with the link, where it is good for the order of this token. */
function ticketFor(core: Core, token: string, ticket: unknown): string | null {
  if (typeof ticket !== 'string') return null;
  const read = readBearer(core.keys, ticket, core.clock.now());
  return read.ok && read.claims.order === offerOrder(token) ? ticket : null;
}

function freshTicket(core: Core, scanned: string): string {
  const matched = core.matching.scan(scanned);
  if (!matched.ok && matched.refusal.code === 'closed') {
    // Genuine and fresh, only over: whoever stands there may see how it ended.
    const number = offerOrder(readScanned(scanned)?.token ?? '') ?? '';
    return writeBearer(core.keys, number, 'scan', core.clock.now()).bearer;
  }
  return requireMatch(matched).bearer;
}

function showResult(
  core: Core,
  reply: FastifyReply,
  language: Language,
  number: string,
  path: string,
  bearer: string,
) {
  const order = viewOrder(requireOrder(core, number), refundedMinor(core.tables, number));
  const events = `/v1/orders/${number}/events?bearer=${bearer}`;
  return sendPage(
    reply,
    200,
    resultPage({ language, order, path, own: true, events, timeZone: zoneOf(core, number) }),
  );
}

/** Time zone of the stall that made the order. */
function zoneOf(core: Core, order: string): string {
  const row = core.tables.terminals.find(core.tables.orders.find(order)?.terminal ?? '');
  return row === undefined ? 'UTC' : stallSchema.parse(JSON.parse(row.stall)).time_zone;
}
