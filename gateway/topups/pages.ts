/** The pages on which a card is topped up from a phone; each is for the browser that asked. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { base64url } from '#device/codecs/bytes.ts';
import { cardIdSchema } from '#device/messages/card.ts';
import { parseAmount } from '#device/messages/money.ts';
import { orderNumberSchema } from '#device/messages/order-number.ts';
import type { Core } from '../core.ts';
import { keyedDigest } from '../keys.ts';
import { PeerError } from '../peers/client.ts';
import { readPhone } from '../phone.ts';
import type { TopUpRow } from '../store/tables-topups.ts';
import { typedFigures, typedText } from '../typed.ts';
import { readCookie, requireOwnForm, writeCookie } from '../web/cookies.ts';
import { sendFramed } from '../web/frame.ts';
import { Problem } from '../web/problems.ts';
import { clientOf, decodeBody, languageOf } from '../web/requests.ts';
import { type TopUpField, topUpPage, wishPage } from './page.ts';
import type { ToppedUp } from './topups.ts';
import type { TopUpWord } from './words.ts';

const COOKIE = 'top_up';
const COOKIE_S = 30 * 86_400;
/** Card numbers that are none, from one address in a quarter of an hour. */
const WRONG_TRIES = 20;
const WITHIN_MS = 15 * 60_000;
/** What cards of this house are kept in. */
const CURRENCY = 'CNY';

export const wishForm = z.object({
  card: z.string().max(40),
  amount: z.string().max(20),
  phone: z.string().max(30),
  key: z
    .string()
    .regex(/^[\w-]{43}$/)
    .optional(),
});
type Typed = Pick<z.output<typeof wishForm>, 'card' | 'amount' | 'phone'>;
type OfOrder = { Params: { number: string } };

export function addTopUpPages(server: FastifyInstance, core: Core): void {
  server.get('/top-up', (request, reply) => {
    requireOffered(core);
    const { card } = request.query as { card?: unknown };
    const typed = { card: typeof card === 'string' ? card.slice(0, 40) : '', amount: '' };
    return showWish(core, request, reply, { ...typed, phone: '' }, null);
  });
  server.post('/top-up/orders', (request, reply) => begin(core, request, reply));
  server.get<OfOrder>('/top-up/orders/:number', async (request, reply) => {
    const row = await core.topups.refreshed(requireRow(core, request));
    return sendFramed(reply, 200, topUpPage(languageOf(request), row));
  });
  server.get<OfOrder>('/top-up/orders/:number/state', async (request) => {
    const { state } = await core.topups.refreshed(requireRow(core, request));
    return { state };
  });
  server.post<OfOrder>('/top-up/orders/:number/cancel', async (request, reply) => {
    requireOwnForm(request);
    const row = requireRow(core, request);
    await core.topups.cancel(row);
    return toOrder(request, reply, row);
  });
}

function requireOffered(core: Core): void {
  if (!core.topups.offered) throw new Problem('no_cards');
}

const customerOf = (core: Core, token: string): string =>
  keyedDigest(core.keys, `top up\n${token}`);

function requireRow(core: Core, request: FastifyRequest<OfOrder>): TopUpRow {
  const { number } = request.params;
  const token = readCookie(request, COOKIE);
  const known = token !== null && orderNumberSchema.safeParse(number).success;
  const row = known ? core.topups.find(number, customerOf(core, token)) : undefined;
  if (row === undefined) throw new Problem('unknown_order');
  return row;
}

const toOrder = (request: FastifyRequest, reply: FastifyReply, { number }: TopUpRow) =>
  reply.redirect(`/top-up/orders/${number}?lang=${languageOf(request)}`, 303);

function showWish(
  core: Core,
  request: FastifyRequest,
  reply: FastifyReply,
  typed: Typed,
  complaint: { readonly field: TopUpField; readonly word: TopUpWord } | null,
): FastifyReply {
  const { card, amount, phone } = typed;
  const key = base64url(core.chance.bytes(32));
  const shown = { language: languageOf(request), currency: CURRENCY, key, complaint };
  const view = { ...shown, card, amount, phone };
  return sendFramed(reply, complaint === null ? 200 : 422, wishPage(view));
}

/** Asks for a top-up: the card is looked up, and the acquirer makes a link. */
async function begin(core: Core, request: FastifyRequest, reply: FastifyReply) {
  requireOwnForm(request);
  requireOffered(core);
  const { tables, clock, writer, topups } = core;
  const client = clientOf(core, request);
  if (tables.orders.triesOfClient(client, clock.now() - WITHIN_MS) >= WRONG_TRIES) {
    throw new Problem('slow_down');
  }
  const typed = decodeBody(wishForm, request.body);
  const complain = (field: TopUpField, word: TopUpWord) =>
    showWish(core, request, reply, typed, { field, word });
  const amount = parseAmount(typedText(typed.amount).replace(',', '.'), CURRENCY);
  if (!amount.ok) return complain('amount', 'p_amount');
  const phone = readPhone(typed.phone, tables.settings.get('calling_code') ?? '');
  if (phone === null) return complain('phone', 'p_phone');
  const card = typedFigures(typed.card).toUpperCase();
  // A browser without the cookie is known by its form, which nobody else was given.
  const token = readCookie(request, COOKIE) ?? typed.key ?? base64url(core.chance.bytes(32));
  const wish = { card, phone, amount_minor: amount.amount_minor };
  const digest = (text: string): string => keyedDigest(core.keys, `form\n${text}`);
  const sent =
    typed.key === undefined
      ? null
      : { key: digest(typed.key), fingerprint: digest(JSON.stringify(wish)) };
  let begun: ToppedUp = { ok: false, code: 'unknown_card' };
  try {
    if (cardIdSchema.safeParse(card).success) {
      begun = await topups.begin({ ...wish, customer: customerOf(core, token) }, sent);
    }
  } catch (error) {
    if (error instanceof PeerError) return complain('', 'p_away');
    throw error;
  }
  if (begun.ok) {
    writeCookie(request, reply, COOKIE, token, COOKIE_S);
    return toOrder(request, reply, begun.row);
  }
  if (begun.code === 'unknown_card') {
    await writer.run((tx) => tx.orders.addTry('top-up', client, clock.now()));
  }
  return complain(begun.code === 'too_much' ? 'amount' : 'card', `p_${begun.code}`);
}
