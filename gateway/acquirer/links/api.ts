/** What the script of a link's page calls: passkeys, and the state live. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../clock.ts';
import type { LinkRow } from '../../store/tables-links.ts';
import { requireOwnForm } from '../../web/cookies.ts';
import { streamEvents } from '../../web/event-stream.ts';
import { Problem } from '../../web/problems.ts';
import { decodeBody } from '../../web/requests.ts';
import { stands, type Verified } from './attempts.ts';
import { stateOf } from './page.ts';
import { deviceOf, type LinkPageParts, type OfLink } from './pages.ts';
import { assertionSchema, attestationSchema } from './passkeys.ts';

export type LinkApiParts = LinkPageParts & { readonly clock: Clock };

export function addLinkApi(server: FastifyInstance, parts: LinkApiParts): void {
  const { passkeys } = parts;
  server.post<OfLink>('/pay/:token/passkey-options', async (request) => {
    const { row, device } = own(parts, request);
    refuse(stands(row, device, parts.clock.now()));
    return passkeys.options(row, device);
  });
  server.post<OfLink>('/pay/:token/passkey', async (request) => {
    const { row, device } = own(parts, request);
    const response = decodeBody(assertionSchema, request.body);
    const said = await passkeys.pay(row, device, response);
    refuse(said);
    return { said: said.said === 'pay' ? 'paying' : said.said };
  });
  server.post<OfLink>('/pay/:token/registration-options', async (request) => {
    const { row, device } = own(parts, request);
    if (!passkeys.mayRegister(row, device)) throw new Problem('passkey_refused');
    return passkeys.registrationOptions(row, device);
  });
  server.post<OfLink>('/pay/:token/registration', async (request) => {
    const { row, device } = own(parts, request);
    const response = decodeBody(attestationSchema, request.body);
    if (!(await passkeys.register(row, device, response))) throw new Problem('passkey_refused');
    return { said: 'registered' };
  });
  server.get<OfLink>('/pay/:token/events', async (request, reply) => {
    const { row, device } = own(parts, request);
    stream(parts, row.id, device, reply);
    return reply;
  });
}

/** The link and the phone that asks, which has to be the one that it is bound to. */
function own(
  parts: LinkApiParts,
  request: FastifyRequest<OfLink>,
): { readonly row: LinkRow; readonly device: string } {
  requireOwnForm(request);
  const row = parts.links.find(request.params.token);
  if (row === undefined) throw new Problem('unknown_link');
  const device = deviceOf(parts, request);
  if (device === null || (row.device !== null && row.device !== device)) {
    throw new Problem('link_elsewhere');
  }
  return { row, device };
}

function refuse(said: Verified | null): void {
  switch (said?.said) {
    case 'elsewhere':
      throw new Problem('link_elsewhere');
    case 'ended':
      throw new Problem('link_ended');
    case 'wrong_password':
      throw new Problem('passkey_refused', { tries_left: said.tries_left });
    default:
  }
}

function stream(parts: LinkApiParts, id: string, device: string, reply: FastifyReply): void {
  const { tables, clock, links } = parts;
  streamEvents(reply, {
    clock,
    watch: (then) => links.watch(id, then),
    look() {
      const row = tables.links.find(id);
      if (row === undefined) return { event: null, open: true };
      const data = stateOf(row, tables.links.platformOf(id, device));
      return { event: { name: 'state', data }, open: row.ended_at === null };
    },
  });
}
