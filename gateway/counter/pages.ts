/** The counter's pages for a cashier: a form for each thing that is done, and a page that follows it. */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { base64url } from '#device/codecs/bytes.ts';
import { writeOrderNumber } from '#device/codecs/order-number.ts';
import { cardIdSchema } from '#device/messages/card.ts';
import { stallSchema } from '#device/messages/enrolment.ts';
import { type Currency, formatMoney, parseAmount } from '#device/messages/money.ts';
import { orderNumberSchema } from '#device/messages/order-number.ts';
import type { Core } from '../core.ts';
import { askGate } from '../gate.ts';
import { readTerminalNumber } from '../pairing/numbers.ts';
import { PeerError } from '../peers/client.ts';
import type { CardBrief, SettlementGate } from '../settlement/gate.ts';
import { typedText } from '../typed.ts';
import { readCookie, requireOwnForm, writeCookie } from '../web/cookies.ts';
import { sendFramed } from '../web/frame.ts';
import { Problem } from '../web/problems.ts';
import { clientOf, decodeBody, isNear, languageOf } from '../web/requests.ts';
import { type Cashier, Cashiers, SESSION_S } from './cashiers.ts';
import { counterId } from './http.ts';
import { addCounterLive, versionOf } from './live.ts';
import { type Complaint, cardPage, deskPage, signInPage, workPage } from './page.ts';
import { counterSay, counterTrouble } from './words.ts';

const COOKIE = 'counter_session';
/** Wrong tokens from one address in a quarter of an hour. */
const WRONG_TRIES = 20;
const WITHIN_MS = 15 * 60_000;

export const tokenForm = z.object({ token: z.string().max(100) });
const keySchema = z.string().regex(/^[\w-]{8,40}$/);
export const workForm = z.object({
  key: keySchema,
  terminal: z.string().max(12),
  act: z.enum(['load', 'inspect', 'personalise']),
  amount: z.string().max(20).default(''),
});
export const refundForm = z.object({ key: keySchema, order: orderNumberSchema });
export const becauseForm = z.object({ because: z.string().trim().min(1).max(200) });
type WorkForm = z.output<typeof workForm>;

type OfWork = { Params: { id: string } };
type OfCard = { Params: { card: string } };

export interface CounterPageParts extends Core {
  readonly cashiers: Cashiers;
  /** `null` where there is none. */
  readonly settles: SettlementGate | null;
}

export function addCounterPages(server: FastifyInstance, core: Core, operatorToken: string): void {
  const { tables, agents, clock, chance, settles } = core;
  const cashiers = new Cashiers({ tables, agents, clock, chance, operatorToken });
  const parts: CounterPageParts = { ...core, cashiers, settles };
  server.get('/counter', (request, reply) => showDesk(parts, request, reply));
  server.post('/counter/sign-in', (request, reply) => signIn(parts, request, reply));
  server.post('/counter/sign-out', async (request, reply) => {
    requireOwnForm(request);
    cashiers.signOut(readCookie(request, COOKIE) ?? '');
    writeCookie(request, reply, COOKIE, '', 0);
    return reply.redirect(`/counter?lang=${languageOf(request)}`, 303);
  });
  server.post('/counter/works', (request, reply) => begin(parts, request, reply));
  server.get<OfWork>('/counter/works/:id', (request, reply) => showWork(parts, request, reply));
  server.post<OfWork>('/counter/works/:id/withdrawal', async (request, reply) => {
    requireOwnForm(request);
    if (cashierOf(parts, request) !== null) core.counter.withdraw(request.params.id);
    return reply.redirect(`/counter/works/${request.params.id}?lang=${languageOf(request)}`, 303);
  });
  addCardPages(server, parts);
  addCounterLive(server, core, (request) => {
    if (cashierOf(parts, request) === null) throw new Problem('bearer_missing');
  });
}

function addCardPages(server: FastifyInstance, parts: CounterPageParts): void {
  server.get('/counter/cards', (request, reply) => {
    const { card } = request.query as { card?: unknown };
    const typed = typeof card === 'string' ? card.normalize('NFKC').slice(0, 40) : '';
    const name = typed.toUpperCase().replace(/[\s-]/g, '');
    const known = cardIdSchema.safeParse(name).success;
    if (known) return reply.redirect(`/counter/cards/${name}?lang=${languageOf(request)}`, 303);
    const says = counterSay(languageOf(request), 'p_unknown_card');
    return showDesk(parts, request, reply, { card: typed, complaint: { field: 'card', says } });
  });
  server.get<OfCard>('/counter/cards/:card', (request, reply) => showCard(parts, request, reply));
  server.post<OfCard>('/counter/cards/:card/blocking', (request, reply) => {
    const { because } = decodeBody(becauseForm, request.body);
    return change(parts, request, reply, 'block', because);
  });
  server.post<OfCard>('/counter/cards/:card/unblocking', (request, reply) =>
    change(parts, request, reply, 'unblock', 'unblocked'),
  );
  server.post<OfCard>('/counter/cards/:card/refunds', (request, reply) =>
    refund(parts, request, reply),
  );
}

const cashierOf = ({ cashiers }: CounterPageParts, request: FastifyRequest): Cashier | null =>
  cashiers.find(readCookie(request, COOKIE), isNear(request));

const signInFirst = (request: FastifyRequest, reply: FastifyReply): FastifyReply =>
  sendFramed(reply, 401, signInPage(languageOf(request), null));

async function signIn(parts: CounterPageParts, request: FastifyRequest, reply: FastifyReply) {
  requireOwnForm(request);
  const client = clientOf(parts, request);
  const now = parts.clock.now();
  if (parts.tables.orders.triesOfClient(client, now - WITHIN_MS) >= WRONG_TRIES) {
    throw new Problem('slow_down');
  }
  const { token } = decodeBody(tokenForm, request.body);
  const language = languageOf(request);
  const cashier = parts.cashiers.signIn(token.trim(), isNear(request));
  if (cashier === null) {
    await parts.writer.run((tx) => tx.orders.addTry('counter', client, now));
    const complaint = { field: 'token', says: counterSay(language, 'wrong_token') } as const;
    return sendFramed(reply, 422, signInPage(language, complaint));
  }
  writeCookie(request, reply, COOKIE, cashier.token, SESSION_S);
  return reply.redirect(`/counter?lang=${language}`, 303);
}

/** What the terminal with this number sells in; the house's first, where it is not known. */
function currencyAt({ tables }: CounterPageParts, number: string | null): Currency {
  const terminal = number === null ? undefined : tables.pairings.terminalOf(number);
  const row = terminal === undefined ? undefined : tables.terminals.find(terminal);
  return row === undefined ? 'CNY' : stallSchema.parse(JSON.parse(row.stall)).currency;
}

function zoneAt({ tables }: CounterPageParts, number: string): string {
  const terminal = tables.pairings.terminalOf(number);
  const row = terminal === undefined ? undefined : tables.terminals.find(terminal);
  return row === undefined ? 'UTC' : stallSchema.parse(JSON.parse(row.stall)).time_zone;
}

interface Shown {
  readonly terminal?: string;
  readonly amount?: string;
  readonly card?: string;
  readonly complaint: Complaint;
}

function showDesk(
  parts: CounterPageParts,
  request: FastifyRequest,
  reply: FastifyReply,
  shown?: Shown,
): FastifyReply {
  const cashier = cashierOf(parts, request);
  if (cashier === null) return signInFirst(request, reply);
  const terminal = shown?.terminal ?? cashier.terminal;
  const view = {
    ...{ language: languageOf(request), terminal, key: base64url(parts.chance.bytes(12)) },
    ...{ amount: shown?.amount ?? '', card: shown?.card ?? '' },
    ...{ currency: currencyAt(parts, cashier.terminal), complaint: shown?.complaint ?? null },
  };
  return sendFramed(reply, shown === undefined ? 200 : 422, deskPage(view));
}

/** Has a terminal ask for a card; the same form twice asks once. */
async function begin(parts: CounterPageParts, request: FastifyRequest, reply: FastifyReply) {
  requireOwnForm(request);
  const cashier = cashierOf(parts, request);
  if (cashier === null) return signInFirst(request, reply);
  const form = decodeBody(workForm, request.body);
  const language = languageOf(request);
  const complain = (field: Complaint['field'], word: string): FastifyReply => {
    const { terminal, amount } = form;
    const complaint = { field, says: counterTrouble(language, word) };
    return showDesk(parts, request, reply, { terminal, amount, complaint });
  };
  const number = readTerminalNumber(form.terminal);
  if (number === null) return complain('terminal', 'p_unknown_terminal');
  const wish = wishOf(parts, form, number);
  if (wish === null) return complain('amount', 'p_amount');
  const begun = parts.counter.begin({
    ...{ id: counterId(`${cashier.agent ?? ''}\n${form.key}`), terminal: number, ...wish },
  });
  await note(parts, cashier, form.act, number, begun.ok ? '200' : begun.code);
  if (!begun.ok) return complain('terminal', `p_${begun.code}`);
  cashier.terminal = number;
  return reply.redirect(`/counter/works/${begun.view.id}?lang=${language}`, 303);
}

function wishOf(parts: CounterPageParts, { act, amount }: WorkForm, number: string) {
  const currency = currencyAt(parts, number);
  if (act !== 'load') return { act, currency };
  const parsed = parseAmount(typedText(amount).replace(',', '.'), currency);
  return parsed.ok ? { act, currency, amount_minor: parsed.amount_minor } : null;
}

/** What an agent did stands in the book of agents. */
async function note(
  { writer, clock }: CounterPageParts,
  { agent }: Cashier,
  act: string,
  reference: string,
  outcome: string,
): Promise<void> {
  if (agent === null) return;
  const at = Math.floor(clock.now());
  await writer.run((tx) => tx.agents.act({ agent, act: `counter ${act}`, reference, outcome, at }));
}

function showWork(
  parts: CounterPageParts,
  request: FastifyRequest<OfWork>,
  reply: FastifyReply,
): FastifyReply {
  if (cashierOf(parts, request) === null) return signInFirst(request, reply);
  const view = parts.counter.find(request.params.id);
  // What is shown is in memory: after a restart the cashier begins again.
  if (view === undefined) return reply.redirect(`/counter?lang=${languageOf(request)}`, 303);
  return sendFramed(reply, 200, workPage(languageOf(request), view, versionOf(view)));
}

/** An answer of settlement, or the problem that it can't be asked. */
async function settled<A>(asked: Promise<A>): Promise<A> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof PeerError) throw new Problem('store_unavailable');
    throw error;
  }
}

function requireGate({ settles }: CounterPageParts): SettlementGate {
  if (settles === null) throw new Problem('no_cards');
  return settles;
}

async function showCard(
  parts: CounterPageParts,
  request: FastifyRequest<OfCard>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const cashier = cashierOf(parts, request);
  if (cashier === null) return signInFirst(request, reply);
  const { card } = request.params;
  const known = cardIdSchema.safeParse(card).success;
  const found = known
    ? await settled(askGate(parts.writer, requireGate(parts).card, card))
    : ({ said: 'refused', code: 'unknown_card' } as const);
  if (found.said === 'card') return sendCard(parts, request, reply, cashier, found.card, null);
  const says = counterTrouble(languageOf(request), `p_${found.code}`);
  return showDesk(parts, request, reply, { card, complaint: { field: 'card', says } });
}

function sendCard(
  parts: CounterPageParts,
  request: FastifyRequest,
  reply: FastifyReply,
  cashier: Cashier,
  card: CardBrief,
  complaint: Complaint | null,
): FastifyReply {
  const view = {
    ...{ language: languageOf(request), card, complaint },
    done: complaint === null ? doneOf(request, card) : null,
    timeZone: zoneAt(parts, cashier.terminal),
    key: base64url(parts.chance.bytes(12)),
  };
  return sendFramed(reply, complaint === null ? 200 : 422, cardPage(view));
}

/** What the form before did, as its redirect says. */
function doneOf(request: FastifyRequest, card: CardBrief): string | null {
  const { done } = request.query as { done?: unknown };
  const language = languageOf(request);
  if (done === 'block' && card.state === 'blocked') return counterSay(language, 'blocked');
  if (done === 'unblock' && card.state === 'active') return counterSay(language, 'unblocked');
  if (done !== 'refund' || card.due_minor === 0) return null;
  const amount = formatMoney({ amount_minor: card.due_minor, currency: card.currency });
  return counterSay(language, 'refund_asked', { amount });
}

const toCard = (request: FastifyRequest, reply: FastifyReply, card: string, done: string) =>
  reply.redirect(`/counter/cards/${card}?lang=${languageOf(request)}&done=${done}`, 303);

async function change(
  parts: CounterPageParts,
  request: FastifyRequest<OfCard>,
  reply: FastifyReply,
  act: 'block' | 'unblock',
  because: string,
): Promise<FastifyReply> {
  requireOwnForm(request);
  const cashier = cashierOf(parts, request);
  if (cashier === null) return signInFirst(request, reply);
  const card = decodeBody(cardIdSchema, request.params.card);
  const gate = requireGate(parts);
  const changed = await settled(askGate(parts.writer, gate.change, { card, act, because }));
  await note(parts, cashier, act, card, changed.said === 'card' ? '200' : changed.code);
  if (changed.said === 'card') return toCard(request, reply, card, act);
  return refuse(parts, request, reply, card, changed.code);
}

/** Gives a payment of this card back, what is left of it. */
async function refund(
  parts: CounterPageParts,
  request: FastifyRequest<OfCard>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  requireOwnForm(request);
  const cashier = cashierOf(parts, request);
  if (cashier === null) return signInFirst(request, reply);
  const card = decodeBody(cardIdSchema, request.params.card);
  const { key, order } = decodeBody(refundForm, request.body);
  const name = `counter refund\n${order}\n${cashier.agent ?? ''}\n${key}`;
  const digest = createHash('sha256').update(name).digest();
  const id = writeOrderNumber(new Uint8Array(digest).slice(0, 10));
  const ask = { kind: 'refund', id, order } as const;
  const answer = await settled(askGate(parts.writer, requireGate(parts).ask, ask));
  const code = answer.said === 'refused' ? answer.code : answer.said;
  await note(parts, cashier, 'refund', order, answer.said === 'job' ? '200' : code);
  if (answer.said === 'job') return toCard(request, reply, card, 'refund');
  return refuse(parts, request, reply, card, code);
}

/** The card's page again, with what is wrong. */
async function refuse(
  parts: CounterPageParts,
  request: FastifyRequest<OfCard>,
  reply: FastifyReply,
  card: string,
  code: string,
): Promise<FastifyReply> {
  const cashier = cashierOf(parts, request);
  if (cashier === null) return signInFirst(request, reply);
  const says = counterTrouble(languageOf(request), `p_${code}`);
  const found = await settled(askGate(parts.writer, requireGate(parts).card, card));
  if (found.said === 'card') {
    const complaint = { field: '', says } as const;
    return sendCard(parts, request, reply, cashier, found.card, complaint);
  }
  return showDesk(parts, request, reply, { card, complaint: { field: 'card', says } });
}
