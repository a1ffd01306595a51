/**
 * The whole system in one process and in virtual time: terminals, broker, organisations, phones. First
 * there is trouble, then everything heals, and both sides must come to agree.
 */

import { remoteAcquirer, remoteLinks } from '#gateway/acquirer/remote.ts';
import type { Core } from '#gateway/core.ts';
import { remoteIssuer } from '#gateway/issuer/remote.ts';
import { tellByWebhook, tellCardsByWebhook } from '#gateway/peers/results.ts';
import type { Role } from '#gateway/roles.ts';
import type { Seed } from '#gateway/seed.ts';
import { type HouseKeys, makeHouseKeys } from '#gateway/settlement/keys.ts';
import { remoteSettlement } from '#gateway/settlement/remote.ts';
import { SimulatedBroker } from '#simulators/simulation/broker.ts';
import { SeededChance } from '#simulators/simulation/chance.ts';
import { VirtualTime } from '#simulators/simulation/time.ts';
import { Weather } from '#simulators/simulation/weather.ts';
import { Auditor } from './auditor.ts';
import {
  comeWithCard,
  giveBackToCard,
  isWanted,
  keepCards,
  makePurse,
  settleCards,
  type Wallet,
  whyWanted,
} from './card-people.ts';
import type { Purse } from './card-reader.ts';
import { GatewayMachine, type GatewayParts } from './gateway-machine.ts';
import { giveBack, keepGuests } from './merchants.ts';
import { carryResults, peerOver, type Serve } from './peer-wire.ts';
import { BLOCKED, comeToPay, keepStall, PAYERS, POOR, type Street } from './people.ts';
import { type Plan, planOf } from './plan.ts';
import { NOTHING_PLANTED, type Planted } from './planted.ts';
import { TerminalMachine } from './terminal-machine.ts';
import { Trace } from './trace.ts';
import { Trouble } from './trouble.ts';

const BEGAN_AT = Date.UTC(2026, 0, 5, 8);
/** All must be settled so long after everything has healed. */
const HEALING_MS = 45 * 60_000;
const LOOK_EVERY_MS = 20_000;

export interface Outcome {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly digest: string;
  readonly lines: readonly string[];
  readonly plan: Plan;
  /** Of virtual time, all terminals together. */
  readonly terminalHours: number;
  readonly events: number;
  readonly healedAfterMs: number;
  readonly counts: Auditor['counts'];
}

/** Runs the world of a seed to its end; the same seed gives the same outcome. */
export async function runWorld(
  seed: number,
  options: { readonly planted?: Planted; readonly keptLines?: number } = {},
): Promise<Outcome> {
  const world = new World(seed, options.planted ?? NOTHING_PLANTED, options.keptLines);
  try {
    return await world.run();
  } finally {
    world.close();
  }
}

const ROLES: Readonly<Record<Plan['houses'], readonly (readonly Role[])[]>> = {
  one: [['order-centre', 'acquirer', 'issuer', 'settlement']],
  issuer_apart: [['order-centre', 'acquirer', 'settlement'], ['issuer']],
  settlement_apart: [['order-centre', 'acquirer', 'issuer'], ['settlement']],
  all_apart: [['order-centre'], ['acquirer'], ['issuer'], ['settlement']],
};

/** Who is which; without cards there is no settlement. */
const rolesOf = ({ houses, cards }: Plan): readonly (readonly Role[])[] =>
  ROLES[houses]
    .map((roles) => roles.filter((role) => cards > 0 || role !== 'settlement'))
    .filter((roles) => roles.length > 0);

class World {
  readonly #seed: number;
  readonly #planted: Planted;
  readonly #chance: SeededChance;
  readonly #time = new VirtualTime();
  readonly #trace: Trace;
  readonly #auditor: Auditor;
  readonly #plan: Plan;
  readonly #broker: SimulatedBroker;
  readonly #terminalWeather = new Map<string, Weather>();
  readonly #phones: Weather;
  readonly #peers: Weather;
  readonly #gateways: GatewayMachine[] = [];
  readonly #terminals: TerminalMachine[] = [];
  readonly #purses: Purse[] = [];
  #holders: { readonly street: Street; readonly wallet: Wallet } | null = null;
  #trouble: Trouble | null = null;
  #open = true;

  constructor(seed: number, planted: Planted, keptLines?: number) {
    this.#seed = seed;
    this.#planted = planted;
    this.#chance = new SeededChance(`hawker ${seed}`);
    this.#trace = new Trace(this.#time, keptLines);
    this.#auditor = new Auditor(this.#trace);
    this.#plan = planOf(this.#chance.stream('plan'), planted.wanted);
    const weather = (name: string): Weather => new Weather(this.#time, this.#chance.stream(name));
    this.#phones = weather('phones');
    this.#peers = weather('peers');
    this.#broker = new SimulatedBroker(this.#time, this.#chance.stream('broker'), {
      embedded: this.#plan.embeddedBroker,
      weatherOf: (terminal) => {
        const known = this.#terminalWeather.get(terminal) ?? weather(`way to ${terminal}`);
        this.#terminalWeather.set(terminal, known);
        return known;
      },
    });
  }

  async run(): Promise<Outcome> {
    const { terminals, troubleMs } = this.#plan;
    this.#trace.say('world', JSON.stringify(this.#plan));
    for (const roles of rolesOf(this.#plan)) this.#gateways.push(this.#gateway(roles));
    for (const gateway of this.#gateways) gateway.start();
    await this.#finish(Promise.all(this.#gateways.map((each) => each.seed(seedOf(this.#plan)))));
    for (let at = 1; at <= terminals; at += 1) await this.#addTerminal(`t-000${at}`);
    await this.#finish(this.#makeCards());
    this.#begin();
    const bad = (): boolean => this.#auditor.violations.length > 0;
    await this.#time.run(this.#time.now + troubleMs, bad);
    const healedAfterMs = bad() ? 0 : await this.#heal();
    return {
      seed: this.#seed,
      violations: this.#auditor.violations,
      digest: this.#trace.digest(),
      lines: this.#trace.lines(),
      plan: this.#plan,
      terminalHours: (terminals * this.#time.now) / 3_600_000,
      events: this.#time.events,
      healedAfterMs,
      counts: this.#auditor.counts,
    };
  }

  close(): void {
    for (const gateway of this.#gateways) gateway.close();
  }

  async #heal(): Promise<number> {
    this.#open = false;
    this.#trouble?.heal();
    const from = this.#time.now;
    const { wallet, street } = this.#holders ?? {};
    if (wallet !== undefined && street !== undefined) {
      void settleCards(street, wallet, (purse) => this.#wants(wallet, purse));
    }
    const bad = (): boolean => this.#auditor.violations.length > 0;
    while (!bad()) {
      await this.#time.run(this.#time.now + LOOK_EVERY_MS, bad);
      const open = this.#unfinished();
      if (open.length === 0) break;
      if (this.#time.now - from > HEALING_MS) this.#auditor.report(`stuck: ${open.join('; ')}`);
    }
    if (!bad()) {
      this.#auditor.judge();
      const settlement = this.#settlementMachine;
      const desk = settlement?.life?.core.settlement;
      if (settlement !== null && desk) this.#auditor.judgeCards(desk, settlement.tables);
      for (const { name, tables } of this.#gateways) {
        const keepsOrders = name === this.#house('order-centre').name;
        this.#auditor.judgeStore(name, tables, keepsOrders);
      }
    }
    return this.#time.now - from;
  }

  /** What is not empty, settled or switched on yet. */
  #unfinished(): string[] {
    return [
      ...this.#gateways.flatMap((gateway) => {
        const { tables, name, life } = gateway;
        return [
          ...(life === null ? [`${name} is down`] : []),
          ...tables.outbox.pendingTerminals().map((id) => `${name}'s outbox has news for ${id}`),
          ...(tables.attempts.nextAt() === undefined ? [] : [`${name} has an open attempt`]),
          ...(tables.payments.nextAt() === undefined ? [] : [`${name} has an open payment`]),
          ...(tables.deliveries.next('acquirer') === undefined
            ? []
            : [`${name} has a result to tell`]),
          ...(tables.deliveries.next('settlement') === undefined
            ? []
            : [`${name} has news of cards to tell`]),
          ...(tables.orders.nextExpiry() === undefined ? [] : [`${name} has an open order`]),
        ];
      }),
      ...this.#terminals.flatMap((terminal) => [
        ...(terminal.isReady ? [] : [`${terminal.id} is down`]),
        ...this.#auditor
          .unsettled(terminal.id)
          .map((number) => `${terminal.id} has ${number} open`),
      ]),
      ...(this.#holders?.wallet.purses ?? []).flatMap((purse) =>
        this.#holders !== null && this.#wants(this.#holders.wallet, purse)
          ? [`card ${purse.id} is waited for: ${whyWanted(this.#holders.wallet, purse)}`]
          : [],
      ),
    ];
  }

  /** Something is due to a card or in doubt of it, or it has done what nobody has told yet. */
  #wants(wallet: Wallet, purse: Purse): boolean {
    const { tables } = wallet.settlement;
    return (
      isWanted(wallet, purse) ||
      (tables.settlement.lastTransaction(purse.id)?.counter ?? 0) !== purse.counter ||
      this.#terminals.some(({ id }) => this.#auditor.inDoubt(id, purse.id))
    );
  }

  get #settlementMachine(): GatewayMachine | null {
    return this.#plan.cards === 0 ? null : this.#house('settlement');
  }

  async #makeCards(): Promise<void> {
    const settlement = this.#settlementMachine;
    if (settlement === null) return;
    for (let at = 1; at <= this.#plan.cards; at += 1) {
      const chance = this.#chance.stream(`card ${at}`);
      const purse = await makePurse(settlement, chance, chance.pick([0, 3000, 60_000]));
      this.#purses.push(purse);
      this.#auditor.cards.add(purse);
    }
  }

  #begin(): void {
    const chance = this.#chance;
    this.#trouble = new Trouble(
      {
        time: this.#time,
        trace: this.#trace,
        terminals: this.#terminals,
        gateways: this.#gateways,
        broker: this.#broker,
        terminalWeather: this.#terminalWeather,
        phones: this.#phones,
        peers: this.#peers,
      },
      this.#plan,
      chance.stream('trouble'),
    );
    const street: Street = {
      time: this.#time,
      chance: chance.stream('street'),
      trace: this.#trace,
      auditor: this.#auditor,
      centre: this.#house('order-centre'),
      weather: this.#phones,
      saleEveryMs: this.#plan.saleEveryMs,
      isOpen: () => this.#open,
    };
    const settlement = this.#settlementMachine;
    const wallet =
      settlement === null
        ? null
        : {
            ...{ purses: this.#purses, settlement, terminals: this.#terminals },
            share: this.#plan.cardShare,
          };
    if (wallet !== null) {
      this.#holders = { street, wallet };
      void keepCards(street, wallet);
      this.#auditor.onPaidByCard = (order) => void giveBackToCard(street, wallet, order);
    }
    for (const terminal of this.#terminals) {
      terminal.onOffer = (order) => {
        if (!this.#open) return;
        comeToPay(street, terminal, order);
        if (wallet !== null) void comeWithCard(street, wallet, terminal, order);
      };
      terminal.start();
      void keepStall(street, terminal);
    }
    this.#auditor.onPaid = (order, amount) => void giveBack(street, order, amount);
    void keepGuests(street, this.#house('acquirer'));
    this.#trouble.begin();
  }

  #house(role: Role): GatewayMachine {
    const at = rolesOf(this.#plan).findIndex((roles) => roles.includes(role));
    const found = this.#gateways[at];
    if (found === undefined) throw new Error(`nobody is the ${role}`);
    return found;
  }

  #gateway(roles: readonly Role[]): GatewayMachine {
    const whole = roles.includes('order-centre') && roles.includes('issuer');
    const name = roles.length === 1 ? (roles[0] ?? '') : whole ? 'gateway' : 'centre';
    const keys = this.#chance.stream('card keys');
    const house = roles.includes('settlement') ? makeHouseKeys(keys) : undefined;
    return new GatewayMachine({
      name,
      roles,
      time: this.#time,
      chance: this.#chance.stream(name),
      trace: this.#trace,
      auditor: this.#auditor,
      beganAt: BEGAN_AT,
      connect: this.#connectionsOf(roles, house),
      doors: (life) => this.#doorsOf(roles, life.core),
      plantEngine: this.#planted.engine(this.#chance.stream('planted'), roles),
    });
  }

  #connectionsOf(roles: readonly Role[], house?: HouseKeys): GatewayParts['connect'] {
    const call = (who: Serve) =>
      this.#planted.peer(
        peerOver(this.#time, this.#peers, () => this.#house(who), who),
        who,
      );
    return (clock, chance) => {
      const gates = {
        ...(roles.includes('issuer') ? {} : { issuer: remoteIssuer(call('issuer')) }),
        ...(roles.includes('acquirer')
          ? {}
          : { acquirer: remoteAcquirer(call('acquirer')), links: remoteLinks(call('acquirer')) }),
      };
      const centre = roles.includes('order-centre');
      const isApart = (role: Role): boolean => roles.includes(role) && !centre;
      const cards = this.#plan.cards > 0 && centre && !roles.includes('settlement');
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

  #doorsOf(roles: readonly Role[], core: Core): () => void {
    const closes: (() => void)[] = [];
    if (roles.includes('order-centre')) {
      core.downlinks.attach({
        send: (terminal, _topic, message) => this.#broker.send(terminal, message),
      });
      this.#broker.attach({
        handle: (terminal, message) => core.uplinks.handle(terminal, message),
        arrived: (terminal) => core.downlinks.arrived(terminal),
        brokerArrived: () => core.downlinks.brokerArrived(),
      });
      closes.push(() => this.#broker.attach(null));
    } else {
      const centre = (): GatewayMachine => this.#house('order-centre');
      for (const owner of ['acquirer', 'settlement'] as const) {
        if (!roles.includes(owner)) continue;
        closes.push(carryResults(this.#time, this.#peers, core, centre, owner));
      }
    }
    return () => {
      for (const close of closes) close();
    };
  }

  async #addTerminal(id: string): Promise<void> {
    const core = this.#house('order-centre').life?.core;
    const addresses = { broker: 'mqtt://broker.test', payUrl: 'https://pay.test/p/' };
    const enrolled = await this.#finish(core?.enrol({ code: `CODE-${id}` }, null, addresses));
    if (enrolled?.ok !== true) throw new Error(`${id} is not enrolled`);
    const { identity } = enrolled;
    this.#terminals.push(
      new TerminalMachine({
        time: this.#time,
        chance: this.#chance.stream(id),
        trace: this.#trace,
        auditor: this.#auditor,
        identity,
        beganAt: BEGAN_AT,
        openLink: (terminal, events) => this.#broker.open(terminal, events),
        diskFault: (terminal, verb) => this.#trouble?.diskFault(terminal, verb) ?? 'none',
        plant: this.#planted.terminal(this.#chance.stream(`planted ${id}`), id),
      }),
    );
  }

  /** Lets time pass until it is done. */
  async #finish<T>(work: Promise<T>): Promise<T>;
  async #finish<T>(work: Promise<T> | undefined): Promise<T | undefined>;
  async #finish<T>(work: Promise<T> | undefined): Promise<T | undefined> {
    let done = false;
    void work?.finally(() => {
      done = true;
    });
    await this.#time.run(this.#time.now + 60_000, () => done);
    return work;
  }
}

/** Some have little enough to run out of it. */
const BALANCES: Readonly<Record<string, number>> = {
  [POOR]: 3000,
  '+8613800000004': 30_000,
  '+8613800000005': 60_000,
};

function seedOf({ terminals, orderLifetimeS: lifetimeS }: Plan): Seed {
  return {
    calling_code: '86',
    vendors: [
      { id: 'lin', name: "Lin's Dumplings" },
      { id: 'inn', name: 'Harbour Inn' },
    ],
    terminals: Array.from({ length: terminals }, (_, at) => ({
      id: `t-000${at + 1}`,
      vendor: 'lin',
      enrolment_code: `CODE-t-000${at + 1}`,
      place: { name: 'East Gate', latitude: 31.23, longitude: 121.47, radius_m: 30 },
      currency: 'CNY',
      language: at % 2 === 0 ? 'en' : 'zh-CN',
      order_lifetime_s: lifetimeS,
      catalogue: [],
    })),
    payers: PAYERS.map(({ phone, pin }) => ({
      phone,
      pin,
      ...(phone === BLOCKED ? { state: 'blocked' as const } : {}),
      balances: [{ currency: 'CNY', amount_minor: BALANCES[phone] ?? 400_000 }],
    })),
  };
}
