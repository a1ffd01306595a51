/** The organisations of a world: who is which, on what machine, and how they reach each other. */
import { remoteAcquirer, remoteLinks } from '#gateway/acquirer/remote.ts';
import { remoteFunds } from '#gateway/funds/remote.ts';
import { remoteIssuer } from '#gateway/issuer/remote.ts';
import { tellByWebhook, tellCardsByWebhook } from '#gateway/peers/results.ts';
import type { Role } from '#gateway/roles.ts';
import { type HouseKeys, makeHouseKeys } from '#gateway/settlement/keys.ts';
import { remoteSettlement } from '#gateway/settlement/remote.ts';
import type { SimulatedBroker } from '#simulators/simulation/broker.ts';
import type { SeededChance } from '#simulators/simulation/chance.ts';
import type { VirtualTime } from '#simulators/simulation/time.ts';
import type { Weather } from '#simulators/simulation/weather.ts';
import type { Auditor } from './auditor.ts';
import type { Forger } from './forger.ts';
import { type GatewayLife, GatewayMachine, type GatewayParts } from './gateway-machine.ts';
import { carryMessages } from './mail-wire.ts';
import { carryResults, peerOver, type Serve } from './peer-wire.ts';
import type { Plan } from './plan.ts';
import type { Planted } from './plant-kit.ts';
import { PlatformHouse } from './platform-house.ts';
import type { Trace } from './trace.ts';

const ROLES: Readonly<Record<Plan['houses'], readonly (readonly Role[])[]>> = {
  one: [['order-centre', 'acquirer', 'issuer', 'settlement']],
  issuer_apart: [['order-centre', 'acquirer', 'settlement'], ['issuer']],
  settlement_apart: [['order-centre', 'acquirer', 'issuer'], ['settlement']],
  all_apart: [['order-centre'], ['acquirer'], ['issuer'], ['settlement']],
};

/** Who is which; without cards there is no settlement, and without vouchers no fund server. */
function rolesOf({ houses, cards, vouchers }: Plan): readonly (readonly Role[])[] {
  const others = ROLES[houses]
    .map((roles) => roles.filter((role) => cards > 0 || role !== 'settlement'))
    .filter((roles) => roles.length > 0);
  if (!vouchers) return others;
  // It shares a store with all of the house, or with nobody.
  const whole = others.find((roles) => roles.includes('issuer') && roles.includes('acquirer'));
  if (whole === undefined) return [...others, ['fund-server']];
  return others.map((roles) => (roles === whole ? [...roles, 'fund-server' as const] : roles));
}

export interface HousesParts {
  readonly plan: Plan;
  readonly planted: Planted;
  readonly time: VirtualTime;
  readonly chance: SeededChance;
  readonly trace: Trace;
  readonly auditor: Auditor;
  readonly broker: SimulatedBroker;
  readonly forger: Forger;
  /** The ways between organisations. */
  readonly peers: Weather;
  readonly beganAt: number;
}

export class Houses {
  /** Called with each message that reaches somebody. */
  onMessage: (to: string, text: string) => void = () => undefined;
  readonly machines: readonly GatewayMachine[];
  /** What paired phones pay through; `null` where there is none. */
  readonly platform: PlatformHouse | null;
  readonly #parts: HousesParts;

  constructor(parts: HousesParts) {
    this.#parts = parts;
    const { time, beganAt, trace, chance, auditor, peers: weather } = parts;
    this.platform = parts.plan.paired
      ? new PlatformHouse({
          ...{ time, beganAt, trace, weather, books: auditor.platform },
          ...{ chance: chance.stream('platform'), centre: () => this.of('order-centre') },
        })
      : null;
    this.machines = rolesOf(parts.plan).map((roles) => this.#gateway(roles));
  }

  /** Whoever is the one organisation. */
  of(role: Role): GatewayMachine {
    const at = rolesOf(this.#parts.plan).findIndex((roles) => roles.includes(role));
    const found = this.machines[at];
    if (found === undefined) throw new Error(`nobody is the ${role}`);
    return found;
  }

  /** Without cards nobody settles them. */
  get settlement(): GatewayMachine | null {
    return this.#parts.plan.cards === 0 ? null : this.of('settlement');
  }

  /** Without vouchers there is none. */
  get funds(): GatewayMachine | null {
    return this.#parts.plan.vouchers ? this.of('fund-server') : null;
  }

  close(): void {
    for (const machine of this.machines) machine.close();
  }

  #gateway(roles: readonly Role[]): GatewayMachine {
    const whole = roles.includes('order-centre') && roles.includes('issuer');
    const name = roles.length === 1 ? (roles[0] ?? '') : whole ? 'gateway' : 'centre';
    const keys = this.#parts.chance.stream('card keys');
    const house = roles.includes('settlement') ? makeHouseKeys(keys) : undefined;
    return new GatewayMachine({
      name,
      roles,
      time: this.#parts.time,
      chance: this.#parts.chance.stream(name),
      trace: this.#parts.trace,
      auditor: this.#parts.auditor,
      beganAt: this.#parts.beganAt,
      connect: this.#connectionsOf(roles, house),
      doors: (life) => this.#doorsOf(roles, life),
      plantEngine: this.#parts.planted.engine(this.#parts.chance.stream('planted'), roles),
    });
  }

  #connectionsOf(roles: readonly Role[], house?: HouseKeys): GatewayParts['connect'] {
    const isFunds = roles.length === 1 && roles[0] === 'fund-server';
    const caller = isFunds ? 'fund-server' : 'acquirer';
    const call = (who: Serve) =>
      this.#parts.planted.peer(
        peerOver(this.#parts.time, this.#parts.peers, () => this.of(who), who, caller),
        who,
      );
    const vouchers =
      this.#parts.plan.vouchers && roles.includes('acquirer') && !roles.includes('fund-server');
    return (clock, chance) => {
      const gates = {
        ...(roles.includes('issuer') ? {} : { issuer: remoteIssuer(call('issuer')) }),
        ...(vouchers ? { funds: remoteFunds(call('fund-server')) } : {}),
        ...(roles.includes('acquirer') || isFunds
          ? {}
          : { acquirer: remoteAcquirer(call('acquirer')), links: remoteLinks(call('acquirer')) }),
      };
      const centre = roles.includes('order-centre');
      const isApart = (role: Role): boolean => roles.includes(role) && !centre;
      const cards = this.#parts.plan.cards > 0 && centre && !roles.includes('settlement');
      return {
        gates: {
          ...gates,
          ...(cards ? { settlement: remoteSettlement(call('settlement')) } : {}),
        },
        tell: isApart('acquirer') ? tellByWebhook(chance, clock) : undefined,
        tellCard: isApart('settlement') ? tellCardsByWebhook(chance, clock) : undefined,
        house,
      };
    };
  }

  #doorsOf(roles: readonly Role[], { core, isOn }: GatewayLife): () => void {
    const closes: (() => void)[] = [];
    const { auditor, forger, planted } = this.#parts;
    const { time, peers, plan } = this.#parts;
    if (roles.includes('acquirer')) core.payLinks.reachAt('https://pay.test');
    if (roles.includes('order-centre') && plan.telephone) {
      closes.push(carryMessages(time, peers, core, (to, text) => this.onMessage(to, text)));
    }
    if (roles.includes('order-centre') && this.platform !== null) {
      const port = planted.platform(this.platform.port(isOn));
      core.pairing.connect(port, 'https://pay.test/pair/return/lotus');
    }
    if (roles.includes('order-centre')) {
      core.downlinks.attach({
        send: (terminal, _topic, message) => {
          auditor.wire.said('down', terminal, message);
          forger.overhear('down', message);
          return this.#parts.broker.send(terminal, message);
        },
      });
      this.#parts.broker.attach({
        handle: async (terminal, message) => {
          const heard = planted.uplink(core, terminal, message);
          const taken = await core.uplinks.handle(terminal, heard);
          const token = new TextDecoder().decode(message);
          if (taken === 'committed') auditor.wire.believed('up', terminal, token);
        },
        arrived: (terminal) => core.downlinks.arrived(terminal),
        brokerArrived: () => core.downlinks.brokerArrived(),
      });
      closes.push(() => this.#parts.broker.attach(null));
    } else {
      const centre = (): GatewayMachine => this.of('order-centre');
      for (const owner of ['acquirer', 'settlement'] as const) {
        if (!roles.includes(owner)) continue;
        closes.push(carryResults(this.#parts.time, this.#parts.peers, core, centre, owner));
      }
    }
    return () => {
      for (const close of closes) close();
    };
  }
}
