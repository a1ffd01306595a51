/** The page of a phone that pays at the stall: one address, and a form for each thing it does. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { base64url } from '#device/codecs/bytes.ts';
import type { Core } from '../core.ts';
import type { PairingSessionRow } from '../store/tables-pairing.ts';
import { readCookie, requireOwnForm, writeCookie } from '../web/cookies.ts';
import { sendFramed } from '../web/frame.ts';
import { Problem, problemSentence } from '../web/problems.ts';
import { decodeBody, languageOf, pinSchema } from '../web/requests.ts';
import { answerFor, COOKIE, logIn, pairWith, versioned } from './door.ts';
import { type Framing, logInPage, numberPage, stepPage } from './page.ts';
import { answerForm, logInForm, numberForm } from './schemas.ts';
import { SESSION_MS } from './sessions.ts';

/** What a person can mend on the page itself; anything else is a page of its own. */
const MENDABLE: readonly string[] = [
  'malformed_request',
  'wrong_pin',
  'account_locked',
  'issuer_unreachable',
  'unknown_terminal',
  'terminal_taken',
  'slow_down',
  'closed',
  'payment_in_flight',
  'too_many_attempts',
  'no_platform',
];

type Query = { Querystring: { t?: string } };

export function addPairingPages(server: FastifyInstance, core: Core): void {
  server.get<Query>('/pair', (request, reply) => {
    const { t } = request.query;
    const number = typeof t === 'string' && /^[\d -]{6,8}$/.test(t) ? t : '';
    return show(core, request, reply, 200, null, { phone: '', number });
  });
  server.post('/pair/log-in', async (request, reply) => {
    requireOwnForm(request);
    const { phone, pin, number } = decodeBody(logInForm, request.body);
    return mendable(core, request, reply, { phone, number }, async () => {
      if (!pinSchema.safeParse(pin).success) throw new Problem('wrong_pin');
      const { token } = await logIn(core, phone, pin);
      // Whoever was logged in on this phone is not any more.
      const earlier = core.pairing.session(readCookie(request, COOKIE));
      if (earlier.ok) await core.pairing.logOut(earlier.session);
      writeCookie(request, reply, COOKIE, token, SESSION_MS / 1000);
      return number;
    });
  });
  server.post('/pair/terminal', async (request, reply) => {
    requireOwnForm(request);
    const { number } = decodeBody(numberForm, request.body);
    return mendable(core, request, reply, { phone: '', number }, async () => {
      await pairWith(core, request, requireCookie(core, request), number);
      return '';
    });
  });
  server.post('/pair/answer', (request, reply) => takeAnswer(core, request, reply));
  server.post('/pair/leave', async (request, reply) => {
    requireOwnForm(request);
    const read = core.pairing.session(readCookie(request, COOKIE));
    if (read.ok) await core.pairing.leave(read.session);
    return home(request, reply);
  });
  server.post('/pair/log-out', async (request, reply) => {
    requireOwnForm(request);
    const read = core.pairing.session(readCookie(request, COOKIE));
    if (read.ok) await core.pairing.logOut(read.session);
    writeCookie(request, reply, COOKIE, '', 0);
    return home(request, reply);
  });
  server.get<{ Params: { name: string } }>('/pair/return/:name', async (request, reply) => {
    const { headers, params, url } = request;
    const query = new URL(url, 'http://here').searchParams;
    const message = { by: 'return', headers, body: '', query } as const;
    const attempt = await core.pairing.take(params.name, message).catch(() => null);
    // The platform is asked as well: what the payer carries may be old.
    if (attempt !== null) await core.pairing.ask(attempt).catch(() => undefined);
    return reply.redirect('/pair', 303);
  });
}

function requireCookie(core: Core, request: FastifyRequest): PairingSessionRow {
  const read = core.pairing.session(readCookie(request, COOKIE));
  if (!read.ok) throw new Problem(read.code);
  return read.session;
}

const home = (request: FastifyRequest, reply: FastifyReply, number = ''): FastifyReply => {
  const query = number === '' ? '' : `&t=${encodeURIComponent(number)}`;
  return reply.redirect(`/pair?lang=${languageOf(request)}${query}`, 303);
};

interface Typed {
  readonly phone: string;
  readonly number: string;
}

/** Does it and goes home (post, redirect, get), or shows the page again with what is wrong. */
async function mendable(
  core: Core,
  request: FastifyRequest,
  reply: FastifyReply,
  typed: Typed,
  work: () => Promise<string>,
): Promise<FastifyReply> {
  try {
    return home(request, reply, await work());
  } catch (error) {
    if (!(error instanceof Problem) || !MENDABLE.includes(error.code)) throw error;
    return show(core, request, reply, 422, error, typed);
  }
}

async function takeAnswer(
  core: Core,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  requireOwnForm(request);
  const wish = decodeBody(answerForm, request.body);
  const session = requireCookie(core, request);
  try {
    await answerFor(core, session, wish);
  } catch (error) {
    if (!(error instanceof Problem) || !MENDABLE.includes(error.code)) throw error;
    // An order that has ended, or is being asked for, shows so by itself.
    if (error.code === 'closed' || error.code === 'payment_in_flight') return home(request, reply);
    return show(core, request, reply, 422, error, { phone: '', number: '' });
  }
  const { attempt } = core.pairing.view(session);
  const page = attempt?.state === 'permitted' ? attempt.page_url : undefined;
  return page === undefined ? home(request, reply) : reply.redirect(page, 303);
}

function show(
  core: Core,
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  problem: Problem | null,
  typed: Typed,
): FastifyReply {
  const language = languageOf(request);
  const says = problem === null ? null : problemSentence(problem, language);
  const read = core.pairing.session(readCookie(request, COOKIE));
  if (!read.ok) {
    const field = problem?.code === 'malformed_request' ? 'phone' : 'pin';
    const complaint: Framing['complaint'] = says === null ? null : { field, says };
    return sendFramed(reply, status, logInPage({ language, complaint }, typed));
  }
  const { view, version } = versioned(core.pairing.view(read.session));
  const anew = view.terminal === undefined && 'new' in (request.query as object);
  if (view.step === 'pair' || anew) {
    const complaint: Framing['complaint'] = says === null ? null : { field: 'number', says };
    return sendFramed(reply, status, numberPage({ language, complaint }, view, typed.number));
  }
  const { platforms } = core.pairing;
  const key = base64url(core.chance.bytes(12));
  const parts = { language, view, version, platforms, key, complaint: says };
  return sendFramed(reply, status, stepPage(parts));
}
