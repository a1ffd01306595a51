/** The fund server's doors for parties, holders of vouchers and the operator. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Core } from '../core.ts';
import type { Role } from '../roles.ts';
import { Problem } from '../web/problems.ts';
import { bearerText, requireOperator } from '../web/requests.ts';
import { addRoutes, type Caller, type RouteDoc } from '../web/routes.ts';
import { checkRoutes, fundOperatorRoutes, partyRoutes } from './http.ts';
import { addPartyPages } from './pages.ts';

/** Adds them where this process is the fund server, and writes down what the document says of them. */
export async function addFunds(
  server: FastifyInstance,
  core: Core,
  operatorToken: string,
  docs: Map<Role, readonly RouteDoc[]>,
): Promise<void> {
  const { funds, parties, writer, idempotency, clock, keys } = core;
  if (funds === null || !core.roles.includes('fund-server')) return;
  const callers = new WeakMap<FastifyRequest, string>();
  const admit = (caller: Caller, request: FastifyRequest): null => {
    if (caller === 'operator') requireOperator(request, operatorToken);
    if (caller !== 'party') return null;
    const token = bearerText(request);
    const party = token === null ? null : parties.byToken(token);
    if (party === null) throw new Problem('party_refused');
    callers.set(request, party.id);
    return null;
  };
  const partyOf = (request: FastifyRequest): string => {
    const party = callers.get(request);
    if (party === undefined) throw new Problem('party_refused');
    return party;
  };
  const routes = [
    ...partyRoutes(funds, partyOf),
    ...checkRoutes(funds, keys.public),
    ...fundOperatorRoutes(parties),
  ];
  addRoutes(server, { idempotency, clock, writer, admit }, routes);
  addPartyPages(server, core, funds);
  docs.set('fund-server', [...(docs.get('fund-server') ?? []), ...routes]);
}
