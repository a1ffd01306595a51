/** The pages a payer opens. Each works by links and forms alone. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { base64url } from '#device/codecs/bytes.ts';
import { offerOrder } from '#device/codecs/offer.ts';
import type { Language } from '#device/messages/enrolment.ts';
import type { PayAnswer } from '../acquirer/payments.ts';
import type { Core } from '../core.ts';
import { readPhone } from '../issuer/issuer.ts';
import { keyedDigest } from '../keys.ts';
import { readBearer, writeBearer } from '../matching/bearer.ts';
import { readScanned } from '../matching/matching.ts';
import { type OrderView, viewOrder } from '../orders/view.ts';
import { callingCode, requireMatch, requireOrder } from './api.ts';
import { type CashierForm, cashierPage } from './cashier-page.ts';
import { sendPage } from './layout.ts';
import { say } from './messages.ts';
import { Problem, problemSentence } from './problems.ts';
import { clientOf, decodeBody, languageOf, pinSchema } from './requests.ts';
import { refusalPage, resultPage } from './result-page.ts';

type Query = { Querystring: { qr?: string; ticket?: string; lang?: string } };
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
    cashierPage(newForm(core, { language, order, token, ticket, phone: '' })),
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

type Known = Pick<CashierForm, 'language' | 'order' | 'token' | 'ticket' | 'phone'> &
  Partial<Pick<CashierForm, 'bearer' | 'complaint'>>;

const newForm = (core: Core, known: Known): CashierForm => ({
  bearer: null,
  complaint: null,
  ...known,
  key: base64url(core.chance.bytes(12)),
  leftMs: Math.max(0, known.order.expires_at - core.clock.now()),
});

const numberField = z
  .string()
  .optional()
  .transform((text) => (text === undefined || text === '' ? null : Number(text)));

const formSchema = z.object({
  ticket: z.string().max(400),
  bearer: z.string().max(400).optional(),
  key: z.string().regex(/^[\w-]{8,40}$/),
  phone: z.string().max(30),
  pin: z.string().max(40),
  digits: z.string().max(10).default(''),
  latitude: numberField,
  longitude: numberField,
  accuracy_m: numberField,
});
type Form = z.output<typeof formSchema>;

async function takeForm(core: Core, request: FastifyRequest<OfToken>, reply: FastifyReply) {
  const language = languageOf(request);
  const { token } = request.params;
  const form = decodeBody(formSchema, request.body);
  const number = offerOrder(token);
  if (number === null) throw new Problem('not_ours');
  const shown = (): Known => {
    const order = viewOrder(requireOrder(core, number));
    return { language, order, token, ticket: form.ticket, phone: form.phone };
  };
  const again = (
    field: 'digits' | 'phone' | 'pin',
    says: string,
    bearer: string | null = form.bearer ?? null,
  ) => {
    const filled = newForm(core, { ...shown(), bearer, complaint: { field, says } });
    return sendPage(reply, 422, cashierPage(filled));
  };
  const phone = readPhone(form.phone, callingCode(core));
  if (phone === null) return again('phone', say(language, 'phone_wrong'));
  if (!pinSchema.safeParse(form.pin).success) return again('pin', say(language, 'pin_form_wrong'));
  // The fields are part of the key: pressing twice pays once, a corrected PIN is a new attempt.
  const key = `${form.key}.${keyedDigest(core.keys, `${phone}\n${form.pin}`).slice(0, 16)}`;
  const instruction = { order: number, key, phone, pin: form.pin };
  const known = core.payments.recall(instruction);
  const present =
    known === null
      ? await provePresence(core, request, number, form)
      : ({ ok: true, bearer: form.bearer ?? null } as const);
  if (!present.ok) {
    if (!present.mendable) return toEnd(core, reply, language, number, present.problem);
    return again('digits', problemSentence(present.problem, language));
  }
  const paid = known ?? (await core.payments.pay(instruction));
  if (paid.ok && paid.answer.kind === 'not_admitted') {
    const problem = new Problem(paid.answer.code);
    return again('pin', problemSentence(problem, language), present.bearer);
  }
  return toResult(core, reply, language, number, paid.ok ? paid.answer : null);
}

type Present =
  | { readonly ok: true; readonly bearer: string }
  | { readonly ok: false; readonly problem: Problem; readonly mendable: boolean };

const MENDABLE: readonly string[] = ['wrong_digits', 'presence_missing', 'elsewhere'];

async function provePresence(
  core: Core,
  request: FastifyRequest,
  number: string,
  form: Form,
): Promise<Present> {
  const proved = readBearer(core.keys, form.bearer ?? '', core.clock.now());
  if (proved.ok && proved.claims.scope === 'pay' && proved.claims.order === number) {
    return { ok: true, bearer: form.bearer ?? '' };
  }
  const ticket = readBearer(core.keys, form.ticket, core.clock.now());
  if (!ticket.ok || ticket.claims.order !== number) {
    return { ok: false, problem: new Problem('too_old'), mendable: false };
  }
  const { latitude, longitude, accuracy_m } = form;
  const known = latitude !== null && longitude !== null && accuracy_m !== null;
  const position = known ? { latitude, longitude, accuracy_m } : undefined;
  const digits = /^\d\d$/.test(form.digits) ? form.digits : undefined;
  const presence = { position, digits };
  const matched = await core.matching.matchScan(form.ticket, presence, clientOf(core, request));
  if (matched.ok) return { ok: true, bearer: matched.bearer };
  const { code, ...extras } = matched.refusal;
  return { ok: false, problem: new Problem(code, extras), mendable: MENDABLE.includes(code) };
}

/** An order that is over has a page of its own; another refusal is a page that says why. */
function toEnd(
  core: Core,
  reply: FastifyReply,
  language: Language,
  number: string,
  problem: Problem,
) {
  if (problem.code !== 'closed') throw problem;
  const order = viewOrder(requireOrder(core, number));
  return sendPage(reply, 409, strangersResult(language, order));
}

/** Post, redirect, get: reloading the result does not pay again. */
function toResult(
  core: Core,
  reply: FastifyReply,
  language: Language,
  number: string,
  answer: PayAnswer | null,
) {
  if (answer?.kind === 'closed') {
    const order = viewOrder(requireOrder(core, number));
    return sendPage(reply, 409, strangersResult(language, order));
  }
  const { bearer } = writeBearer(core.keys, number, 'bill', core.clock.now());
  return reply.redirect(`/r/${bearer}?lang=${language}`, 303);
}

function strangersResult(language: Language, order: OrderView) {
  const page = resultPage({ language, order, path: '', own: false, events: '' });
  return { ...page, otherLanguage: null };
}

function showResult(
  core: Core,
  reply: FastifyReply,
  language: Language,
  number: string,
  path: string,
  bearer: string,
) {
  const order = viewOrder(requireOrder(core, number));
  const events = `/v1/orders/${number}/events?bearer=${bearer}`;
  return sendPage(reply, 200, resultPage({ language, order, path, own: true, events }));
}
