/** Calls between organisations: the real routes and the real clients, with weather for a wire. */
import type { FastifyRequest } from 'fastify';
import { acquirerResultSchema } from '#gateway/acquirer/gate.ts';
import { acquirerRoutes } from '#gateway/acquirer/http.ts';
import type { Core } from '#gateway/core.ts';
import { fundRoutes } from '#gateway/funds/till-http.ts';
import { issuerRoutes } from '#gateway/issuer/http.ts';
import { Courier } from '#gateway/notify/courier.ts';
import type { Told } from '#gateway/notify/notifier.ts';
import { type PeerAnswer, type PeerClient, PeerError } from '#gateway/peers/client.ts';
import type { Role } from '#gateway/roles.ts';
import { cardEventSchema } from '#gateway/settlement/gate.ts';
import { settlementRoutes } from '#gateway/settlement/http.ts';
import { StoreError } from '#gateway/store/writer.ts';
import { PROBLEMS, Problem } from '#gateway/web/problems.ts';
import type { Reply, Route } from '#gateway/web/routes.ts';
import type { VirtualTime } from '#simulators/simulation/time.ts';
import type { Weather } from '#simulators/simulation/weather.ts';
import type { GatewayMachine } from './gateway-machine.ts';

const TIMEOUT_MS = 10_000;

export type Serve = 'issuer' | 'acquirer' | 'settlement' | 'fund-server';

function routesOf(core: Core, who: Serve, caller: string): readonly Route[] {
  switch (who) {
    case 'issuer':
      return issuerRoutes(core, () => caller);
    case 'acquirer':
      return acquirerRoutes(core);
    case 'settlement': {
      const { settlement, writer } = core;
      if (settlement === null) throw new Error('it is no settlement');
      return settlementRoutes({ settlement, writer }, () => 'order-centre');
    }
    case 'fund-server': {
      const { funds, writer } = core;
      if (funds === null) throw new Error('it is no fund server');
      return fundRoutes({ funds, writer });
    }
  }
}

/**
 * Calls `machine` as the one organisation that is `caller`; an answer that is not there in time is none.
 */
export function peerOver(
  time: VirtualTime,
  weather: Weather,
  machine: () => GatewayMachine,
  who: Serve,
  caller: Role = 'acquirer',
): PeerClient {
  return {
    call: ({ method, path, body, id }) =>
      new Promise<PeerAnswer>((resolve, reject) => {
        const text = body === undefined ? undefined : JSON.stringify(body);
        time.after(TIMEOUT_MS, () => reject(new PeerError(`${who} did not answer in time`)));
        weather.carry(() => {
          const life = machine().life;
          if (life === null) return;
          serve(routesOf(life.core, who, caller), method, path, text, id).then((answer) => {
            if (!life.isOn()) return;
            weather.carry(() => {
              if (answer.status < 500) resolve(answer);
              else reject(new PeerError(`${who} answered ${answer.status}`));
            });
          });
        });
      }),
  };
}

async function serve(
  routes: readonly Route[],
  method: string,
  path: string,
  text: string | undefined,
  id: string | undefined,
): Promise<PeerAnswer> {
  for (const route of routes) {
    const params = route.method === method ? matchPath(route.path, path) : null;
    if (params === null) continue;
    const body = text === undefined ? undefined : route.body?.schema.parse(JSON.parse(text));
    // Of a request the handlers read the Idempotency-Key alone.
    const request = { headers: { 'idempotency-key': id } } as unknown as FastifyRequest;
    const keep = (): never => {
      throw new Error('these routes keep their own answers');
    };
    try {
      return answerOf(
        await route.handle({ params, query: undefined, body, request, agent: null, keep }),
      );
    } catch (error) {
      if (error instanceof StoreError) return { status: 503, body: null };
      if (error instanceof Problem) return answerOf({ problem: error.code, extras: {} });
      // As the real door says of what nobody expected.
      return { status: 500, body: null };
    }
  }
  throw new Error(`nobody serves ${method} ${path}`);
}

const answerOf = (reply: Reply): PeerAnswer =>
  'problem' in reply
    ? { status: PROBLEMS[reply.problem], body: { code: reply.problem, ...reply.extras } }
    : reply;

function matchPath(template: string, path: string): Record<string, string> | null {
  const names = [...template.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
  const found = new RegExp(`^${template.replaceAll(/\{\w+\}/g, '([^/]+)')}$`).exec(path);
  if (found === null) return null;
  return Object.fromEntries(
    names.map((name, at) => [name, decodeURIComponent(found[at + 1] ?? '')]),
  );
}

/** Carries what acquirer or settlement tell to an order centre elsewhere; the answer stops it. */
export function carryResults(
  time: VirtualTime,
  weather: Weather,
  core: Core,
  centre: () => GatewayMachine,
  owner: 'acquirer' | 'settlement',
): () => void {
  const { tables, writer, clock, chance, log } = core;
  const courier = new Courier({
    owner,
    deliveries: tables.deliveries,
    ...{ writer, clock, chance, log },
    notifiers: {
      email: undefined,
      sms: undefined,
      webhook: {
        tell: ({ id, body }) =>
          new Promise<Told>((resolve) => {
            time.after(TIMEOUT_MS, () => resolve({ said: 'later', why: 'timeout' }));
            weather.carry(() => {
              const life = centre().life;
              if (life === null) return;
              take(life.core, owner, id, body).then(
                () => weather.carry(() => resolve({ said: 'taken', reference: null })),
                () => weather.carry(() => resolve({ said: 'later', why: 'store' })),
              );
            });
          }),
      },
    },
  });
  return () => courier.close();
}

async function take(
  core: Core,
  owner: 'acquirer' | 'settlement',
  id: string,
  body: string,
): Promise<void> {
  const { payload } = JSON.parse(body) as { payload: string };
  const said: unknown = JSON.parse(payload);
  await core.writer.run((tx) => {
    if (!tx.deliveries.receive(owner, id, core.clock.now())) return;
    if (owner === 'acquirer') core.tell(tx, acquirerResultSchema.parse(said));
    else core.cards?.event(tx, cardEventSchema.parse(said));
  });
}
