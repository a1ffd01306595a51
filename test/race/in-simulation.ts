/**
 * In the deterministic simulation: services that crash over stores that outlive them, wires that lose,
 * double and delay, all in virtual time. The same seed runs the same race, message by message.
 */
import type { Core } from '#gateway/core.ts';
import type { Action } from '#gateway/funds/flow.ts';
import { remoteFunds } from '#gateway/funds/remote.ts';
import type { ActInput, CreateVoucher, VoucherView } from '#gateway/funds/schemas.ts';
import type { DebitAnswer, DebitRequest } from '#gateway/issuer/gate.ts';
import { remoteIssuer } from '#gateway/issuer/remote.ts';
import { PeerError } from '#gateway/peers/client.ts';
import type { Role } from '#gateway/roles.ts';
import { SeededChance } from '#simulators/simulation/chance.ts';
import { VirtualTime } from '#simulators/simulation/time.ts';
import { CALM, type Climate, Weather } from '#simulators/simulation/weather.ts';
import { Books as LedgerBooks } from '#test/simulation/books.ts';
import { GatewayMachine } from '#test/simulation/gateway-machine.ts';
import { peerOver, type Serve } from '#test/simulation/peer-wire.ts';
import { reachAt } from '#test/simulation/people.ts';
import { NOTHING_PLANTED, type Planted } from '#test/simulation/plant-kit.ts';
import { Trace } from '#test/simulation/trace.ts';
import { VoucherBooks } from '#test/simulation/voucher-books.ts';
import type { Write } from '#test/simulation/watched-engine.ts';
import { Knowledge } from './knowledge.ts';
import { type Books, type Kind, type Known, payerOf, type Size, seedOf, type Way } from './way.ts';

export interface SimulatedWay extends Way {
  /** Of all that happened so far, hexadecimal. */
  digest(): string;
}

const BEGAN_AT = Date.UTC(2026, 0, 5, 8);
const ROLES: Readonly<Record<Kind, readonly (readonly Role[])[]>> = {
  together: [['order-centre', 'acquirer', 'issuer', 'fund-server']],
  apart: [['issuer'], ['fund-server']],
};
/** So slow that a voucher's time is over while much is done to it. */
const PARTIES: Climate = { loss: 0.005, doubling: 0.02, delay: 0.6, longestDelayMs: 3000 };
const PEERS: Climate = { loss: 0.01, doubling: 0.01, delay: 0.05, longestDelayMs: 3000 };
const SECOND = 1000;
const MINUTE = 60 * SECOND;
/** All must be settled so long after the last one has expired. */
const HEALING_MS = 45 * MINUTE;
const PATIENCE_MS = 15 * MINUTE;
const KEPT_LINES = 60;

export interface Troubles {
  /** How often a machine is killed or stopped, or both are parted from each other. */
  readonly kills: number;
  readonly seed: number;
  /** What is wrong on purpose. */
  readonly planted?: Planted;
}

export async function raceInSimulation(
  kind: Kind,
  size: Size,
  troubles: Troubles,
): Promise<SimulatedWay> {
  const way = new Simulation(kind, troubles);
  await way.begin(size);
  return way;
}

class Simulation implements SimulatedWay {
  kills = 0;
  readonly complaints: string[] = [];
  readonly #kind: Kind;
  readonly #time = new VirtualTime();
  readonly #trace = new Trace(this.#time, KEPT_LINES);
  readonly #chance: SeededChance;
  readonly #planted: Planted;
  readonly #parties: Weather;
  readonly #peers: Weather;
  readonly #machines: readonly GatewayMachine[];
  readonly #known = new Knowledge();
  readonly #ledger = new LedgerBooks();
  readonly #vouchers: VoucherBooks;
  readonly #killAt: number[];
  /** What tills were told that they have taken. */
  #taken = 0;
  #closed = false;

  constructor(kind: Kind, { kills, seed, planted = NOTHING_PLANTED }: Troubles) {
    this.#kind = kind;
    this.#planted = planted;
    this.#chance = new SeededChance(`race ${kind} ${seed}`);
    this.#killAt = Array.from({ length: kills }, (_, at) => (at + 1) / (kills + 1));
    this.#parties = new Weather(this.#time, this.#chance.stream('parties'), PARTIES);
    this.#peers = new Weather(this.#time, this.#chance.stream('peers'), PEERS);
    const report = (what: string): void => void this.complaints.push(what);
    this.#vouchers = new VoucherBooks({ trace: this.#trace, report, counts: { vouchers: 0 } });
    this.#machines = ROLES[kind].map((roles) => this.#machine(roles));
  }

  async begin(size: Size): Promise<void> {
    void this.#pass();
    for (const machine of this.#machines) machine.start();
    await Promise.all(this.#machines.map((machine) => machine.seed(seedOf(size))));
  }

  now(): number {
    return this.#funds.clock.now();
  }

  lifeMs(chance: number): number {
    return MINUTE + Math.floor(chance * 3 * MINUTE);
  }

  look(number: string): Known | undefined {
    return this.#known.look(number);
  }

  digest(): string {
    return this.#trace.digest();
  }

  async create(party: string, wish: CreateVoucher, key: string): Promise<Known | null> {
    const reply = await this.#ask((core) => fundsOf(core).create(party, wish, key));
    return reply === null || 'problem' in reply
      ? null
      : this.#told(party, reply.body as VoucherView);
  }

  async act(
    party: string,
    number: string,
    action: Action,
    input: ActInput,
    key: string,
  ): Promise<boolean> {
    const reply = await this.#ask((core) => fundsOf(core).act(party, number, action, input, key));
    if (reply === null) return false;
    if (!('problem' in reply)) {
      this.#told(party, reply.body as VoucherView);
      return true;
    }
    if (!this.#known.learnState(number, reply.extras.state)) await this.#refresh(number);
    return false;
  }

  async spend(id: string, at: number, amount_minor: number): Promise<boolean> {
    const { phone, pin } = payerOf(at);
    const payer = { proof: { by: 'pin' as const, phone, pin } };
    const { ask } = remoteIssuer(this.#peer('issuer', 'acquirer')).debit;
    const asked = { ...takingOf(id, amount_minor), merchant: 'elsewhere', payer };
    return (await this.#debit(ask, asked))?.said === 'debited';
  }

  async till(id: string, number: string, amount_minor: number): Promise<boolean> {
    const beneficiary = this.#known.look(number)?.beneficiary ?? '';
    const view = await this.#ask(async (core) => fundsOf(core).reading.view(beneficiary, number));
    // It may have been passed on, or have ended.
    if (view?.code === undefined) return false;
    const payer = { proof: { by: 'voucher' as const, number, code: view.code } };
    const { ask } = remoteFunds(this.#peer('fund-server', 'acquirer')).debit;
    const asked = { ...takingOf(id, amount_minor), merchant: 'till', payer };
    const answer = await this.#debit(ask, asked);
    const taken = answer?.said === 'debited';
    if (taken) this.#taken += amount_minor;
    await this.#refresh(number);
    return taken;
  }

  async pass(share: number): Promise<void> {
    if (share < (this.#killAt[0] ?? 2)) return;
    this.#killAt.shift();
    this.kills += 1;
    const chance = this.#chance.stream(`stroke ${this.kills}`);
    const machine = chance.pick(this.#machines);
    const downMs = chance.between(100, 20 * SECOND);
    switch (chance.pick(['crash', 'doomed', 'stop', 'full', 'parted'])) {
      case 'crash':
        return machine.crash('at the wall', downMs);
      case 'doomed':
        machine.doomed = chance.pick(['dies_before', 'dies_after']);
        return;
      case 'stop':
        return machine.stop(downMs);
      case 'full':
        machine.storeFull = true;
        this.#time.after(downMs, () => {
          machine.storeFull = false;
        });
        return;
      case 'parted':
        this.#peers.parted = true;
        this.#time.after(downMs, () => {
          this.#peers.parted = false;
        });
    }
  }

  async end(numbers: readonly string[]): Promise<Books> {
    for (const weather of [this.#parties, this.#peers]) weather.climate = CALM;
    for (const machine of this.#machines) machine.doomed = 'no';
    await this.#wait(this.lifeMs(1));
    const { tables } = this.#funds;
    const from = this.#time.now;
    for (; ; await this.#wait(SECOND)) {
      if (tables.funds.nextExpiry() === undefined && tables.funds.nextAsk() === undefined) break;
      if (this.#time.now - from > HEALING_MS) {
        this.complaints.push(`stuck: ${numbers.length} vouchers are not all settled`);
        break;
      }
    }
    this.#vouchers.judge(tables.funds, this.now(), (account) =>
      account === 'acquirer:due:voucher:CNY' ? -this.#taken : this.#ledger.balanceMinor(account),
    );
    if (this.complaints.length > 0) this.complaints.push(...this.#trace.lines());
    return { bank: this.#bank.tables, funds: tables, close: () => undefined };
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const machine of this.#machines) machine.close();
  }

  get #bank(): GatewayMachine {
    return this.#of('issuer');
  }

  get #funds(): GatewayMachine {
    return this.#of('fund-server');
  }

  #of(role: Role): GatewayMachine {
    const found = this.#machines[ROLES[this.#kind].findIndex((roles) => roles.includes(role))];
    if (found === undefined) throw new Error(`nobody is the ${role}`);
    return found;
  }

  #machine(roles: readonly Role[]): GatewayMachine {
    const name = roles.length === 1 ? (roles[0] ?? '') : 'gateway';
    const apart = !roles.includes('issuer');
    return new GatewayMachine({
      ...{ name, roles, time: this.#time, trace: this.#trace, beganAt: BEGAN_AT },
      chance: this.#chance.stream(name),
      auditor: { committed: (house, writes) => this.#committed(house, writes) },
      connect: () =>
        apart ? { gates: { issuer: remoteIssuer(this.#peer('issuer', 'fund-server')) } } : {},
      doors: () => () => undefined,
      plantEngine: this.#planted.engine(this.#chance.stream(`planted ${name}`), roles),
    });
  }

  #committed(house: string, writes: readonly Write[]): void {
    this.complaints.push(...this.#ledger.enter(writes));
    this.#vouchers.committed(house, writes);
  }

  #peer(who: Extract<Serve, Role>, caller: Role) {
    const peer = peerOver(this.#time, this.#peers, () => this.#of(who), who, caller);
    return this.#planted.peer(peer, who);
  }

  /** Time passes as long as the race goes on. */
  async #pass(): Promise<void> {
    while (!this.#closed) await this.#time.run(this.#time.now + MINUTE, () => this.#closed);
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#time.after(ms, resolve));
  }

  /** One call of a party; where no answer comes it asks again, under the same key. */
  #ask<T>(call: (core: Core) => Promise<T>): Promise<T | null> {
    const street = { time: this.#time, weather: this.#parties };
    return this.#insist(async () => {
      const reached = await reachAt(this.#funds, street, call);
      return reached === 'no answer' ? null : reached;
    });
  }

  /** The same between organisations. */
  #debit(debit: (asked: DebitRequest) => Promise<DebitAnswer>, asked: DebitRequest) {
    return this.#insist(() =>
      debit(asked).then(
        (said) => ({ said }),
        (error: unknown) => {
          if (error instanceof PeerError) return null;
          throw error;
        },
      ),
    );
  }

  /** Until there is an answer; that there never is one is a complaint. */
  async #insist<T>(ask: () => Promise<{ readonly said: T } | null>): Promise<T | null> {
    const from = this.#time.now;
    while (this.#time.now - from < PATIENCE_MS) {
      const answer = await ask();
      if (answer !== null) return answer.said;
      await this.#wait(SECOND);
    }
    this.complaints.push('stuck: somebody had no answer for a quarter of an hour');
    return null;
  }

  async #refresh(number: string): Promise<void> {
    const issuing = this.#known.look(number)?.issuing ?? '';
    const view = await this.#ask(async (core) => fundsOf(core).reading.view(issuing, number));
    if (view !== null) this.#told(issuing, view);
  }

  #told(party: string, view: VoucherView): Known {
    this.#vouchers.told(party, view);
    return this.#known.learn(view);
  }
}

const takingOf = (id: string, amount_minor: number) =>
  ({ id, amount_minor, currency: 'CNY', reference: id }) as const;

function fundsOf(core: Core): NonNullable<Core['funds']> {
  if (core.funds === null) throw new Error('this is no fund server');
  return core.funds;
}
