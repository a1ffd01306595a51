/** The fund server's doors for parties, holders of vouchers and the operator. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Core } from '../core.ts';
import type { PeerIdentity } from '../identity/mutual.ts';
import { requireHolder, showsCertificate } from '../peers/certificate-door.ts';
import { keepRawBodies } from '../peers/raw-bodies.ts';
import type { Role } from '../roles.ts';
import { Problem } from '../web/problems.ts';
import { bearerText, requireOperator } from '../web/requests.ts';
import { addRoutes, type Caller, type RouteDoc } from '../web/routes.ts';
import { checkOnce } from './check-page.ts';
import { checkRoutes, partyRoutes } from './http.ts';
import { addOffice } from './office.ts';
import { fundOperatorRoutes } from './operator.ts';
import { addPartyPages } from './pages.ts';

/** Adds them where this process is the fund server, and writes down what the document says of them. */
export async function addFunds(
  server: FastifyInstance,
  core: Core,
  settings: {
    readonly operatorToken: string;
    readonly identity: PeerIdentity | null;
    readonly publicUrl: string | undefined;
  },
  docs: Map<Role, readonly RouteDoc[]>,
): Promise<void> {
  const { funds, parties, writer, idempotency, clock, keys } = core;
  if (funds === null || !core.roles.includes('fund-server')) return;
  const callers = new WeakMap<FastifyRequest, string>();
  const partyOf = (request: FastifyRequest): string => {
    const party = callers.get(request);
    if (party === undefined) throw new Problem('party_refused');
    return party;
  };
  const { identity } = settings;
  /** Over the peer door its certificate and signature say who it is, elsewhere its token. */
  const admitParty = (request: FastifyRequest, body: string | undefined): string => {
    if (showsCertificate(request)) {
      const id = requireHolder({ clock, identity }, request, body, 'party');
      if (core.tables.funds.party(id) === undefined) throw new Problem('party_refused');
      return id;
    }
    const token = bearerText(request);
    const party = token === null ? null : parties.byToken(token);
    if (party === null) throw new Problem('party_refused');
    return party.id;
  };
  const routes = [
    ...partyRoutes(funds, partyOf),
    ...checkRoutes((request, token) => checkOnce(core, funds, request, token), keys.public),
    ...fundOperatorRoutes(core.tables, parties),
  ];
  await server.register(async (scope) => {
    const rawOf = keepRawBodies(scope);
    const admit = (caller: Caller, request: FastifyRequest): null => {
      if (caller === 'operator') requireOperator(request, settings.operatorToken);
      if (caller === 'party') callers.set(request, admitParty(request, rawOf(request)));
      return null;
    };
    addRoutes(scope, { idempotency, clock, writer, admit }, routes);
  });
  addPartyPages(server, core, funds, settings.publicUrl);
  addOffice(server, core, settings.operatorToken);
  docs.set('fund-server', [...(docs.get('fund-server') ?? []), ...routes]);
}
