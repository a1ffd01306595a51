/**
 * The whole system in one process and in virtual time: terminals, broker, organisations, phones. First
 * there is trouble, then everything heals, and both sides must come to agree.
 */
import type { Link } from '#device/ports/link.ts';
import { SimulatedBroker } from '#simulators/simulation/broker.ts';
import { SeededChance } from '#simulators/simulation/chance.ts';
import { VirtualTime } from '#simulators/simulation/time.ts';
import { Weather } from '#simulators/simulation/weather.ts';
import type { Actor, Scene } from './actors.ts';
import { Auditor } from './auditor.ts';
import { cardHolders } from './card-holders.ts';
import { dayKeepers } from './day-keepers.ts';
import { Forger } from './forger.ts';
import { Houses } from './houses.ts';
import { giveBack, keepGuests } from './merchants.ts';
import { pairedPhones } from './paired-phones.ts';
import { comeToPay, keepStall, type Street } from './people.ts';
import { type Plan, planOf } from './plan.ts';
import { NOTHING_PLANTED, type Planted } from './plant-kit.ts';
import { seedOf } from './street-stock.ts';
import { telephoneDesk } from './telephone-people.ts';
import { TerminalMachine } from './terminal-machine.ts';
import { Trace } from './trace.ts';
import { Trouble } from './trouble.ts';
import { unfinishedAt, unfinishedOn } from './unfinished.ts';
import { voucherParties } from './voucher-parties.ts';

const BEGAN_AT = Date.UTC(2026, 0, 5, 8);
/** All must be settled so long after everything has healed. */
const HEALING_MS = 45 * 60_000;
const LOOK_EVERY_MS = 20_000;

/** Who comes to a world; each may find nothing to do in it. */
const ACTORS: readonly ((scene: Scene) => Actor | null)[] = [
  cardHolders,
  dayKeepers,
  voucherParties,
  telephoneDesk,
  pairedPhones,
];

export interface Outcome {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly digest: string;
  readonly lines: readonly string[];
  readonly plan: Plan;
  /** Of virtual time, all terminals together, as long as they are plugged in. */
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

class World {
  readonly #seed: number;
  readonly #planted: Planted;
  readonly #chance: SeededChance;
  readonly #time = new VirtualTime();
  readonly #trace: Trace;
  readonly #auditor: Auditor;
  readonly #plan: Plan;
  readonly #broker: SimulatedBroker;
  readonly #forger: Forger;
  readonly #terminalWeather = new Map<string, Weather>();
  readonly #phones: Weather;
  readonly #peers: Weather;
  readonly #houses: Houses;
  readonly #terminals: TerminalMachine[] = [];
  readonly #street: Street;
  readonly #actors: readonly Actor[];
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
    this.#forger = new Forger(this.#chance.stream('forger'), this.#broker, this.#trace);
    const [time, chance, trace, auditor] = [this.#time, this.#chance, this.#trace, this.#auditor];
    this.#houses = new Houses({
      ...{ plan: this.#plan, planted, time, chance, trace, auditor, peers: this.#peers },
      ...{ broker: this.#broker, forger: this.#forger, beganAt: BEGAN_AT },
    });
    this.#street = {
      ...{ time, chance: chance.stream('street'), trace, auditor, weather: this.#phones },
      centre: this.#houses.of('order-centre'),
      saleEveryMs: this.#plan.saleEveryMs,
      hours: this.#plan.hours,
      isOpen: () => this.#open,
    };
    const scene: Scene = {
      ...{ plan: this.#plan, street: this.#street, houses: this.#houses },
      terminals: this.#terminals,
    };
    this.#actors = ACTORS.flatMap((make) => make(scene) ?? []);
  }

  async run(): Promise<Outcome> {
    const { terminals, troubleMs } = this.#plan;
    this.#trace.say('world', JSON.stringify(this.#plan));
    const { machines } = this.#houses;
    for (const gateway of machines) gateway.start();
    await this.#finish(Promise.all(machines.map((each) => each.seed(seedOf(this.#plan)))));
    for (let at = 1; at <= terminals; at += 1) {
      await this.#addTerminal(`t-${String(at).padStart(4, '0')}`);
    }
    for (const actor of this.#actors) await this.#finish(actor.prepare?.());
    this.#begin();
    const bad = (): boolean => this.#auditor.violations.length > 0;
    await this.#time.run(this.#time.now + troubleMs, bad);
    const healedAfterMs = bad() ? 0 : await this.#heal();
    const unpluggedMs = this.#terminals.reduce((sum, each) => sum + each.unpluggedMs, 0);
    return {
      seed: this.#seed,
      violations: this.#auditor.violations,
      digest: this.#trace.digest(),
      lines: this.#trace.lines(),
      plan: this.#plan,
      terminalHours: (terminals * this.#time.now - unpluggedMs) / 3_600_000,
      events: this.#time.events,
      healedAfterMs,
      counts: this.#auditor.counts,
    };
  }

  close(): void {
    this.#houses.close();
  }

  #begin(): void {
    const [street, terminals] = [this.#street, this.#terminals];
    this.#trouble = new Trouble(
      {
        ...{ time: this.#time, trace: this.#trace, terminals, broker: this.#broker },
        ...{ gateways: this.#houses.machines, terminalWeather: this.#terminalWeather },
        ...{ phones: this.#phones, peers: this.#peers, counts: this.#auditor.counts },
        forger: this.#forger,
      },
      this.#plan,
      this.#chance.stream('trouble'),
    );
    for (const actor of this.#actors) actor.begin();
    for (const terminal of terminals) {
      terminal.onOffer = (order) => {
        if (!this.#open) return;
        comeToPay(street, terminal, order);
        for (const actor of this.#actors) actor.offered?.(terminal, order);
      };
      terminal.start();
      void keepStall(street, terminal);
    }
    this.#auditor.onPaid = (order, amount) => void giveBack(street, order, amount);
    void keepGuests(street, this.#houses.of('acquirer'));
    this.#trouble.begin();
  }

  async #heal(): Promise<number> {
    this.#open = false;
    this.#trouble?.heal();
    const from = this.#time.now;
    for (const actor of this.#actors) actor.heal?.();
    const bad = (): boolean => this.#auditor.violations.length > 0;
    while (!bad()) {
      await this.#time.run(this.#time.now + LOOK_EVERY_MS, bad);
      const open = this.#unfinished();
      if (open.length === 0) break;
      if (this.#time.now - from > HEALING_MS) this.#auditor.report(`stuck: ${open.join('; ')}`);
    }
    if (!bad()) this.#judge();
    return this.#time.now - from;
  }

  #unfinished(): string[] {
    return [
      ...this.#houses.machines.flatMap(unfinishedAt),
      ...this.#terminals.flatMap((each) => unfinishedOn(each, this.#auditor.journals)),
      ...this.#actors.flatMap((actor) => actor.unfinished()),
    ];
  }

  #judge(): void {
    this.#auditor.judge();
    for (const actor of this.#actors) actor.judge?.();
    const centre = this.#houses.of('order-centre');
    for (const machine of this.#houses.machines) {
      this.#auditor.orders.judgeStore(machine.name, machine.tables, machine === centre);
    }
  }

  async #addTerminal(id: string): Promise<void> {
    const core = this.#houses.of('order-centre').life?.core;
    const addresses = { broker: 'mqtt://broker.test', payUrl: 'https://pay.test/p/' };
    const enrolled = await this.#finish(core?.enrol({ code: `CODE-${id}` }, null, addresses));
    if (enrolled?.ok !== true) throw new Error(`${id} is not enrolled`);
    const { identity } = enrolled;
    this.#forger.know(identity.gateway_key);
    this.#terminals.push(
      new TerminalMachine({
        time: this.#time,
        chance: this.#chance.stream(id),
        trace: this.#trace,
        auditor: this.#auditor,
        identity,
        beganAt: BEGAN_AT,
        openLink: (terminal, events) =>
          this.#listenIn(terminal, this.#broker.open(terminal, events)),
        diskFault: (terminal, verb) => this.#trouble?.diskFault(terminal, verb) ?? 'none',
        plant: this.#planted.terminal(this.#chance.stream(`planted ${id}`), id),
      }),
    );
  }

  /** Whatever a terminal says is known to the auditor, and overheard. */
  #listenIn(terminal: string, link: Link): Link {
    return {
      publish: (token) => {
        this.#auditor.wire.said('up', terminal, token);
        this.#forger.overhear('up', token);
        link.publish(token);
      },
      close: () => link.close(),
    };
  }

  /** Lets time pass until it is done. */
  async #finish<T>(work: Promise<T>): Promise<T>;
  async #finish<T>(work: Promise<T> | undefined): Promise<T | undefined>;
  async #finish<T>(work: Promise<T> | undefined): Promise<T | undefined> {
    let done = false;
    void work?.finally(() => {
      done = true;
    });
    if (work !== undefined) await this.#time.run(this.#time.now + 60_000, () => done);
    return work;
  }
}
