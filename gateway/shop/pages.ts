/** The shop's pages: goods and basket by address, and a form for each thing that a customer does. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { base64url } from '#device/codecs/bytes.ts';
import { stallSchema } from '#device/messages/enrolment.ts';
import { linesTotal } from '#device/messages/order.ts';
import { orderNumberSchema } from '#device/messages/order-number.ts';
import { lookUpLines } from '../catalogue/catalogue.ts';
import type { Core } from '../core.ts';
import { keyedDigest } from '../keys.ts';
import { readTerminalNumber } from '../pairing/numbers.ts';
import type { ShopOrderRow } from '../store/tables-shop.ts';
import { typedText } from '../typed.ts';
import { readCookie, requireOwnForm, writeCookie } from '../web/cookies.ts';
import { sendFramed } from '../web/frame.ts';
import { canonical } from '../web/idempotency.ts';
import { Problem } from '../web/problems.ts';
import { clientOf, decodeBody, languageOf } from '../web/requests.ts';
import { readPicked, searchedGoods } from './basket.ts';
import { basketSchema, type Placed } from './orders.ts';
import { basketPage, goodsPage, type PaymentView, paymentPage } from './page.ts';
import { READER_MS } from './readers.ts';
import type { Tapped } from './shop.ts';
import { versioned } from './version.ts';
import { type ShopWord, shopSay } from './words.ts';

const CUSTOMER = 'shop_customer';
const READER = 'shop_reader';
const CUSTOMER_S = 30 * 86_400;
/** Wrong terminal numbers and digits from one address in a quarter of an hour. */
const WRONG_TRIES = 20;
const WITHIN_MS = 15 * 60_000;

type OfShop = { Params: { merchant: string } };
export type OfOrder = { Params: { merchant: string; number: string } };

export const keyForm = z.object({ key: z.string().regex(/^[\w-]{8,40}$/) });
export const numberForm = z.object({ number: z.string().max(12) });
export const digitsForm = z.object({ digits: z.string().max(12) });

export const customerOf = (core: Core, token: string): string =>
  keyedDigest(core.keys, `shop customer\n${token}`);

/** An order of whoever asks; any other is unknown. */
export function requireOrder(core: Core, request: FastifyRequest, number: string): ShopOrderRow {
  const token = readCookie(request, CUSTOMER);
  const known = token !== null && orderNumberSchema.safeParse(number).success;
  const row = known ? core.shop.find(number, customerOf(core, token)) : undefined;
  if (row === undefined) throw new Problem('unknown_order');
  return row;
}

export function addShopPages(server: FastifyInstance, core: Core): void {
  server.get<OfShop>('/shop/:merchant', (request, reply) => showGoods(core, request, reply));
  server.get<OfShop>('/shop/:merchant/basket', (request, reply) => {
    const picked = readPicked(request.query);
    return showBasket(core, request, reply, { status: 200, picked, complaint: null });
  });
  server.post<OfShop>('/shop/:merchant/orders', (request, reply) => place(core, request, reply));
  server.get<OfOrder>('/shop/:merchant/orders/:number', (request, reply) => {
    const row = orderOf(core, request);
    return showOrder(core, request, reply, row, { status: 200, typed: '', complaint: null });
  });
  server.post<OfOrder>('/shop/:merchant/orders/:number/reader', (request, reply) =>
    chooseReader(core, request, reply),
  );
  server.post<OfOrder>('/shop/:merchant/orders/:number/digits', (request, reply) =>
    takeDigits(core, request, reply),
  );
  server.post<OfOrder>('/shop/:merchant/orders/:number/tap', async (request, reply) => {
    requireOwnForm(request);
    const row = orderOf(core, request);
    const reader = core.shop.reader(readCookie(request, READER));
    if (reader === null) return home(request, reply, row);
    return tapped(core, request, reply, row, await core.shop.tap(row, reader.terminal));
  });
  server.post<OfOrder>('/shop/:merchant/orders/:number/other-reader', async (request, reply) => {
    requireOwnForm(request);
    const row = orderOf(core, request);
    const token = readCookie(request, READER);
    if (token !== null) await core.shop.forgetReader(token);
    writeCookie(request, reply, READER, '', 0);
    return home(request, reply, row);
  });
  server.post<OfOrder>('/shop/:merchant/orders/:number/cancel', async (request, reply) => {
    requireOwnForm(request);
    const row = orderOf(core, request);
    const ended = await core.shop.cancel(row);
    if (ended.ok || ended.code !== 'being_paid') return home(request, reply, row);
    return tapped(core, request, reply, row, { ok: false, code: 'being_paid' });
  });
}

function orderOf(core: Core, request: FastifyRequest<OfOrder>): ShopOrderRow {
  const row = requireOrder(core, request, request.params.number);
  if (row.merchant !== request.params.merchant) throw new Problem('unknown_order');
  return row;
}

const home = (request: FastifyRequest, reply: FastifyReply, row: ShopOrderRow): FastifyReply =>
  reply.redirect(`/shop/${row.merchant}/orders/${row.number}?lang=${languageOf(request)}`, 303);

function requireShop(core: Core, merchant: string) {
  const shop = core.shop.goods(merchant);
  if (shop === null) throw new Problem('not_found');
  return shop;
}

function showGoods(core: Core, request: FastifyRequest<OfShop>, reply: FastifyReply) {
  const { merchant } = request.params;
  const { name, goods } = requireShop(core, merchant);
  const { find: wanted } = request.query as { find?: unknown };
  const find = typeof wanted === 'string' ? wanted.slice(0, 60) : '';
  const picked = readPicked(request.query);
  const language = languageOf(request);
  const shown = searchedGoods(goods, find);
  const view = { language, merchant, name, goods: shown, find, picked, complaint: null };
  return sendFramed(reply, 200, goodsPage(view));
}

interface Basketed {
  readonly status: number;
  readonly picked: ReadonlyMap<string, number>;
  readonly complaint: string | null;
}

function showBasket(
  core: Core,
  request: FastifyRequest<OfShop>,
  reply: FastifyReply,
  { status, picked, complaint }: Basketed,
) {
  const { merchant } = request.params;
  const { name, goods } = requireShop(core, merchant);
  const lines = goods.flatMap((product) => {
    const quantity = picked.get(product.code);
    return quantity === undefined ? [] : [{ product, quantity }];
  });
  const language = languageOf(request);
  const priced = lines.map(({ product, quantity }) => {
    return { quantity, unit_minor: product.unit_minor };
  });
  const total = linesTotal(priced);
  const says = Number.isNaN(total) ? shopSay(language, 'p_too_large') : complaint;
  const found = lookUpLines(core.tables, merchant, [...picked].map(toWanted));
  return sendFramed(
    reply,
    status,
    basketPage({
      ...{ language, merchant, name, lines, picked, key: base64url(core.chance.bytes(12)) },
      ...{ amount_minor: Number.isNaN(total) ? 0 : total },
      currency: goods[0]?.currency ?? 'CNY',
      complaint: says ?? (found.ok ? null : refusedText(core, request, found.refused, picked)),
    }),
  );
}

const toWanted = ([code, quantity]: readonly [string, number]) => ({ code, quantity });

/** Orders once for each key, however often the form is sent. */
async function place(core: Core, request: FastifyRequest<OfShop>, reply: FastifyReply) {
  requireOwnForm(request);
  const { merchant } = request.params;
  requireShop(core, merchant);
  const language = languageOf(request);
  const picked = readPicked(request.body);
  const { key } = decodeBody(keyForm, request.body);
  const basket = basketSchema.safeParse([...picked].map(toWanted));
  if (!basket.success)
    return showBasket(core, request, reply, { ...{ status: 422, picked }, complaint: null });
  const token = readCookie(request, CUSTOMER) ?? base64url(core.chance.bytes(32));
  const wish = {
    ...{ merchant, customer: customerOf(core, token), basket: basket.data, language },
    client: clientOf(core, request),
  };
  const scope = `shop ${wish.customer}`;
  const once = await core.idempotency.once<Placed>(
    { scope, key, content: canonical({ merchant, basket: basket.data }) },
    (keep) => core.shop.place(wish, keep),
  );
  if (!once.ok) {
    throw new Problem(once.code === 'reused' ? 'idempotency_key_reused' : 'request_in_flight');
  }
  const placed = once.answer;
  if (placed.ok) {
    writeCookie(request, reply, CUSTOMER, token, CUSTOMER_S);
    return home(request, reply, placed.row);
  }
  const complaint =
    'refused' in placed
      ? refusedText(core, request, placed.refused, picked)
      : shopSay(language, `p_${placed.code}`);
  return showBasket(core, request, reply, { status: 422, picked, complaint });
}

function refusedText(
  core: Core,
  request: FastifyRequest<OfShop>,
  refused: Extract<Placed, { refused: unknown }>['refused'],
  picked: ReadonlyMap<string, number>,
): string {
  const language = languageOf(request);
  if (refused.code === 'unknown_product') return shopSay(language, 'p_unknown_product');
  const [code = ''] = [...picked.keys()].slice(refused.line);
  const product = core.tables.products.find(request.params.merchant, code);
  const name = (language === 'en' ? product?.name_en : product?.name_zh) ?? code;
  return shopSay(language, 'p_sold_out', { name, count: String(refused.left) });
}

/** Wrong numbers and digits of an address are counted, like those at a stall. */
function requireFewTries(core: Core, request: FastifyRequest): string {
  const client = clientOf(core, request);
  const since = core.clock.now() - WITHIN_MS;
  if (core.tables.orders.triesOfClient(client, since) >= WRONG_TRIES) {
    throw new Problem('slow_down');
  }
  return client;
}

async function chooseReader(core: Core, request: FastifyRequest<OfOrder>, reply: FastifyReply) {
  requireOwnForm(request);
  const row = orderOf(core, request);
  const client = requireFewTries(core, request);
  const { number: typed } = decodeBody(numberForm, request.body);
  const number = readTerminalNumber(typed);
  const asked: Tapped =
    number === null
      ? { ok: false, code: 'unknown_terminal' }
      : await core.shop.askDigits(row, number);
  if (!asked.ok && asked.code === 'unknown_terminal') {
    await core.writer.run((tx) => tx.orders.addTry('shop', client, core.clock.now()));
  }
  return tapped(core, request, reply, row, asked, { typed, field: 'number' });
}

async function takeDigits(core: Core, request: FastifyRequest<OfOrder>, reply: FastifyReply) {
  requireOwnForm(request);
  const row = orderOf(core, request);
  const client = requireFewTries(core, request);
  const { digits } = decodeBody(digitsForm, request.body);
  const proved = await core.shop.proveReader(row, typedText(digits));
  if (proved.ok) {
    writeCookie(request, reply, READER, proved.token, READER_MS / 1000);
    return home(request, reply, row);
  }
  if (proved.code === 'wrong_digits' || proved.code === 'too_many_tries') {
    await core.writer.run((tx) => tx.orders.addTry(row.number, client, core.clock.now()));
  }
  return tapped(core, request, reply, row, proved, { typed: '', field: 'digits' });
}

/** Home where it worked; the page again with what is wrong where it did not. */
function tapped(
  core: Core,
  request: FastifyRequest<OfOrder>,
  reply: FastifyReply,
  row: ShopOrderRow,
  done: Tapped,
  { typed, field }: { typed: string; field: 'number' | 'digits' | '' } = { typed: '', field: '' },
): FastifyReply {
  if (done.ok || done.code === 'closed') return home(request, reply, row);
  if (done.code === 'unknown_order') throw new Problem('unknown_order');
  const word: ShopWord = `p_${done.code}`;
  const complaint = { field, says: shopSay(languageOf(request), word) } as const;
  const fresh = requireOrder(core, request, row.number);
  return showOrder(core, request, reply, fresh, { status: 422, typed, complaint });
}

function showOrder(
  core: Core,
  request: FastifyRequest,
  reply: FastifyReply,
  row: ShopOrderRow,
  { status, typed, complaint }: Pick<PaymentView, 'typed' | 'complaint'> & { status: number },
): FastifyReply {
  const order = core.shop.view(row);
  const reader = core.shop.reader(readCookie(request, READER))?.number ?? null;
  const view: PaymentView = {
    ...{ language: languageOf(request), order, reader, typed, complaint },
    ...{ version: versioned(order).version, timeZone: zoneOf(core, row) },
  };
  return sendFramed(reply, status, paymentPage(view));
}

/** Time zone of the stall whose reader was used. */
function zoneOf(core: Core, { terminal }: ShopOrderRow): string {
  const row = terminal === null ? undefined : core.tables.terminals.find(terminal);
  return row === undefined ? 'UTC' : stallSchema.parse(JSON.parse(row.stall)).time_zone;
}
