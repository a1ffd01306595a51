/**
 * A gateway process without doors: the real services over a real SQLite store that outlives them.
 * What it had committed when it died is there when it comes back; nothing else is.
 */
import { createHmac } from 'node:crypto';
import type { Chance } from '#gateway/clock.ts';
import { type Core, type CoreOptions, openCore } from '#gateway/core.ts';
import { deriveGatewayKeys, type GatewayKeys } from '#gateway/keys.ts';
import type { Role } from '#gateway/roles.ts';
import { applySeed, type Seed, seedSchema } from '#gateway/seed.ts';
import { openSqlite } from '#gateway/store/sqlite/engine.ts';
import type { Engine } from '#gateway/store/tables.ts';
import type { SeededChance } from '#simulators/simulation/chance.ts';
import { type LivingClock, MachineClock } from '#simulators/simulation/machine-clock.ts';
import type { VirtualTime } from '#simulators/simulation/time.ts';
import type { Auditor } from './auditor.ts';
import type { Trace } from './trace.ts';
import { watchEngine } from './watched-engine.ts';

/** What the doors of one life hang on. */
export interface GatewayLife {
  readonly core: Core;
  readonly clock: LivingClock;
  isOn(): boolean;
}

export interface GatewayParts {
  readonly name: string;
  readonly roles: readonly Role[];
  readonly time: VirtualTime;
  readonly chance: SeededChance;
  readonly trace: Trace;
  readonly auditor: Pick<Auditor, 'committed'>;
  readonly beganAt: number;
  /** What of the core is elsewhere, for one life. */
  readonly connect: (
    clock: LivingClock,
    chance: Chance,
    isOn: () => boolean,
  ) => Pick<CoreOptions, 'gates' | 'tell' | 'tellCard' | 'house'>;
  /** Doors open and close with each life; the answer closes. */
  readonly doors: (life: GatewayLife) => () => void;
  readonly plantEngine: (engine: Engine) => Engine;
}

/** Longest time from a crash until it runs again. */
const LONGEST_DOWN_MS = 60_000;

export class GatewayMachine {
  readonly name: string;
  readonly clock: MachineClock;
  /** The store takes nothing while it is full. */
  storeFull = false;
  /** The next commit is the last of this life. */
  doomed: 'no' | 'dies_before' | 'dies_after' = 'no';
  readonly #parts: GatewayParts;
  readonly #engine: Engine;
  readonly #keys: GatewayKeys;
  #life: (GatewayLife & { close: () => void }) | null = null;

  constructor(parts: GatewayParts) {
    this.#parts = parts;
    this.name = parts.name;
    this.clock = new MachineClock(parts.time, parts.beganAt);
    this.#engine = openSqlite(':memory:');
    this.#keys = deriveGatewayKeys(parts.chance.stream('keys').bytes(32));
  }

  get life(): GatewayLife | null {
    return this.#life;
  }

  /** For reading, also while it is down. */
  get tables(): Engine['tables'] {
    return this.#engine.tables;
  }

  start(): void {
    if (this.#life !== null) return;
    const { name, roles, chance, time, trace, auditor, connect, doors, plantEngine } = this.#parts;
    const clock = this.clock.start();
    let runs = true;
    const isOn = (): boolean => runs;
    const watched = watchEngine(plantEngine(this.#engine), {
      committed: (writes) => auditor.committed(name, writes),
      beforeCommit: () => {
        const fate = this.doomed;
        this.doomed = 'no';
        return fate === 'no' ? (this.storeFull ? 'full' : 'commits') : fate;
      },
      died: () => this.crash('in a commit'),
    });
    const core = openCore({
      database: watched,
      roles,
      keys: this.#keys,
      clock,
      chance,
      stretch: async (secret, salt) => {
        await new Promise<void>((resolve) => time.after(chance.between(30, 90), resolve));
        return createHmac('sha256', salt).update(secret).digest();
      },
      log: ({ level, place, says }) => {
        if (runs && level !== 'info') trace.say(name, `${place}: ${says}`);
      },
      defer: (then) => void clock.after(chance.between(0, 3), then),
      ...connect(clock, chance, isOn),
    });
    const off = (): void => {
      runs = false;
      clock.stop();
      close();
    };
    const close = doors({ core, clock, isOn });
    this.#life = { core, clock, isOn, close: off };
    trace.say(name, 'starts');
  }

  /** The process is gone, in the middle of whatever it did. */
  crash(why: string, downMs?: number): void {
    if (this.#life === null) return;
    this.#parts.trace.say(this.name, `crashes ${why}`);
    this.#life.close();
    this.#life = null;
    this.#restart(downMs);
  }

  /** It is asked to stop, and does. */
  stop(downMs?: number): void {
    if (this.#life === null) return;
    this.#parts.trace.say(this.name, 'stops');
    const { core } = this.#life;
    // What is queued is committed; a store that is full says so to whoever waits.
    core.close();
    this.#life?.close();
    this.#life = null;
    this.#restart(downMs);
  }

  async seed(seed: Seed): Promise<void> {
    if (this.#life === null) throw new Error('it is not on');
    await applySeed(this.#life.core, seedSchema.parse(seed));
  }

  close(): void {
    this.#life?.close();
    this.#life = null;
    this.#engine.close();
  }

  #restart(downMs = this.#parts.chance.between(200, LONGEST_DOWN_MS)): void {
    this.#parts.time.after(downMs, () => this.start());
  }
}
