/** The page on which payers register, change and end their ways to pay. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { readPhone } from '../../phone.ts';
import type { Tables } from '../../store/tables.ts';
import { readCookie, requireOwnForm, writeCookie } from '../../web/cookies.ts';
import { sendFramed } from '../../web/frame.ts';
import { Problem } from '../../web/problems.ts';
import { decodeBody, languageOf, pinSchema } from '../../web/requests.ts';
import { attestationSchema, challengeOf, type Passkeys } from '../links/passkeys.ts';
import type { LinkPlatforms } from '../links/platforms.ts';
import { readRegistration, registrationOptions } from '../links/registration.ts';
import { type PayerDesk, type PayerView, SESSION_S } from './desk.ts';
import { type Complaint, logInPage, waysPage, whoPage } from './page.ts';
import {
  accountForm,
  contractForm,
  LEAST_PASSWORD,
  logInForm,
  passkeyForm,
  passwordForm,
  whoForm,
} from './schemas.ts';

export interface PayerPageParts {
  readonly tables: Tables;
  readonly payerDesk: PayerDesk;
  readonly passkeys: Passkeys;
  readonly linkPlatforms: LinkPlatforms;
}

export const COOKIE = 'payer_session';

/** Does what a form asks for; without a page of its own the payer's follows. */
type Take = (
  view: PayerView,
  request: FastifyRequest,
  reply: FastifyReply,
) => Promise<FastifyReply | undefined>;

type Query = { Querystring: { done?: string } };

export function addPayerPages(server: FastifyInstance, parts: PayerPageParts): void {
  const { payerDesk: desk } = parts;
  server.get<Query>('/payer', (request, reply) => show(parts, request, reply, null));
  server.post('/payer/log-in', (request, reply) => logIn(parts, request, reply));
  server.post('/payer/log-out', async (request, reply) => {
    requireOwnForm(request);
    const token = readCookie(request, COOKIE);
    if (token !== null) await desk.logOut(token);
    writeCookie(request, reply, COOKIE, '', 0);
    return reply.redirect(`/payer?lang=${languageOf(request)}`, 303);
  });
  const form = (path: string, take: Take): void => {
    server.post(path, async (request, reply) => {
      requireOwnForm(request);
      const view = desk.view(readCookie(request, COOKIE));
      // The session is over: the page asks to log in.
      if (view === null) return reply.redirect(`/payer?lang=${languageOf(request)}`, 303);
      return (await take(view, request, reply)) ?? done(request, reply);
    });
  };
  form('/payer/identity', (view, request, reply) => identify(parts, view, request, reply));
  form('/payer/password', async (view, request, reply) => {
    const { password } = decodeBody(passwordForm, request.body);
    if (password.length < LEAST_PASSWORD) return tooShort(parts, request, reply);
    await desk.setPassword(view, password);
  });
  form('/payer/account', async (view, request) => {
    const { platform, account } = decodeBody(accountForm, request.body);
    const known = parts.linkPlatforms.platforms.find(({ name }) => name === platform);
    if (known === undefined) throw new Problem('no_platform');
    await desk.setPlatform(view, platform, account);
  });
  form('/payer/end', async (view, request) => {
    await desk.end(view, decodeBody(contractForm, request.body).contract);
  });
  form('/payer/remove-passkey', async (view, request) => {
    await desk.removePasskey(view, decodeBody(passkeyForm, request.body).passkey);
  });
  addPasskeyCalls(server, parts);
}

/** What the page's script calls. */
function addPasskeyCalls(server: FastifyInstance, parts: PayerPageParts): void {
  const { tables, payerDesk: desk, passkeys } = parts;
  const registering = (request: FastifyRequest) => {
    const view = requireView(parts, request);
    const { payer, session } = view;
    if (payer === null || !passkeys.possible) throw new Problem('passkey_refused');
    return { view, who: { payer, phone: session.phone } };
  };
  server.post('/payer/registration-options', async (request) => {
    const { view, who } = registering(request);
    const challenge = await desk.challenge(view);
    return registrationOptions(tables, passkeys.relyingParty, who, challenge);
  });
  server.post('/payer/registration', async (request) => {
    const { view } = registering(request);
    const response = decodeBody(attestationSchema, request.body);
    const challenge = challengeOf(response.response.clientDataJSON);
    const own = await desk.takeChallenge(view, challenge);
    const made = own ? await readRegistration(response, challenge, passkeys.relyingParty) : null;
    if (made === null || !(await desk.addPasskey(view, made))) throw new Problem('passkey_refused');
    return { said: 'registered' };
  });
}

/** The payer of the cookie, whose form it is. */
function requireView({ payerDesk }: PayerPageParts, request: FastifyRequest): PayerView {
  requireOwnForm(request);
  const view = payerDesk.view(readCookie(request, COOKIE));
  if (view === null) throw new Problem('bearer_expired');
  return view;
}

async function logIn(
  parts: PayerPageParts,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  requireOwnForm(request);
  const { tables, payerDesk: desk } = parts;
  const { phone, pin } = decodeBody(logInForm, request.body);
  const number = readPhone(phone, tables.settings.get('calling_code') ?? '');
  const language = languageOf(request);
  const complain = (complaint: Complaint) =>
    sendFramed(reply, 422, logInPage({ language, complaint, done: false }, phone));
  if (number === null) return complain({ field: 'phone', word: 'phone_wrong' });
  if (!pinSchema.safeParse(pin).success) return complain({ field: 'pin', word: 'wrong_pin' });
  const said = await desk.logIn(number, pin);
  if (said.said === 'not_admitted') return complain({ field: 'pin', word: said.code });
  // Whoever was logged in on this phone is not any more.
  const earlier = readCookie(request, COOKIE);
  if (earlier !== null) await desk.logOut(earlier);
  writeCookie(request, reply, COOKIE, said.token, SESSION_S);
  return reply.redirect(`/payer?lang=${language}`, 303);
}

async function identify(
  parts: PayerPageParts,
  view: PayerView,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { name, identity_number, password } = decodeBody(whoForm, request.body);
  if (password.length < LEAST_PASSWORD) return tooShort(parts, request, reply, name);
  switch (await parts.payerDesk.identify(view, name, identity_number, { password })) {
    case 'identified':
      return done(request, reply);
    case 'wrong':
      return show(parts, request, reply, { field: 'identity_number', word: 'who_wrong' }, name);
    case 'ended':
      return show(parts, request, reply, { field: 'phone', word: 'who_ended' });
    case 'issuer_unreachable':
      return show(parts, request, reply, { field: '', word: 'issuer_unreachable' }, name);
  }
}

const tooShort = (
  parts: PayerPageParts,
  request: FastifyRequest,
  reply: FastifyReply,
  name = '',
): FastifyReply => show(parts, request, reply, { field: 'password', word: 'password_short' }, name);

/** Post, redirect, get. */
const done = (request: FastifyRequest, reply: FastifyReply): FastifyReply =>
  reply.redirect(`/payer?lang=${languageOf(request)}&done=1`, 303);

function show(
  parts: PayerPageParts,
  request: FastifyRequest,
  reply: FastifyReply,
  complaint: Complaint | null,
  name = '',
): FastifyReply {
  const { payerDesk, passkeys, linkPlatforms } = parts;
  const language = languageOf(request);
  const isDone = complaint === null && (request.query as Query['Querystring']).done === '1';
  const page = { language, complaint, done: isDone };
  const status = complaint === null ? 200 : 422;
  const view = payerDesk.view(readCookie(request, COOKIE));
  if (view === null) return sendFramed(reply, status, logInPage({ ...page, done: false }, ''));
  if (view.payer === null) return sendFramed(reply, status, whoPage(page, view, name));
  const platforms = linkPlatforms.platforms.map((platform) => {
    const of = view.contracts.find(({ method }) => method === `platform:${platform.name}`);
    const account = of === undefined ? null : payerDesk.accountOf(of);
    const masked = account === null ? null : platform.maskAccount(account);
    return { name: platform.name, title: platform.title, account: masked };
  });
  const offered = { platforms, passkeys: passkeys.possible };
  return sendFramed(reply, status, waysPage(page, view, offered));
}
