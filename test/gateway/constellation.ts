/**
 * The same organisations in two constellations: together in one process and store, or apart, each with
 * its own server and store, and wires between them that a test may disturb.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { base64url } from '#device/codecs/bytes.ts';
import { systemChance } from '#gateway/clock.ts';
import { createGateway, type Gateway, type GatewayOptions } from '#gateway/gateway.ts';
import { enrolRemotely } from '#gateway/identity/remote.ts';
import type { TrialBalance } from '#gateway/ledger/trial-balance.ts';
import type { LogEntry } from '#gateway/log.ts';
import type { Role } from '#gateway/roles.ts';
import { freePort } from '#simulators/free-port.ts';
import { call, SEED, stretchLittle } from './harness.ts';
import { operate } from './identity-bench.ts';
import { openProxy, type PeerProxy } from './peer-proxy.ts';

export type Kind = 'together' | 'apart';

export interface Constellation {
  readonly kind: Kind;
  /** The order centre: what phones and terminals reach. */
  readonly http: string;
  readonly centre: Gateway;
  /** Data directories, one a role; together, 'all'. */
  readonly home: string;
  /** The process that is the acquirer. */
  readonly acquirer: Gateway;
  readonly logged: LogEntry[];
  /** Wires to issuer and acquirer; there are none where they are together. */
  readonly wires: { readonly issuer: PeerProxy; readonly acquirer: PeerProxy } | null;
  /** The process that settles cards, and the wire to it; apart, only where it has options of its own. */
  readonly settlement: { readonly at: Gateway; readonly wire: PeerProxy | null } | null;
  /** The fund server, and its wire to the issuer; apart, only where it has options of its own. */
  readonly funds: { readonly at: Gateway; readonly wire: PeerProxy | null } | null;
  /** The books of every organisation, each from its own operator's interface. */
  books(): Promise<TrialBalance[]>;
  /** Balance of an account, wherever it is; 0 where there is none. */
  balance(account: RegExp): Promise<number>;
  /** All transfers and open holds of an order. */
  moved(order: string): Promise<{ kinds: string[]; held: number }>;
  close(): Promise<void>;
}

/** Options of one organisation; together, all of them are the one's. */
export type Own = Partial<Record<Role, Partial<GatewayOptions>>>;

export async function openConstellation(
  kind: Kind,
  options: Partial<GatewayOptions> = {},
  own: Own = {},
): Promise<Constellation> {
  const home = mkdtempSync(join(tmpdir(), 'hawker-constellation-'));
  const logged: LogEntry[] = [];
  const base: Omit<GatewayOptions, 'dataDirectory'> = {
    http: { host: '127.0.0.1', port: 0 },
    broker: { kind: 'embedded', host: '127.0.0.1', port: 0, plain: true },
    seed: SEED,
    stretch: stretchLittle,
    log: (entry) => logged.push(entry),
    ...options,
  };
  if (kind === 'together') {
    const all = Object.assign({}, ...Object.values(own)) as Partial<GatewayOptions>;
    const centre = await createGateway({ ...base, ...all, dataDirectory: join(home, 'all') });
    return constellation(kind, home, [centre], logged, null);
  }
  sharePeerSecrets(home);
  const directory = (role: Role) => ({ ...own[role], dataDirectory: join(home, role), role });
  const port = own['order-centre']?.http?.port || (await freePort());
  const issuer = await createGateway({ ...base, ...directory('issuer') });
  const toIssuer = await openProxy(() => issuer.http);
  if (own.acquirer?.peerDoor !== undefined) return mutual();
  const funds = own['fund-server'] === undefined ? null : await openFunds();
  const acquirer = await createGateway({
    ...base,
    ...directory('acquirer'),
    peers: new Map<Role, string>([
      ...(funds === null ? [] : [['fund-server', funds.at.http] as const]),
      ['issuer', toIssuer.url],
      ['order-centre', `http://127.0.0.1:${port}`],
    ]),
  });
  const toAcquirer = await openProxy(() => acquirer.http);
  const settlement = own.settlement === undefined ? null : await openSettlement();
  const toSettlement = settlement === null ? [] : [['settlement', settlement.wire.url] as const];
  const centre = await createGateway({
    ...base,
    ...directory('order-centre'),
    http: { host: '127.0.0.1', port },
    peers: new Map<Role, string>([['acquirer', toAcquirer.url], ...toSettlement]),
  });
  const wires = { issuer: toIssuer, acquirer: toAcquirer };
  const gateways = [centre, acquirer, issuer];
  return constellation(kind, home, gateways, logged, wires, settlement?.wire, settlement, funds);

  /** With a wire to the issuer of its own. */
  async function openFunds() {
    const wire = await openProxy(() => issuer.http);
    const peers = new Map<Role, string>([['issuer', wire.url]]);
    return { at: await createGateway({ ...base, ...directory('fund-server'), peers }), wire };
  }

  async function openSettlement() {
    const peers = new Map<Role, string>([['order-centre', `http://127.0.0.1:${port}`]]);
    const at = await createGateway({ ...base, ...directory('settlement'), peers });
    return { at, wire: await openProxy(() => at.http) };
  }

  /** Order centre and acquirer over mutual TLS, without a wire that a test could disturb. */
  async function mutual(): Promise<Constellation> {
    const [host, centreDoor, door] = ['127.0.0.1', await freePort(), await freePort()];
    const authority = `http://${host}:${port}`;
    const centre = await createGateway({
      ...base,
      ...directory('order-centre'),
      http: { host, port },
      peerDoor: { host, port: centreDoor },
      peers: new Map<Role, string>([['acquirer', `https://${host}:${door}`]]),
    });
    const holder = { kind: 'role', subject: 'acquirer' } as const;
    const { body } = await operate(centre, 'codes', { ...holder, names: [host] });
    await enrolRemotely(join(home, 'acquirer'), holder, authority, String(body.code));
    const acquirer = await createGateway({
      ...base,
      ...directory('acquirer'),
      ...{ authority, peerDoor: { host, port: door } },
      peers: new Map<Role, string>([
        ['issuer', toIssuer.url],
        ['order-centre', `https://${host}:${centreDoor}`],
      ]),
    });
    return constellation(kind, home, [centre, acquirer, issuer], logged, null, toIssuer);
  }
}

/** Each pair gets 32 bytes of its own, as an operator would put them there. */
export function sharePeerSecrets(home: string): void {
  const pairs: readonly (readonly [Role, Role])[] = [
    ['order-centre', 'acquirer'],
    ['acquirer', 'issuer'],
    ['order-centre', 'settlement'],
    ['acquirer', 'fund-server'],
    ['fund-server', 'issuer'],
  ];
  for (const [left, right] of pairs) {
    const secret = base64url(systemChance.bytes(32));
    for (const [self, peer] of [
      [left, right],
      [right, left],
    ]) {
      mkdirSync(join(home, String(self), 'peers'), { recursive: true });
      writeFileSync(join(home, String(self), 'peers', `${peer}.key`), `${secret}\n`, {
        mode: 0o600,
      });
    }
  }
}

interface Trail {
  readonly transfers: readonly { readonly kind: string }[];
  readonly holds: readonly { readonly state: string }[];
}

function constellation(
  kind: Kind,
  home: string,
  others: readonly Gateway[],
  logged: LogEntry[],
  wires: Constellation['wires'],
  other?: PeerProxy,
  settles: Constellation['settlement'] = null,
  funds: Constellation['funds'] = null,
): Constellation {
  const apart = [settles, funds].flatMap((each) => (each === null ? [] : [each.at]));
  const gateways = [...others, ...apart];
  const [centre, acquirer = centre] = gateways;
  if (centre === undefined || acquirer === undefined) throw new Error('no order centre');
  const ask = async <T>(path: string): Promise<T[]> =>
    Promise.all(
      gateways.map(
        async ({ http, operatorToken: bearer }) =>
          (await call(`${http}${path}`, { bearer })).body as unknown as T,
      ),
    );
  const books = () => ask<TrialBalance>('/v1/ledger/trial-balance');
  return {
    kind,
    home,
    http: centre.http,
    centre,
    acquirer,
    logged,
    wires,
    settlement: kind === 'together' ? { at: centre, wire: null } : settles,
    funds: kind === 'together' ? { at: centre, wire: null } : funds,
    books,
    async balance(account) {
      const accounts = (await books()).flatMap(({ currencies }) =>
        currencies.flatMap((each) => each.accounts),
      );
      return accounts
        .filter((each) => account.test(each.account))
        .reduce((total, { balance_minor }) => total + balance_minor, 0);
    },
    async moved(order) {
      const trails = await ask<Trail>(`/v1/ledger/trails/${order}`);
      return {
        kinds: trails.flatMap(({ transfers }) => transfers.map((each) => each.kind)).sort(),
        held: trails.flatMap(({ holds }) => holds).filter(({ state }) => state === 'held').length,
      };
    },
    async close() {
      for (const gateway of gateways) await gateway.close();
      await wires?.issuer.close();
      await wires?.acquirer.close();
      await other?.close();
      await funds?.wire?.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
