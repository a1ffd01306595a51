/** Adds the order centre's telephone side and its webhooks. */
import type { FastifyInstance } from 'fastify';
import type { Core } from '../core.ts';
import { counterRoutes } from '../counter/http.ts';
import { dayRoutes } from '../days/http.ts';
import { IDENTITY_DOCS, identityRoutes } from '../identity/http.ts';
import type { Agents } from '../orders/telephone/agents.ts';
import { agentRoutes } from './agents-api.ts';
import { Problem } from './problems.ts';
import { refundRoutes } from './refunds-api.ts';
import { bearerText, requireOperator } from './requests.ts';
import { addRoutes, type RouteDoc, type RouteParts } from './routes.ts';
import { telephoneRoutes } from './telephone-api.ts';
import { addTelephoneEvents, TELEPHONE_EVENTS_DOC } from './telephone-events.ts';
import { addWebhooks, type Receiver } from './webhooks.ts';

export interface CentreSettings {
  readonly operatorToken: string;
  readonly agentToken: string;
  readonly receivers?: readonly Receiver[] | undefined;
}

/** The answer is what the document says of them. */
export async function addCentre(
  server: FastifyInstance,
  core: Core,
  settings: CentreSettings,
): Promise<readonly RouteDoc[]> {
  const { telephone, idempotency, writer, clock, agents } = core;
  await agents.adopt(settings.agentToken);
  const routes = [
    ...telephoneRoutes({ core, telephone }),
    ...refundRoutes(core),
    ...agentRoutes(agents),
    ...counterRoutes(core.counter),
    ...dayRoutes(core.tables),
  ];
  const guard = admit(settings, agents);
  addRoutes(server, { idempotency, clock, writer, admit: guard }, routes);
  addTelephoneEvents(server, core, guard);
  await addWebhooks(server, { writer, clock, receivers: settings.receivers ?? [] });
  const { identity } = core;
  const authority = identity === null ? [] : [...identityRoutes(identity), ...IDENTITY_DOCS];
  return [...routes, TELEPHONE_EVENTS_DOC, ...authority];
}

/** Whoever calls these routes brings a token; those of a phone bring four digits instead. */
const admit =
  ({ operatorToken }: CentreSettings, agents: Agents): RouteParts['admit'] =>
  (caller, request) => {
    switch (caller) {
      case 'anybody':
        return null;
      case 'operator':
        requireOperator(request, operatorToken);
        return null;
      case 'agent_or_phone':
        if (request.headers['phone-digits'] !== undefined) return null;
        break;
      case 'agent':
        break;
      default:
        throw new Error(`${caller} is let through by its own route`);
    }
    const given = bearerText(request);
    if (given === null) throw new Problem('bearer_missing');
    const agent = agents.ofToken(given);
    if (agent === null) throw new Problem('bearer_invalid');
    return agent;
  };
