/** The pages of parties: their vouchers, and what each may do about one. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { base64url } from '#device/codecs/bytes.ts';
import { parseAmount } from '#device/messages/money.ts';
import { voucherNumberSchema } from '#device/messages/voucher.ts';
import type { Core } from '../core.ts';
import type { PartyRow } from '../store/tables-funds.ts';
import { typedText } from '../typed.ts';
import { callingCode } from '../web/api.ts';
import { readCookie, requireOwnForm, writeCookie } from '../web/cookies.ts';
import { sendFramed } from '../web/frame.ts';
import { Problem } from '../web/problems.ts';
import { clientOf, decodeBody, languageOf } from '../web/requests.ts';
import { addCheckPage } from './check-page.ts';
import { entriesPage, entriesPath } from './entries-page.ts';
import type { PartyPage } from './fields.ts';
import {
  actForm,
  amountWrong,
  type Complaint,
  complaintOf,
  createForm,
  daysOf,
  daysWrong,
  listQuery,
  logInForm,
  memoWrong,
  partyTyped,
  phoneForm,
  readAccount,
  readInput,
  readMemo,
} from './forms.ts';
import type { Funds } from './funds.ts';
import { PARTY_ACTIONS } from './http.ts';
import { partyList, partyLogIn } from './page.ts';
import { SESSION_S } from './parties.ts';
import { entriesQuerySchema } from './schemas.ts';
import { partyVoucher } from './voucher-page.ts';
import { fundSay } from './words.ts';

const COOKIE = 'party_session';
const DAY_MS = 86_400_000;

interface Here {
  readonly core: Core;
  readonly funds: Funds;
  /** What holders of vouchers reach the pages by, where that is known. */
  readonly publicUrl: string | undefined;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

export function addPartyPages(
  server: FastifyInstance,
  core: Core,
  funds: Funds,
  publicUrl: string | undefined,
): void {
  const { parties } = core;
  const here = (request: FastifyRequest, reply: FastifyReply): Here => ({
    ...{ core, funds, publicUrl, request, reply },
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
  server.get('/vouchers/entries', (request, reply) => showEntries(here(request, reply)));
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
  server.post('/vouchers/phone', (request, reply) => registerPhone(here(request, reply)));
  addCheckPage(server, core, funds);
}

function pageAt(
  request: FastifyRequest,
  path: string,
  complaint: Complaint | null,
  typed: NonNullable<PartyPage['typed']> = {},
): PartyPage {
  const language = languageOf(request);
  const { done } = request.query as { done?: unknown };
  const said = done === '1' ? 'done' : done === '2' ? 'later' : null;
  const notice = complaint !== null || said === null ? null : fundSay(language, said);
  return { language, complaint, notice, path, typed };
}

const partyOf = ({ core, request }: Here): PartyRow | null =>
  core.parties.bySession(readCookie(request, COOKIE));

const freshKey = ({ core }: Here): string => base64url(core.chance.bytes(12));

async function logIn(here: Here): Promise<FastifyReply> {
  const { core, request, reply } = here;
  requireOwnForm(request);
  const { party: typed, password } = decodeBody(logInForm, request.body);
  const party = partyTyped(typed);
  const client = clientOf(core, request);
  if (core.guesses.isOver(client)) throw new Problem('slow_down');
  const said = await core.parties.logIn(party, password, client);
  const language = languageOf(request);
  if (said.said !== 'in') {
    core.guesses.count(client);
    const code = said.said === 'locked' ? 'account_locked' : 'party_refused';
    const complaint = { says: fundSay(language, said.said), field: 'password', code };
    const page = pageAt(request, '/vouchers', complaint);
    return sendFramed(reply, 422, partyLogIn(page, party));
  }
  const earlier = readCookie(request, COOKIE);
  if (earlier !== null) await core.parties.logOut(earlier);
  writeCookie(request, reply, COOKIE, said.token, SESSION_S);
  return reply.redirect(`/vouchers?lang=${language}`, 303);
}

type Typed = NonNullable<PartyPage['typed']>;

function showList(here: Here, complaint: Complaint | null, typed: Typed = {}): FastifyReply {
  const { core, funds, request, reply } = here;
  const party = partyOf(here);
  const page = pageAt(request, '/vouchers', complaint, typed);
  const status = complaint === null ? 200 : 422;
  if (party === null) return sendFramed(reply, status, partyLogIn({ ...page, notice: null }, ''));
  const { before } = listQuery.safeParse(request.query).data ?? {};
  const listed = funds.reading.outlines(party.id, before);
  const { phone } = party;
  const list = { party, phone, ...listed, balances: funds.reading.balances(party.id) };
  const others = core.parties.all();
  return sendFramed(reply, status, partyList(page, { ...list, others, key: freshKey(here) }));
}

function showEntries(here: Here): FastifyReply {
  const { funds, request, reply } = here;
  const party = partyOf(here);
  if (party === null) return showList(here, null);
  const { lang: _lang, ...query } = request.query as Record<string, unknown>;
  const { currency, before } = decodeBody(entriesQuerySchema, query);
  const shown = funds.reading.entries(party.id, currency, before);
  return sendFramed(reply, 200, entriesPage(pageAt(request, entriesPath(currency), null), shown));
}

/** A form came whose session has ended: nothing was done. */
function askToLogIn({ request, reply }: Here): FastifyReply {
  const says = fundSay(languageOf(request), 'log_in_again');
  const again = { says, field: 'party', code: 'party_refused' };
  return sendFramed(reply, 401, partyLogIn(pageAt(request, '/vouchers', again), ''));
}

function showOne(
  here: Here,
  number: string,
  complaint: Complaint | null,
  typed: Typed = {},
): FastifyReply {
  const { core, funds, request, reply } = here;
  const party = partyOf(here);
  if (party === null) return showList(here, complaint);
  const known = voucherNumberSchema.safeParse(number).success;
  const view = known ? funds.reading.view(party.id, number) : null;
  if (view === null) throw new Problem('unknown_voucher');
  const page = pageAt(request, `/vouchers/${number}`, complaint, typed);
  // What is printed is scanned elsewhere, and must lead there whichever way this page was reached.
  const url = here.publicUrl ?? `${request.protocol}://${request.host}`;
  const all = core.parties.all();
  const others = all.filter(({ id }) => id !== view.beneficiary.id);
  const history = funds.reading.history(party.id, number) ?? [];
  const nameOf = (id: string): string => all.find((each) => each.id === id)?.name ?? id;
  const one = { view, others, key: freshKey(here), url, history, nameOf };
  return sendFramed(reply, complaint === null ? 200 : 422, partyVoucher(page, one));
}

async function create(here: Here): Promise<FastifyReply> {
  const { core, funds, request } = here;
  requireOwnForm(request);
  const party = partyOf(here);
  if (party === null) return askToLogIn(here);
  const form = decodeBody(createForm, request.body);
  const language = languageOf(request);
  const amount = parseAmount(typedText(form.amount), form.currency);
  if (!amount.ok || amount.amount_minor === 0) return showList(here, amountWrong(language), form);
  const days = daysOf(form.days);
  if (days === null) return showList(here, daysWrong(language), form);
  const memo = readMemo(form.memo);
  if (memo === null) return showList(here, memoWrong(language), form);
  const { currency, key } = form;
  const [paying, beneficiary] = [partyTyped(form.paying), partyTyped(form.beneficiary)];
  const made = await funds.create(
    party.id,
    {
      ...{ paying, beneficiary, currency, memo, amount_minor: amount.amount_minor },
      terms: { transferable: form.transferable === '1', partial: form.partial === '1' },
      // By whole days, so that the form sent twice is the same.
      expires_at: (Math.floor(core.clock.now() / DAY_MS) + days + 1) * DAY_MS,
    },
    key,
  );
  if ('problem' in made) return showList(here, complaintOf(language, made, paying), form);
  const { number } = made.body as { number: string };
  return here.reply.redirect(`/vouchers/${number}?lang=${language}&done=1`, 303);
}

/** Orders of this number are paid by the party's vouchers, behind payment links. */
async function registerPhone(here: Here): Promise<FastifyReply> {
  const { core, funds, request, reply } = here;
  requireOwnForm(request);
  const party = partyOf(here);
  if (party === null) return askToLogIn(here);
  const form = decodeBody(phoneForm, request.body);
  const language = languageOf(request);
  const read = readAccount(language, callingCode(core), form);
  if (!read.ok) return showList(here, read, form);
  const made = await funds.registerPhone(party.id, read.value);
  if ('problem' in made) return showList(here, complaintOf(language, made), form);
  return reply.redirect(`/vouchers?lang=${language}&done=1`, 303);
}

async function act(
  here: Here,
  number: string,
  action: (typeof PARTY_ACTIONS)[number],
): Promise<FastifyReply> {
  const { core, funds, request, reply } = here;
  requireOwnForm(request);
  const party = partyOf(here);
  if (party === null) return askToLogIn(here);
  const form = decodeBody(actForm, request.body);
  const language = languageOf(request);
  const view = funds.reading.view(party.id, number);
  if (view === null) throw new Problem('unknown_voucher');
  const input = readInput(language, callingCode(core), action, form, view.currency);
  if (!input.ok) return showOne(here, number, input, form);
  const made = await funds.act(party.id, number, action, input.value, form.key);
  if ('problem' in made) return showOne(here, number, complaintOf(language, made), form);
  const still = funds.reading.view(party.id, number) !== null;
  const done = `lang=${language}&done=${made.status === 202 ? 2 : 1}`;
  return reply.redirect(still ? `/vouchers/${number}?${done}` : `/vouchers?${done}`, 303);
}
