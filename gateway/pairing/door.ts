/** The pairing's JSON interface and its event stream; docs/pairing.md. */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Core } from '../core.ts';
import { readPhone } from '../phone.ts';
import type { PairingSessionRow } from '../store/tables-pairing.ts';
import { readCookie } from '../web/cookies.ts';
import { streamEvents } from '../web/event-stream.ts';
import { Problem } from '../web/problems.ts';
import { bearerText, clientOf, decodeBody } from '../web/requests.ts';
import { requireKey } from '../web/routes.ts';
import { readTerminalNumber } from './numbers.ts';
import type { PairingDesk } from './pairing.ts';
import { answerSchema, logInSchema, pairSchema, waitSchema } from './schemas.ts';
import type { PairingView } from './view.ts';

export const COOKIE = 'pairing_session';

/** Wrong numbers from one address in a quarter of an hour; there are 900,000. */
const WRONG_NUMBERS = 20;
const WITHIN_MS = 15 * 60_000;

/** What a phone sees, and a short name of it: two views with one name are the same. */
export interface Versioned {
  readonly version: string;
  readonly view: PairingView;
}

export function versioned(view: PairingView): Versioned {
  const version = createHash('sha256').update(JSON.stringify(view)).digest('base64url');
  return { version: version.slice(0, 16), view };
}

export const tokenOf = (request: FastifyRequest): string | null =>
  bearerText(request) ?? readCookie(request, COOKIE);

export function requireSession(core: Core, request: FastifyRequest): PairingSessionRow {
  const read = core.pairing.session(tokenOf(request));
  if (!read.ok) throw new Problem(read.code);
  return read.session;
}

/** Logs in or throws why not. */
export async function logIn(core: Core, phone: string, pin: string) {
  const whole = readPhone(phone, core.tables.settings.get('calling_code') ?? '');
  if (whole === null) {
    const errors = [{ path: 'phone', message: 'must be a phone number in E.164 form' }];
    throw new Problem('malformed_request', { errors });
  }
  const { signed, token, until } = await core.pairing.logIn(whole, pin);
  if (signed.ok && token !== null) return { token, until, payer: signed.masked };
  if (signed.ok) throw new Problem('internal');
  const { ok: _, code, ...extras } = signed;
  throw new Problem(code, extras);
}

/** Pairs or throws why not; wrong numbers of an address are counted. */
export async function pairWith(
  core: Core,
  request: FastifyRequest,
  session: PairingSessionRow,
  typed: string,
): Promise<void> {
  const client = clientOf(core, request);
  const since = core.clock.now() - WITHIN_MS;
  if (core.tables.orders.triesOfClient(client, since) >= WRONG_NUMBERS) {
    throw new Problem('slow_down');
  }
  const number = readTerminalNumber(typed);
  const paired = number === null ? null : await core.pairing.pair(session, number);
  if (paired?.ok) return;
  if (paired?.code === 'terminal_taken') throw new Problem('terminal_taken');
  await core.writer.run((tx) => tx.orders.addTry('pairing', client, core.clock.now()));
  throw new Problem('unknown_terminal');
}

/** Answers for the phone or throws why not. */
export async function answerFor(
  core: Core,
  session: PairingSessionRow,
  wish: Parameters<PairingDesk['answer']>[1],
): Promise<void> {
  const begun = await core.pairing.answer(session, wish);
  switch (begun.said) {
    case 'begun':
    case 'already':
      return;
    case 'closed':
      throw new Problem('closed', { state: begun.state });
    case 'in_flight':
      throw new Problem('payment_in_flight');
    case 'reused':
      throw new Problem('idempotency_key_reused');
    case 'too_many_tries':
      throw new Problem('too_many_attempts');
    case 'not_paired':
    case 'no_platform':
    case 'unknown_order':
      throw new Problem(begun.said);
  }
}

export function addPairingApi(server: FastifyInstance, core: Core): void {
  const shown = (session: PairingSessionRow) => ({
    ...versioned(core.pairing.view(session)),
    platforms: core.pairing.platforms.map(({ name, title }) => ({ name, title })),
  });
  server.post('/v1/pairing/sessions', async (request, reply) => {
    const { phone, pin } = decodeBody(logInSchema, request.body);
    const { token, until, payer } = await logIn(core, phone, pin);
    return reply.code(201).send({ session: token, expires_at: until, payer });
  });
  server.post('/v1/pairing/log-out', async (request, reply) => {
    await core.pairing.logOut(requireSession(core, request));
    return reply.code(204).send();
  });
  server.post('/v1/pairings', async (request, reply) => {
    const session = requireSession(core, request);
    const { number } = decodeBody(pairSchema, request.body);
    await pairWith(core, request, session, number);
    return reply.code(201).send(shown(session));
  });
  server.post('/v1/pairing/leave', async (request) => {
    const session = requireSession(core, request);
    await core.pairing.leave(session);
    return shown(session);
  });
  server.post('/v1/pairing/answers', async (request, reply) => {
    const session = requireSession(core, request);
    const key = requireKey(request);
    const wish = decodeBody(answerSchema, request.body);
    await answerFor(core, session, { ...wish, key });
    return reply.code(201).send(shown(session));
  });
  server.get('/v1/pairing', async (request) => {
    const session = requireSession(core, request);
    const { version, wait_s } = decodeBody(waitSchema, request.query);
    if (version !== undefined && wait_s > 0) await changed(core, session, version, wait_s * 1000);
    return shown(session);
  });
  server.get('/v1/pairing/events', async (request, reply) => {
    stream(core, requireSession(core, request), reply);
    return reply;
  });
}

/** Long polling: resolves when the view is another than `version`, or after `ms`. */
function changed(
  core: Core,
  session: PairingSessionRow,
  version: string,
  ms: number,
): Promise<void> {
  return new Promise((resolve) => {
    const isNew = (): boolean => versioned(core.pairing.view(session)).version !== version;
    const end = (): void => {
      cancel();
      unwatch?.();
      resolve();
    };
    const unwatch = core.pairing.watch(session, () => isNew() && end());
    const cancel = core.clock.after(ms, end);
    if (unwatch === null || isNew()) end();
  });
}

/** What the phone sees, at once and at each change; never ends by itself. */
function stream(core: Core, session: PairingSessionRow, reply: FastifyReply): void {
  streamEvents(reply, {
    clock: core.clock,
    watch: (then) => core.pairing.watch(session, then),
    look() {
      const { version, view } = versioned(core.pairing.view(session));
      return { event: { name: 'view', id: version, data: JSON.stringify(view) }, open: true };
    },
  });
}
