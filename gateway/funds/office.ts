/** The fund server's own pages: the operator signs in on that machine, looks through, and adds parties. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { isVoucherNumber } from '#device/codecs/voucher.ts';
import { voucherNumberSchema } from '#device/messages/voucher.ts';
import type { Core } from '../core.ts';
import { sameSecret } from '../keys.ts';
import { typedFigures } from '../typed.ts';
import { readCookie, requireOwnForm, writeCookie } from '../web/cookies.ts';
import { sendFramed } from '../web/frame.ts';
import { formDoc, pageDoc, SIGN_IN } from '../web/page-docs.ts';
import { Problem } from '../web/problems.ts';
import { clientOf, decodeBody, isNear, languageOf } from '../web/requests.ts';
import type { RouteDoc } from '../web/routes.ts';
import { Sessions } from '../web/sessions.ts';
import type { PartyPage } from './fields.ts';
import type { Complaint } from './forms.ts';
import { officePage, officeSignIn, tokenPage, trailPage } from './office-page.ts';
import { type OfficeWord, officeSay } from './office-words.ts';
import { overviewOf, trailOf } from './overview.ts';
import { pageOf } from './reading.ts';
import { addPartySchema } from './schemas.ts';

const COOKIE = 'fund_office';
const SESSION_S = 3600;
const PATH = '/vouchers/office';

const signInForm = z.object({ token: z.string().max(100) });
const partyForm = z.object({
  ...{ party: z.string().max(100), name: z.string().max(200) },
  password: z.string().max(200).default(''),
});
const renewalForm = z.object({ renewed: z.string().max(100) });
const officeQuery = z.object({
  before: z.coerce.number().int().min(0).optional(),
  find: z.string().max(20).optional(),
});

interface Here {
  readonly core: Core;
  readonly sessions: Sessions<'operator'>;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}
type Typed = Readonly<Record<string, string | undefined>>;

export function addOffice(server: FastifyInstance, core: Core, operatorToken: string): void {
  const sessions = new Sessions<'operator'>(core, SESSION_S);
  const here = (request: FastifyRequest, reply: FastifyReply): Here => ({
    ...{ core, sessions, request, reply },
  });
  server.get(PATH, (request, reply) => show(here(request, reply)));
  server.post(`${PATH}/sign-in`, (request, reply) => signIn(here(request, reply), operatorToken));
  server.post(`${PATH}/sign-out`, (request, reply) => {
    requireOwnForm(request);
    sessions.end(readCookie(request, COOKIE) ?? '');
    writeCookie(request, reply, COOKIE, '', 0);
    return reply.redirect(`${PATH}?lang=${languageOf(request)}`, 303);
  });
  server.post(`${PATH}/parties`, (request, reply) => addParty(here(request, reply)));
  server.post(`${PATH}/renewals`, (request, reply) => renew(here(request, reply)));
  server.get<{ Params: { number: string } }>(`${PATH}/:number`, (request, reply) =>
    showTrail(here(request, reply), request.params.number),
  );
}

/** On this machine alone, as the operator's token itself. */
const isIn = ({ sessions, request }: Here): boolean =>
  isNear(request) && sessions.find(readCookie(request, COOKIE)) !== null;

const pageAt = (
  { request }: Here,
  path: string,
  complaint: Complaint | null = null,
  typed: Typed = {},
): PartyPage => ({ language: languageOf(request), complaint, notice: null, path, typed });

const wrong = ({ request }: Here, field: string, word: OfficeWord, code = 'malformed_request') => ({
  ...{ says: officeSay(languageOf(request), word), field, code },
});

function signIn(here: Here, operatorToken: string): FastifyReply {
  const { core, sessions, request, reply } = here;
  requireOwnForm(request);
  const client = clientOf(core, request);
  if (core.guesses.isOver(client)) throw new Problem('slow_down');
  const { token } = decodeBody(signInForm, request.body);
  if (!isNear(request) || !sameSecret(token.trim(), operatorToken)) {
    core.guesses.count(client);
    const complaint = wrong(here, 'token', 'wrong_token', 'operator_only');
    return sendFramed(reply, 422, officeSignIn(pageAt(here, PATH, complaint)));
  }
  writeCookie(
    request,
    reply,
    COOKIE,
    sessions.begin(() => 'operator'),
    SESSION_S,
  );
  return reply.redirect(`${PATH}?lang=${languageOf(request)}`, 303);
}

function show(here: Here, complaint: Complaint | null = null, typed: Typed = {}): FastifyReply {
  const { core, request, reply } = here;
  const status = complaint === null ? 200 : 422;
  if (!isIn(here)) return sendFramed(reply, 200, officeSignIn(pageAt(here, PATH)));
  const { before, find } = officeQuery.safeParse(request.query).data ?? {};
  if (find !== undefined && complaint === null) return lookFor(here, find);
  const { rows, next } = pageOf((...asked) => core.tables.funds.all(...asked), before);
  const view = { overview: overviewOf(core.tables), rows, next, parties: core.parties.all() };
  return sendFramed(reply, status, officePage(pageAt(here, PATH, complaint, typed), view));
}

function lookFor(here: Here, typed: string): FastifyReply {
  const number = typedFigures(typed);
  if (isVoucherNumber(number) && here.core.tables.funds.voucher(number) !== undefined) {
    return here.reply.redirect(`${PATH}/${number}?lang=${languageOf(here.request)}`, 303);
  }
  return show(here, wrong(here, 'find', 'number_wrong', 'unknown_voucher'), { find: typed });
}

function showTrail(here: Here, number: string): FastifyReply {
  const { core, reply } = here;
  if (!isIn(here)) return sendFramed(reply, 401, officeSignIn(pageAt(here, PATH)));
  const known = voucherNumberSchema.safeParse(number).success;
  const row = known ? core.tables.funds.voucher(number) : undefined;
  const trail = row === undefined ? null : trailOf(core.tables, number);
  if (row === undefined || trail === null) throw new Problem('unknown_voucher');
  const nameOf = (party: string): string => core.tables.funds.party(party)?.name ?? party;
  return sendFramed(reply, 200, trailPage(pageAt(here, `${PATH}/${number}`), row, trail, nameOf));
}

const WRONG: Readonly<Record<string, readonly [field: string, word: OfficeWord]>> = {
  id: ['party', 'party_wrong'],
  name: ['name', 'name_wrong'],
  password: ['password', 'password_wrong'],
};

/** A form came whose session has ended: nothing was done. */
function askToSignIn(here: Here): FastifyReply {
  const complaint = wrong(here, 'token', 'signed_out', 'operator_only');
  return sendFramed(here.reply, 401, officeSignIn(pageAt(here, PATH, complaint)));
}

/** For one that lost its token, or whose token got about. */
async function renew(here: Here): Promise<FastifyReply> {
  const { core, request, reply } = here;
  requireOwnForm(request);
  if (!isIn(here)) return askToSignIn(here);
  const { renewed } = decodeBody(renewalForm, request.body);
  const party = core.tables.funds.party(renewed.trim());
  const token = party === undefined ? null : await core.parties.renew(party.id, null);
  if (party === undefined || token === null) {
    return show(here, wrong(here, 'renewed', 'nobody', 'unknown_party'), { renewed });
  }
  return sendFramed(reply, 200, tokenPage(pageAt(here, PATH), 'is_renewed', party.name, token));
}

async function addParty(here: Here): Promise<FastifyReply> {
  const { core, request, reply } = here;
  requireOwnForm(request);
  if (!isIn(here)) return askToSignIn(here);
  const form = decodeBody(partyForm, request.body);
  const typed = { party: form.party, name: form.name };
  const read = addPartySchema.safeParse({
    ...{ id: form.party.trim(), name: form.name.trim() },
    ...(form.password === '' ? {} : { password: form.password }),
  });
  if (!read.success) {
    const [field, word] = WRONG[String(read.error.issues[0]?.path[0])] ?? ['party', 'party_wrong'];
    return show(here, wrong(here, field, word), typed);
  }
  const { id, name, password = null } = read.data;
  const token = await core.parties.add(id, name, password);
  if (token === null) return show(here, wrong(here, 'party', 'party_taken', 'party_taken'), typed);
  return sendFramed(reply, 200, tokenPage(pageAt(here, PATH), 'added', name, token));
}

const TOKEN = { 200: { says: 'The page with the token', type: 'text/html' }, ...SIGN_IN };

/** What the document says of them. */
export const OFFICE_DOCS: readonly RouteDoc[] = [
  pageDoc(PATH, 'What stands, what is owed, vouchers and parties; for the operator', {
    query: officeQuery,
  }),
  formDoc(
    `${PATH}/sign-in`,
    'Signs the operator in, on this machine alone',
    { schema: signInForm, example: { token: 'the text of operator.token' } },
    { problems: ['slow_down'] },
  ),
  formDoc(`${PATH}/sign-out`, 'Ends the session'),
  formDoc(
    `${PATH}/parties`,
    'Adds a party; the page shows its token once',
    { schema: partyForm, example: { party: 'chen', name: 'Chen Yi', password: 'a long window' } },
    { answers: TOKEN },
  ),
  formDoc(
    `${PATH}/renewals`,
    'Gives a party a new token, shown once; the earlier one and its sessions are refused',
    { schema: renewalForm, example: { renewed: 'chen' } },
    { answers: TOKEN },
  ),
  pageDoc(`${PATH}/{number}`, 'Who did what to a voucher; for the operator', {
    params: z.strictObject({ number: voucherNumberSchema }),
    problems: ['unknown_voucher'],
    answers: SIGN_IN,
  }),
];
