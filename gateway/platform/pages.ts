/**
 * The platform's own page, where account and password are typed: nobody else's server ever sees them.
 * Works by forms alone.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { seal } from '#device/codecs/jws.ts';
import type { Language } from '#device/messages/enrolment.ts';
import { decode } from '../decode.ts';
import type { PermissionRow } from '../store/tables-platform.ts';
import { holdsCard } from '../web/card-data.ts';
import { readCookie, sameSite, writeCookie } from '../web/cookies.ts';
import { pickLanguage } from '../web/language.ts';
import {
  beginSession,
  checkPassword,
  type Entered,
  enter,
  maskAccount,
  SESSION_MS,
  sessionOf,
} from './accounts.ts';
import { type FormView, formPage, refusalPage, resultPage } from './page.ts';
import { digestOf, type PlatformParts } from './parts.ts';
import { endPermission, payPermission } from './permissions.ts';
import { PlatformProblem } from './problems.ts';

export interface PagesParts extends PlatformParts {
  /** What payers know the platform by. */
  readonly house: string;
}

const COOKIE = 'platform_session';

const formSchema = z.object({
  account: z.string().max(60).optional(),
  password: z.string().max(200).default(''),
  /** Of the button that was pressed. */
  act: z.enum(['pay', 'refuse', 'forget']).default('pay'),
});

type OfPermission = { Params: { permission: string } };

export const pageLanguage = (request: FastifyRequest): Language => {
  const { lang } = (request.query ?? {}) as { lang?: unknown };
  return pickLanguage(
    typeof lang === 'string' ? lang : undefined,
    request.headers['accept-language'],
  );
};

export function addPlatformPages(server: FastifyInstance, parts: PagesParts): void {
  server.get<OfPermission>('/pay/:permission', (request, reply) => {
    const row = requireRow(parts, request.params.permission);
    return row.state === 'requested' && row.expires_at > parts.clock.now()
      ? showForm(parts, request, reply, row)
      : showResult(parts, request, reply, row);
  });
  server.post<OfPermission>('/pay/:permission', async (request, reply) => {
    if (!sameSite(request)) throw new PlatformProblem('foreign_form');
    const decoded = decode(formSchema, request.body);
    if (!decoded.ok) throw new PlatformProblem('malformed_request');
    const row = requireRow(parts, request.params.permission);
    const { act } = decoded.value;
    if (act === 'forget') return forget(parts, request, reply, row);
    if (row.state !== 'requested') return goBack(parts, reply, row);
    if (act === 'refuse') return refuse(parts, reply, row);
    return pay(parts, request, reply, row, decoded.value);
  });
}

function requireRow(parts: PagesParts, permission: string): PermissionRow {
  const row = parts.tables.platform.permission(permission);
  if (row === undefined) throw new PlatformProblem('unknown_permission');
  return row;
}

/** Who is signed in on this phone. */
function holderOf(parts: PagesParts, request: FastifyRequest): string | null {
  const session = sessionOf(parts, readCookie(request, COOKIE));
  if (session === null) return null;
  return parts.tables.platform.account(session.account)?.name ?? null;
}

function showForm(
  parts: PagesParts,
  request: FastifyRequest,
  reply: FastifyReply,
  row: PermissionRow,
  complaint: FormView['complaint'] = null,
  typed = '',
): FastifyReply {
  const holder = holderOf(parts, request);
  const page = formPage({
    language: pageLanguage(request),
    house: parts.house,
    row,
    holder: holder === null ? null : maskAccount(holder),
    typed: holdsCard(typed) ? '' : typed,
    complaint,
  });
  return page(reply, complaint === null ? 200 : 422);
}

async function pay(
  parts: PagesParts,
  request: FastifyRequest,
  reply: FastifyReply,
  row: PermissionRow,
  form: z.output<typeof formSchema>,
): Promise<FastifyReply> {
  const name = form.account ?? holderOf(parts, request) ?? '';
  const checked = await checkPassword(parts, name, form.password);
  const { writer, clock, keys } = parts;
  const now = clock.now();
  const { entered, ended, token } = await writer.run((tx) => decide(tx));
  if (!entered.ok && ended === null) {
    return showForm(parts, request, reply, row, entered.code, form.account ?? '');
  }
  if (token !== null) writeCookie(request, reply, COOKIE, token, SESSION_MS / 1000);
  return goBack(parts, reply, ended ?? row);

  function decide(tx: Parameters<Parameters<typeof writer.run>[0]>[0]): Decided {
    const entered = enter(tx, keys, checked, now);
    if (entered.ok) {
      const { account } = entered;
      const token = beginSession(tx, parts, account.id, readCookie(request, COOKIE), now);
      return { entered, token, ended: payPermission(tx, parts, row.permission, account, now) };
    }
    const current = tx.platform.permission(row.permission);
    const over = current !== undefined && entered.code === 'account_locked';
    // A locked account ends the permission, so that the merchant hears of it and asks anew.
    const ended = over ? endPermission(tx, parts, current, 'account_locked', now) : null;
    return { entered, token: null, ended };
  }
}

interface Decided {
  readonly entered: Entered;
  readonly token: string | null;
  readonly ended: PermissionRow | null;
}

async function refuse(
  parts: PagesParts,
  reply: FastifyReply,
  row: PermissionRow,
): Promise<FastifyReply> {
  const ended = await parts.writer.run((tx) => {
    const current = tx.platform.permission(row.permission) ?? row;
    return endPermission(tx, parts, current, 'payer_refused', parts.clock.now());
  });
  return goBack(parts, reply, ended);
}

async function forget(
  parts: PagesParts,
  request: FastifyRequest,
  reply: FastifyReply,
  row: PermissionRow,
): Promise<FastifyReply> {
  const token = readCookie(request, COOKIE);
  if (token !== null) {
    await parts.writer.run((tx) =>
      tx.platform.endSession(digestOf(parts.keys, `session\n${token}`)),
    );
  }
  writeCookie(request, reply, COOKIE, '', 0);
  return reply.redirect(`/pay/${row.permission}?lang=${pageLanguage(request)}`, 303);
}

/** Sends the payer back with what became of it, signed; it names nobody. */
function goBack(parts: PagesParts, reply: FastifyReply, row: PermissionRow): FastifyReply {
  return reply.redirect(returnUrl(parts, row), 303);
}

export function returnUrl(parts: PagesParts, row: PermissionRow): string {
  const { request: id, client, state, reason, amount_minor, currency, payment, ended_at } = row;
  const claims = { id, client, state, reason, amount_minor, currency, payment, at: ended_at };
  const url = new URL(row.return_url);
  url.searchParams.set('result', seal('EdDSA', parts.keys.signing, claims));
  return url.href;
}

function showResult(
  parts: PagesParts,
  request: FastifyRequest,
  reply: FastifyReply,
  row: PermissionRow,
): FastifyReply {
  const language = pageLanguage(request);
  const back = row.state === 'requested' ? row.return_url : returnUrl(parts, row);
  return resultPage({ language, house: parts.house, row, back })(reply, 200);
}

export const sendPlatformRefusal = (
  reply: FastifyReply,
  problem: PlatformProblem,
  language: Language,
  house: string,
): FastifyReply => refusalPage({ language, house, code: problem.code })(reply, problem.status);
