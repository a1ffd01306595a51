/** The pages of parties: their vouchers, and what each may do about one. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { base64url } from '#device/codecs/bytes.ts';
import { type Currency, currencySchema, parseAmount } from '#device/messages/money.ts';
import { voucherNumberSchema, voucherTroubleSchema } from '#device/messages/voucher.ts';
import type { Core } from '../core.ts';
import type { PartyRow } from '../store/tables-funds.ts';
import { readCookie, sameSite, writeCookie } from '../web/cookies.ts';
import { sendFramed } from '../web/frame.ts';
import { say } from '../web/messages.ts';
import { formDoc, pageDoc } from '../web/page-docs.ts';
import { Problem, problemSentence } from '../web/problems.ts';
import { decodeBody, languageOf } from '../web/requests.ts';
import type { Reply, RouteDoc } from '../web/routes.ts';
import type { Funds } from './funds.ts';
import { PARTY_ACTIONS } from './http.ts';
import { checkPage, type PartyPage, partyList, partyLogIn, partyVoucher } from './page.ts';
import { SESSION_S } from './parties.ts';
import { type ActInput, nameAccountSchema, partyIdSchema } from './schemas.ts';
import { fundSay } from './words.ts';

const COOKIE = 'party_session';
const DAY_MS = 86_400_000;
const ALL = Number.MAX_SAFE_INTEGER;

const logInForm = z.object({ party: z.string().max(30), password: z.string().max(200) });
const keyField = z.string().regex(/^[\w-]{8,40}$/);
const tick = z.literal('1').optional();
const createForm = z.object({
  ...{ key: keyField, paying: partyIdSchema, beneficiary: partyIdSchema },
  ...{ amount: z.string().max(12), currency: currencySchema, memo: z.string().max(140) },
  days: z.coerce.number().int().min(1).max(1800),
  ...{ transferable: tick, partial: tick },
});
const actForm = z.object({
  key: keyField,
  ...{ phone: z.string().max(30).optional(), pin: z.string().max(12).optional() },
  ...{ name: z.string().max(80).optional(), amount: z.string().max(12).optional() },
  beneficiary: z.string().max(30).optional(),
});

interface Here {
  readonly core: Core;
  readonly funds: Funds;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

export function addPartyPages(server: FastifyInstance, core: Core, funds: Funds): void {
  const { parties } = core;
  const here = (request: FastifyRequest, reply: FastifyReply): Here => ({
    ...{ core, funds, request, reply },
  });
  server.get('/vouchers', (request, reply) => showList(here(request, reply), null));
  server.post('/vouchers/log-in', (request, reply) => logIn(here(request, reply)));
  server.post('/vouchers/log-out', async (request, reply) => {
    requireOwnForm(request);
    const token = readCookie(request, COOKIE);
    if (token !== null) await parties.logOut(token);
    writeCookie(request, reply, COOKIE, '', 0);
    return reply.redirect(`/vouchers?lang=${languageOf(request)}`, 303);
  });
  server.post('/vouchers', (request, reply) => create(here(request, reply)));
  type Of = { Params: { number: string; action: string } };
  server.get<Of>('/vouchers/:number', (request, reply) =>
    showOne(here(request, reply), request.params.number, null),
  );
  for (const action of PARTY_ACTIONS) {
    const path = `/vouchers/:number/${action.replaceAll('_', '-')}`;
    server.post<Of>(path, (request, reply) =>
      act(here(request, reply), request.params.number, action),
    );
  }
  server.get<{ Querystring: { t?: unknown } }>('/v', (request, reply) => {
    const { t } = request.query;
    const token = typeof t === 'string' && t.length <= 2000 ? t : '';
    const checked = funds.check(token);
    const page = pageOf(request, `/v?t=${encodeURIComponent(token)}`, null);
    return sendFramed(reply, checked.said === 'forged' ? 422 : 200, checkPage(page, checked));
  });
}

function pageOf(request: FastifyRequest, path: string, alert: string | null): PartyPage {
  const language = languageOf(request);
  const { done } = request.query as { done?: unknown };
  const said = done === '1' ? 'done' : done === '2' ? 'later' : null;
  const notice = alert !== null || said === null ? null : fundSay(language, said);
  return { language, alert, notice, path };
}

function requireOwnForm(request: FastifyRequest): void {
  if (!sameSite(request)) throw new Problem('foreign_form');
}

const partyOf = ({ core, request }: Here): PartyRow | null =>
  core.parties.bySession(readCookie(request, COOKIE));

const freshKey = ({ core }: Here): string => base64url(core.chance.bytes(12));

async function logIn(here: Here): Promise<FastifyReply> {
  const { core, request, reply } = here;
  requireOwnForm(request);
  const { party, password } = decodeBody(logInForm, request.body);
  const said = await core.parties.logIn(party, password);
  const language = languageOf(request);
  if (said.said !== 'in') {
    const page = pageOf(request, '/vouchers', fundSay(language, said.said));
    return sendFramed(reply, 422, partyLogIn(page, party));
  }
  const earlier = readCookie(request, COOKIE);
  if (earlier !== null) await core.parties.logOut(earlier);
  writeCookie(request, reply, COOKIE, said.token, SESSION_S);
  return reply.redirect(`/vouchers?lang=${language}`, 303);
}

function showList(here: Here, alert: string | null): FastifyReply {
  const { core, funds, request, reply } = here;
  const party = partyOf(here);
  const page = pageOf(request, '/vouchers', alert);
  const status = alert === null ? 200 : 422;
  if (party === null) return sendFramed(reply, status, partyLogIn({ ...page, notice: null }, ''));
  const { vouchers } = funds.list(party.id, ALL);
  const list = { party, vouchers, balances: funds.balances(party.id) };
  const others = core.parties.all();
  return sendFramed(reply, status, partyList(page, { ...list, others, key: freshKey(here) }));
}

function showOne(here: Here, number: string, alert: string | null): FastifyReply {
  const { core, funds, request, reply } = here;
  const party = partyOf(here);
  if (party === null) return showList(here, alert);
  const known = voucherNumberSchema.safeParse(number).success;
  const view = known ? funds.view(party.id, number) : null;
  if (view === null) throw new Problem('unknown_voucher');
  const page = pageOf(request, `/vouchers/${number}`, alert);
  const url = `${request.protocol}://${request.host}`;
  const others = core.parties.all().filter(({ id }) => id !== view.beneficiary.id);
  const one = { view, others, key: freshKey(here), url };
  return sendFramed(reply, alert === null ? 200 : 422, partyVoucher(page, one));
}

async function create(here: Here): Promise<FastifyReply> {
  const { core, funds, request } = here;
  requireOwnForm(request);
  const party = partyOf(here);
  if (party === null) return showList(here, null);
  const form = decodeBody(createForm, request.body);
  const language = languageOf(request);
  const amount = parseAmount(form.amount.trim(), form.currency);
  if (!amount.ok) return showList(here, fundSay(language, 'amount_wrong'));
  const { paying, beneficiary, currency, memo, key } = form;
  const made = await funds.create(
    party.id,
    {
      ...{ paying, beneficiary, currency, memo, amount_minor: amount.amount_minor },
      terms: { transferable: form.transferable === '1', partial: form.partial === '1' },
      // By whole days, so that the form sent twice is the same.
      expires_at: (Math.floor(core.clock.now() / DAY_MS) + form.days + 1) * DAY_MS,
    },
    key,
  );
  if ('problem' in made) return showList(here, sentence(here, made));
  const { number } = made.body as { number: string };
  return here.reply.redirect(`/vouchers/${number}?lang=${language}&done=1`, 303);
}

async function act(
  here: Here,
  number: string,
  action: (typeof PARTY_ACTIONS)[number],
): Promise<FastifyReply> {
  const { funds, request, reply } = here;
  requireOwnForm(request);
  const party = partyOf(here);
  if (party === null) return showList(here, null);
  const form = decodeBody(actForm, request.body);
  const language = languageOf(request);
  const view = funds.view(party.id, number);
  if (view === null) throw new Problem('unknown_voucher');
  const input = inputOf(action, form, view.currency);
  if (input === null) return showOne(here, number, fundSay(language, 'amount_wrong'));
  const made = await funds.act(party.id, number, action, input, form.key);
  if ('problem' in made) return showOne(here, number, sentence(here, made));
  const still = funds.view(party.id, number) !== null;
  const done = `lang=${language}&done=${made.status === 202 ? 2 : 1}`;
  return reply.redirect(still ? `/vouchers/${number}?${done}` : `/vouchers?${done}`, 303);
}

/** `null` where an amount is none. */
function inputOf(
  action: string,
  form: z.output<typeof actForm>,
  currency: Currency,
): ActInput | null {
  const { phone, pin, name, beneficiary = '' } = form;
  if (action === 'name_account') {
    return { account: decodeBody(nameAccountSchema, { phone, pin, name }) };
  }
  if (action === 'transfer') return { transfer: { beneficiary } };
  if (action !== 'redeem') return {};
  const amount = parseAmount((form.amount ?? '').trim(), currency);
  return amount.ok ? { redeem: { amount_minor: amount.amount_minor, currency } } : null;
}

const sentence = ({ request }: Here, made: Extract<Reply, { problem: unknown }>): string => {
  const trouble = voucherTroubleSchema.safeParse(made.extras.reason);
  if (trouble.success) return say(languageOf(request), `v_${trouble.data}`);
  return problemSentence(new Problem(made.problem, made.extras), languageOf(request));
};

const ofVoucher = z.strictObject({ number: voucherNumberSchema });
const FORM = { key: 'Zm9vYmFyYmF6' };

/** What the document says of them. */
export const PARTY_PAGE_DOCS: readonly RouteDoc[] = [
  pageDoc('/vouchers', 'A party’s vouchers'),
  formDoc('/vouchers/log-in', 'Logs a party in', {
    schema: logInForm,
    example: { party: 'chen', password: 'a long window' },
  }),
  formDoc('/vouchers/log-out', 'Ends the session'),
  formDoc('/vouchers', 'Asks a paying party to be payer', {
    schema: createForm,
    example: {
      ...{ ...FORM, paying: 'fund', beneficiary: 'chen', amount: '200', currency: 'CNY' },
      ...{ memo: 'Mid-autumn', days: 30, transferable: '1', partial: '1' },
    },
  }),
  pageDoc('/vouchers/{number}', 'One voucher, with its QR code, also on paper', {
    ...{ params: ofVoucher, problems: ['unknown_voucher'] },
  }),
  ...PARTY_ACTIONS.map((action) =>
    formDoc(
      `/vouchers/{number}/${action.replaceAll('_', '-')}`,
      `${action.replaceAll('_', '-')}, from the page`,
      { schema: actForm, example: FORM },
      { params: ofVoucher, problems: ['unknown_voucher'] },
    ),
  ),
  pageDoc('/v', 'What is true of the voucher behind a QR code', {
    query: z.strictObject({ t: z.string() }),
  }),
];
