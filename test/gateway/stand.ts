/** The core alone: a store in memory, a clock that the test moves, no doors. */
import { base64url, fromBase64url } from '#device/codecs/bytes.ts';
import { open, seal } from '#device/codecs/jws.ts';
import { deriveKeys, type TerminalKeys } from '#device/codecs/keys.ts';
import type { Identity } from '#device/messages/enrolment.ts';
import { type Downlink, downlinkSchema, type Uplink } from '#device/messages/order.ts';
import { type Clock, systemChance } from '#gateway/clock.ts';
import { type Core, type CoreOptions, openCore } from '#gateway/core.ts';
import { deriveGatewayKeys } from '#gateway/keys.ts';
import type { LogEntry } from '#gateway/log.ts';
import { applySeed, seedSchema } from '#gateway/seed.ts';
import { SEED, singly } from './harness.ts';

export class ManualClock implements Clock {
  #now: number;
  #timers: { at: number; then: () => void }[] = [];
  /** How far the wall clock is off. */
  wall = 0;

  constructor(start = 1_790_000_000_000) {
    this.#now = start;
  }

  now(): number {
    return this.#now + this.wall;
  }

  monotonic(): number {
    return this.#now;
  }

  after(ms: number, then: () => void): () => void {
    const timer = { at: this.#now + ms, then };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  /** Moves on, calling each timer at its moment, and lets what they began come to its end. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      const next = this.#timers
        .filter(({ at }) => at <= end)
        .sort((a, b) => a.at - b.at)
        .at(0);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((each) => each !== next);
      this.#now = Math.max(this.#now, next.at);
      next.then();
      await settle();
    }
    this.#now = end;
    await settle();
  }
}

/** Lets queued units commit and their consequences run. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 4; round += 1) await new Promise((resolve) => setImmediate(resolve));
}

export interface StandTerminal {
  readonly identity: Identity;
  readonly keys: TerminalKeys;
  /** Downlinks handed to its wire, in order. */
  readonly heard: Downlink[];
  /** Whether its wire is there. */
  listening: boolean;
  say(uplink: Uplink): ReturnType<Core['uplinks']['handle']>;
}

export interface Stand {
  readonly core: Core;
  readonly clock: ManualClock;
  readonly logged: LogEntry[];
  /** How many downlinks were handed to wires. */
  messages(): number;
  readonly terminals: readonly [StandTerminal, StandTerminal];
}

/** On a store of its own, in memory unless a file is named. */
export async function openStand(
  more: Partial<Pick<CoreOptions, 'database' | 'stretch'>> = {},
): Promise<Stand> {
  const clock = new ManualClock();
  const logged: LogEntry[] = [];
  const keys = deriveGatewayKeys(new Uint8Array(32).fill(7));
  const core = openCore({
    database: ':memory:',
    keys,
    clock,
    chance: systemChance,
    log: (entry) => logged.push(entry),
    defer: (then) => setImmediate(then),
    ...more,
  });
  await applySeed(core, seedSchema.parse(SEED));
  const terminals = [await enrolled(core, 'CODE-0001'), await enrolled(core, 'CODE-0002')] as const;
  let handed = 0;
  core.downlinks.attach({
    send(id, _topic, message) {
      const terminal = terminals.find(({ identity }) => identity.terminal === id);
      if (terminal === undefined || !terminal.listening) return false;
      const opened = open('EdDSA', fromBase64url(keys.public) ?? new Uint8Array(), message);
      if (!opened.ok) throw new Error(`downlink: ${opened.why}`);
      handed += 1;
      // As the terminal decodes it: what it can’t read is a fault.
      terminal.heard.push(...singly(downlinkSchema.parse(opened.payload)));
      return true;
    },
  });
  return { core, clock, logged, terminals, messages: () => handed };
}

async function enrolled(core: Core, code: string): Promise<StandTerminal> {
  const addresses = { broker: 'mqtt://127.0.0.1:1', payUrl: 'http://127.0.0.1:1/p/' };
  const answer = await core.enrol({ code }, null, addresses);
  if (!answer.ok) throw new Error(answer.code);
  const { identity } = answer;
  const keys = deriveKeys(identity.secret);
  return {
    identity,
    keys,
    heard: [],
    listening: true,
    say: (uplink) =>
      core.uplinks.handle(
        identity.terminal,
        new TextEncoder().encode(seal('HS256', keys.uplink, uplink)),
      ),
  };
}

export const chanceKey = (): string => base64url(systemChance.bytes(9));
