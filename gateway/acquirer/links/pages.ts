/** The mobile cashier page behind a payment link. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { base64url } from '#device/codecs/bytes.ts';
import { isVoucherNumber } from '#device/codecs/voucher.ts';
import { voucherCodeSchema } from '#device/messages/voucher.ts';
import type { Chance } from '../../clock.ts';
import type { Guesses } from '../../guesses.ts';
import type { GatewayKeys } from '../../keys.ts';
import { readPhone } from '../../phone.ts';
import type { Tables } from '../../store/tables.ts';
import type { LinkRow } from '../../store/tables-links.ts';
import { typedFigures } from '../../typed.ts';
import { readCookie, requireOwnForm, writeCookie } from '../../web/cookies.ts';
import { type FramedPage, sendFramed } from '../../web/frame.ts';
import { Problem } from '../../web/problems.ts';
import { clientOf, decodeBody, languageOf } from '../../web/requests.ts';
import { refundedMinor } from '../action-beginnings.ts';
import type { Links } from './links.ts';
import {
  billPage,
  type Complaint,
  choicePage,
  endedPage,
  type LinkView,
  methodPage,
  refusalPage,
  workingPage,
} from './page.ts';
import type { Passkeys } from './passkeys.ts';
import type { LinkPlatforms } from './platforms.ts';
import { passwordForm, platformForm, voucherForm } from './schemas.ts';
import { isOpen } from './side-by-side.ts';
import { linkSay } from './words.ts';

export interface LinkPageParts {
  readonly tables: Tables;
  readonly keys: GatewayKeys;
  readonly clock: { now(): number };
  readonly chance: Chance;
  readonly links: Links;
  readonly passkeys: Passkeys;
  readonly linkPlatforms: LinkPlatforms;
  readonly guesses: Guesses;
}

/** Of the payer's phone: what a link is bound to. */
export const DEVICE = 'pay_device';
const DEVICE_S = 2 * 86_400;

export type OfLink = { Params: { token: string }; Querystring: { method?: string } };

export function addLinkPages(server: FastifyInstance, parts: LinkPageParts): void {
  server.get<OfLink>('/pay/:token', (request, reply) => show(parts, request, reply));
  server.post<OfLink>('/pay/:token/voucher', (request, reply) =>
    takeVoucher(parts, request, reply),
  );
  server.post<OfLink>('/pay/:token/platform', (request, reply) =>
    takePlatform(parts, request, reply),
  );
  server.get<{ Params: { name: string } }>('/pay-return/:name', async (request, reply) => {
    const { headers, params, url } = request;
    const query = new URL(url, 'http://here').searchParams;
    const message = { by: 'return', headers, body: '', query } as const;
    const attempt = await parts.linkPlatforms.take(params.name, message).catch(() => null);
    if (attempt === null) return turnAway(request, reply, undefined);
    // The platform is asked as well: what the payer carries may be old.
    await parts.linkPlatforms.ask(attempt).catch(() => undefined);
    const token = parts.links.tokenOf(attempt.link);
    return reply.redirect(`/pay/${token}?lang=${languageOf(request)}`, 303);
  });
  server.post<OfLink>('/pay/:token/password', async (request, reply) => {
    requireOwnForm(request);
    const row = parts.links.find(request.params.token);
    const device = deviceOf(parts, request);
    if (row === undefined || device === null) return turnAway(request, reply, row);
    const { phone, password } = decodeBody(passwordForm, request.body);
    const number = readPhone(phone, parts.tables.settings.get('calling_code') ?? '');
    const complain = (complaint: Complaint) =>
      showMethod(parts, request, reply, row, 'password', phone, complaint);
    const language = languageOf(request);
    if (number === null) {
      return complain({ field: 'phone', says: linkSay(language, 'phone_wrong') });
    }
    const said = await parts.links.payByPassword(row.id, device, number, password);
    switch (said.said) {
      case 'wrong_password': {
        const left = String(said.tries_left);
        const says = linkSay(language, 'wrong_password', { left });
        return complain({ field: 'password', says });
      }
      case 'account_locked':
        return complain({ field: 'password', says: linkSay(language, 'account_locked') });
      default:
        return goOn(request, reply);
    }
  });
}

async function takeVoucher(
  parts: LinkPageParts,
  request: FastifyRequest<OfLink>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  requireOwnForm(request);
  const { links, guesses } = parts;
  const row = links.find(request.params.token);
  const device = deviceOf(parts, request);
  if (row === undefined || device === null) return turnAway(request, reply, row);
  const typed = decodeBody(voucherForm, request.body);
  const language = languageOf(request);
  const [number, code] = [typedFigures(typed.voucher), typedFigures(typed.code)];
  const complain = (field: Complaint['field'], says: string, why: string) =>
    showMethod(parts, request, reply, row, 'voucher', typed.voucher, { field, says, code: why });
  if (!isVoucherNumber(number)) {
    return complain('voucher', linkSay(language, 'voucher_form'), 'malformed_request');
  }
  if (!voucherCodeSchema.safeParse(code).success) {
    return complain('code', linkSay(language, 'code_form'), 'malformed_request');
  }
  const client = clientOf(parts, request);
  if (guesses.isOver(client)) throw new Problem('slow_down');
  const said = await links.payByVoucher(row.id, device, { number, code });
  if (said.said === 'ended') guesses.count(client);
  if (said.said !== 'voucher_refused') return goOn(request, reply);
  const { reason, tries_left } = said;
  const guessed = reason === 'wrong_code' || reason === 'locked';
  if (guessed) guesses.count(client);
  const field = guessed ? 'code' : 'voucher';
  const says =
    tries_left === undefined || reason === 'locked'
      ? linkSay(language, `v_${reason}`)
      : linkSay(language, 'wrong_code', { left: String(tries_left) });
  return complain(field, says, reason);
}

async function takePlatform(
  parts: LinkPageParts,
  request: FastifyRequest<OfLink>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  requireOwnForm(request);
  const row = parts.links.find(request.params.token);
  const device = deviceOf(parts, request);
  if (row === undefined || device === null) return turnAway(request, reply, row);
  const { method } = decodeBody(platformForm, request.body);
  const name = method.replace(/^platform:/, '');
  const client = clientOf(parts, request);
  const said = await parts.linkPlatforms.begin(row.id, { device, client }, name);
  if (said.said === 'no_platform') throw new Problem('no_platform');
  if (said.said === 'no_contract') {
    const says = linkSay(languageOf(request), 'no_contract');
    return showMethod(parts, request, reply, row, method, '', { field: '', says });
  }
  const attempt = said.said === 'begun' ? parts.tables.links.platform(said.attempt) : undefined;
  // With permission, and only with it, the phone goes to the platform's own page.
  if (attempt?.page_url != null) return reply.redirect(attempt.page_url, 303);
  return goOn(request, reply);
}

/** Post, redirect, get: reloading what follows does not pay again. */
export function goOn(request: FastifyRequest<OfLink>, reply: FastifyReply): FastifyReply {
  return reply.redirect(`/pay/${request.params.token}?lang=${languageOf(request)}`, 303);
}

/** The digest of the phone that asks; `null` where it brings no cookie. */
export function deviceOf(parts: LinkPageParts, request: FastifyRequest): string | null {
  const secret = readCookie(request, DEVICE);
  return secret === null ? null : parts.links.deviceDigest(secret);
}

/** Where there is no such link, or no cookie to know the phone by. */
export function turnAway(
  request: FastifyRequest,
  reply: FastifyReply,
  row: LinkRow | undefined,
): FastifyReply {
  const language = languageOf(request);
  const page = refusalPage(language, row === undefined ? 'unknown' : 'cookies');
  return sendFramed(reply, row === undefined ? 404 : 403, page);
}

function show(
  parts: LinkPageParts,
  request: FastifyRequest<OfLink>,
  reply: FastifyReply,
): FastifyReply {
  const row = parts.links.find(request.params.token);
  if (row === undefined) return turnAway(request, reply, undefined);
  const device = deviceOf(parts, request);
  if (row.device !== null && row.device !== device) {
    return sendFramed(reply, 403, refusalPage(languageOf(request), 'elsewhere'));
  }
  if (device === null) {
    // Opening binds nothing: messengers open links, too, to show what is behind them.
    writeCookie(request, reply, DEVICE, base64url(parts.chance.bytes(32)), DEVICE_S);
  }
  const view = viewOf(parts, request, row, device);
  return sendFramed(reply, 200, pageOf(parts, view, device, request.query.method));
}

function pageOf(
  parts: LinkPageParts,
  view: LinkView,
  device: string | null,
  method: string | undefined,
): FramedPage {
  const { row, methods } = view;
  const { tables, passkeys, clock } = parts;
  switch (row.state) {
    case 'paying':
      return workingPage(view, tables.links.platform(row.attempt ?? '')?.page_url ?? null);
    case 'paid': {
      const payment = row.attempt ?? '';
      return billPage(view, {
        voided: tables.payments.find(payment)?.state === 'voided',
        refunded_minor: refundedMinor(tables, payment, ['done']),
        mayAddPasskey: device !== null && passkeys.mayRegister(row, device),
      });
    }
    case 'failed':
    case 'closed':
      return endedPage(view);
    case 'open':
      if (row.expires_at <= clock.now()) return endedPage(view);
  }
  const { own } = view;
  if (own !== undefined && isOpen(own) && method === undefined) {
    return workingPage(view, own.page_url);
  }
  const [only] = methods;
  const picked = methods.find((each) => each === method) ?? (methods.length === 1 ? only : null);
  return picked == null ? choicePage(view) : methodPage(view, picked, '', null);
}

export function viewOf(
  parts: LinkPageParts,
  request: FastifyRequest<OfLink>,
  row: LinkRow,
  device: string | null,
): LinkView {
  const { tables, passkeys } = parts;
  const own = device === null ? undefined : tables.links.platformOf(row.id, device);
  const merchant = tables.links.merchant(row.merchant);
  if (merchant === undefined) throw new Error(`merchant ${row.merchant} is gone`);
  const { platforms } = parts.linkPlatforms;
  const methods = tables.links
    .methods()
    .map(({ id }) => id)
    .filter((id) => {
      if (id === 'passkey') return passkeys.possible;
      if (id === 'voucher') return parts.links.takesVouchers;
      return id === 'password' || platforms.some(({ name }) => id === `platform:${name}`);
    })
    .sort((a, b) => rank(a) - rank(b));
  const { token } = request.params;
  const language = languageOf(request);
  return { language, token, row, merchant, methods, platforms, own };
}

const rank = (method: string): number =>
  ['passkey', 'password', 'platform', 'voucher'].indexOf(method.replace(/:.*/, ''));

/** The form again, with what is wrong. */
export function showMethod(
  parts: LinkPageParts,
  request: FastifyRequest<OfLink>,
  reply: FastifyReply,
  row: LinkRow,
  method: string,
  typed: string,
  complaint: Complaint,
): FastifyReply {
  const now = parts.tables.links.find(row.id) ?? row;
  return sendFramed(
    reply,
    422,
    methodPage(viewOf(parts, request, now, deviceOf(parts, request)), method, typed, complaint),
  );
}
