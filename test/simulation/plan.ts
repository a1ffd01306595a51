/** What a seed makes of a world: how many stand in it, for how long, and how bad it gets. */

import type { SeededChance } from '#simulators/simulation/chance.ts';
import { CALM, type Climate } from '#simulators/simulation/weather.ts';

/** Which organisations share a store. */
export type Houses = 'one' | 'issuer_apart' | 'settlement_apart' | 'all_apart';

export interface Plan {
  readonly terminals: number;
  /** How long there is trouble, ms; then everything heals. */
  readonly troubleMs: number;
  /** Between two sales of one vendor, on average. */
  readonly saleEveryMs: number;
  readonly houses: Houses;
  readonly embeddedBroker: boolean;
  readonly orderLifetimeS: number;
  /** Stored-value cards that go round; without any there is no settlement. */
  readonly cards: number;
  /** Share of orders that somebody with a card comes to. */
  readonly cardShare: number;
  /** Mean time between two strokes of one kind in the whole world, ms; `null` where there is none. */
  readonly every: Readonly<Record<Stroke, number | null>>;
  /** Of the radio to terminals, of phones, between organisations. */
  readonly climates: Readonly<Record<'terminals' | 'phones' | 'peers', Climate>>;
  /** Share of disk verbs that fail, in the worst hours. */
  readonly disk: { readonly cut: number; readonly full: number; readonly broken: number };
}

/** What happens to machines and ways. */
export const STROKES = [
  'terminal_power',
  'terminal_killed',
  'terminal_upgraded',
  'gateway_crash',
  'gateway_stop',
  'store_full',
  'disk_bad',
  'partition',
  'peers_parted',
  'broker_falls',
  'clock_jump',
  'speaker_fails',
  'forger',
] as const;
export type Stroke = (typeof STROKES)[number];

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** What of a plan is not left to chance. */
export type Wanted = Partial<Omit<Plan, 'every'>> & { readonly every?: Partial<Plan['every']> };

/** The same chance makes the same plan, but for what is wanted. */
export function planOf(chance: SeededChance, wanted: Wanted = {}): Plan {
  const calm = chance.happens(0.1);
  // A busy hour finds races, a long day what takes its time.
  const busy = chance.happens(0.4);
  const drawnMs = busy ? chance.between(20, 90) * MINUTE : chance.between(3, 12) * HOUR;
  const troubleMs = wanted.troubleMs ?? drawnMs;
  const every = Object.fromEntries(
    STROKES.map((stroke) => {
      const absent = calm || chance.happens(0.35);
      return [stroke, absent ? null : (troubleMs / chance.between(1, 12)) * 1.01];
    }),
  ) as Record<Stroke, number | null>;
  const drawn: Plan = {
    terminals: chance.between(1, busy ? 3 : 6),
    troubleMs,
    saleEveryMs: busy ? chance.between(30, 180) * 1000 : chance.between(6, 40) * MINUTE,
    houses: chance.pick(['one', 'one', 'issuer_apart', 'settlement_apart', 'all_apart']),
    embeddedBroker: chance.happens(0.6),
    orderLifetimeS: chance.pick([30, 60, 120]),
    cards: chance.pick([0, 1, 2, 4]),
    cardShare: chance.pick([0.2, 0.6]),
    every,
    climates: {
      terminals: climateOf(chance, calm),
      phones: climateOf(chance, calm),
      peers: climateOf(chance, calm),
    },
    disk: {
      cut: chance.pick([0, 0.002, 0.02, 0.1]),
      full: chance.pick([0, 0.05, 0.3]),
      broken: chance.pick([0, 0.05, 0.3]),
    },
  };
  return { ...drawn, ...wanted, every: { ...every, ...wanted.every } };
}

function climateOf(chance: SeededChance, calm: boolean): Climate {
  if (calm) return CALM;
  return {
    loss: chance.pick([0, 0.01, 0.1, 0.3]),
    doubling: chance.pick([0, 0.02, 0.2]),
    delay: chance.pick([0, 0.05, 0.3]),
    longestDelayMs: chance.pick([500, 5000, 40_000]),
  };
}
