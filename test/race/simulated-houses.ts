/** The organisations of a simulated race: on machines that crash, behind wires that lose, double and delay. */
import { remoteIssuer } from '#gateway/issuer/remote.ts';
import type { PeerClient } from '#gateway/peers/client.ts';
import type { Role } from '#gateway/roles.ts';
import { SeededChance } from '#simulators/simulation/chance.ts';
import { VirtualTime } from '#simulators/simulation/time.ts';
import { CALM, type Climate, Weather } from '#simulators/simulation/weather.ts';
import { Books } from '#test/simulation/books.ts';
import { GatewayMachine } from '#test/simulation/gateway-machine.ts';
import { peerOver, type Serve } from '#test/simulation/peer-wire.ts';
import { NOTHING_PLANTED, type Planted } from '#test/simulation/plant-kit.ts';
import { Trace } from '#test/simulation/trace.ts';
import { VoucherBooks } from '#test/simulation/voucher-books.ts';
import type { Write } from '#test/simulation/watched-engine.ts';
import type { Kind } from './way.ts';

const BEGAN_AT = Date.UTC(2026, 0, 5, 8);
const ROLES: Readonly<Record<Kind, readonly (readonly Role[])[]>> = {
  together: [['order-centre', 'acquirer', 'issuer', 'fund-server']],
  apart: [['issuer'], ['fund-server']],
};
/** So slow that a voucher's time is over while much is done to it. */
const PARTIES: Climate = { loss: 0.005, doubling: 0.02, delay: 0.6, longestDelayMs: 3000 };
const PEERS: Climate = { loss: 0.01, doubling: 0.01, delay: 0.05, longestDelayMs: 3000 };
const MINUTE = 60_000;
const LONGEST_DOWN_MS = 20_000;
const KEPT_LINES = 60;

export class SimulatedHouses {
  readonly time = new VirtualTime();
  readonly trace = new Trace(this.time, KEPT_LINES);
  /** What the auditor found. */
  readonly complaints: string[] = [];
  /** The auditor's own books, of all houses. */
  readonly ledger = new Books();
  readonly vouchers: VoucherBooks;
  /** Between parties and the fund server. */
  readonly parties: Weather;
  readonly #peers: Weather;
  readonly #kind: Kind;
  readonly #chance: SeededChance;
  readonly #planted: Planted;
  readonly #machines: readonly GatewayMachine[];
  #closed = false;

  constructor(kind: Kind, seed: number, planted: Planted = NOTHING_PLANTED) {
    this.#kind = kind;
    this.#planted = planted;
    this.#chance = new SeededChance(`race ${kind} ${seed}`);
    this.parties = new Weather(this.time, this.#chance.stream('parties'), PARTIES);
    this.#peers = new Weather(this.time, this.#chance.stream('peers'), PEERS);
    const report = (what: string): void => void this.complaints.push(what);
    this.vouchers = new VoucherBooks({ trace: this.trace, report, counts: { vouchers: 0 } });
    this.#machines = ROLES[kind].map((roles) => this.#machine(roles));
  }

  async begin(seed: Parameters<GatewayMachine['seed']>[0]): Promise<void> {
    void this.#pass();
    for (const machine of this.#machines) machine.start();
    await Promise.all(this.#machines.map((machine) => machine.seed(seed)));
  }

  of(role: Role): GatewayMachine {
    const found = this.#machines[ROLES[this.#kind].findIndex((roles) => roles.includes(role))];
    if (found === undefined) throw new Error(`nobody is the ${role}`);
    return found;
  }

  /** The interface of `who`, as `caller` reaches it. */
  peer(who: Extract<Serve, Role>, caller: Role): PeerClient {
    const peer = peerOver(this.time, this.#peers, () => this.of(who), who, caller);
    return this.#planted.peer(peer, who);
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.time.after(ms, resolve));
  }

  /** Something breaks, and is mended after seconds. */
  strike(name: string): void {
    const chance = this.#chance.stream(name);
    const machine = chance.pick(this.#machines);
    const downMs = chance.between(100, LONGEST_DOWN_MS);
    switch (chance.pick(['crash', 'doomed', 'stop', 'full', 'parted'])) {
      case 'crash':
        machine.crash('at the wall', downMs);
        break;
      case 'doomed':
        machine.doomed = chance.pick(['dies_before', 'dies_after']);
        break;
      case 'stop':
        machine.stop(downMs);
        break;
      case 'full':
        machine.storeFull = true;
        this.time.after(downMs, () => {
          machine.storeFull = false;
        });
        break;
      case 'parted':
        this.#peers.parted = true;
        this.time.after(downMs, () => {
          this.#peers.parted = false;
        });
    }
  }

  /** From now on nothing breaks. */
  heal(): void {
    for (const weather of [this.parties, this.#peers]) weather.climate = CALM;
    for (const machine of this.#machines) machine.doomed = 'no';
  }

  close(): void {
    this.#closed = true;
    for (const machine of this.#machines) machine.close();
  }

  #machine(roles: readonly Role[]): GatewayMachine {
    const name = roles.length === 1 ? (roles[0] ?? '') : 'gateway';
    const apart = !roles.includes('issuer');
    return new GatewayMachine({
      ...{ name, roles, time: this.time, trace: this.trace, beganAt: BEGAN_AT },
      chance: this.#chance.stream(name),
      auditor: { committed: (house, writes) => this.#committed(house, writes) },
      connect: () =>
        apart ? { gates: { issuer: remoteIssuer(this.peer('issuer', 'fund-server')) } } : {},
      doors: () => () => undefined,
      plantEngine: this.#planted.engine(this.#chance.stream(`planted ${name}`), roles),
    });
  }

  #committed(house: string, writes: readonly Write[]): void {
    this.complaints.push(...this.ledger.enter(writes));
    this.vouchers.committed(house, writes);
  }

  /** Time passes as long as the race goes on. */
  async #pass(): Promise<void> {
    while (!this.#closed) await this.time.run(this.time.now + MINUTE, () => this.#closed);
  }
}
