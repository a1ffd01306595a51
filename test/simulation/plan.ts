/** What a seed makes of a world: how many stand in it, for how long, and how bad it gets. */

import type { SeededChance } from '#simulators/simulation/chance.ts';
import { CALM, type Climate } from '#simulators/simulation/weather.ts';

/** Which organisations share a store. */
export type Houses = 'one' | 'issuer_apart' | 'settlement_apart' | 'all_apart';

/** A hectic hour finds races, a whole day what takes its time, days on end what expires. */
export type Pace = 'hectic' | 'day' | 'long';

/** When a stall sells, of each day of the world. */
export interface Hours {
  readonly fromMs: number;
  readonly lastsMs: number;
}

export interface Plan {
  readonly pace: Pace;
  readonly terminals: number;
  /** How long there is trouble, ms; then everything heals. */
  readonly troubleMs: number;
  /** Between two sales of one vendor, on average. */
  readonly saleEveryMs: number;
  /** `null`: all the time. */
  readonly hours: Hours | null;
  /** How long some troubles last that otherwise are over in minutes; none in a short world. */
  readonly spellsMs: readonly number[];
  readonly houses: Houses;
  readonly embeddedBroker: boolean;
  readonly orderLifetimeS: number;
  /** Stored-value cards that go round; without any there is no settlement. */
  readonly cards: number;
  /** Share of orders that somebody with a card comes to. */
  readonly cardShare: number;
  /** Orders are taken by telephone, and paid by link. */
  readonly telephone: boolean;
  /** Vouchers go round; their fund server is in the house, or where the issuer is apart, so is it. */
  readonly vouchers: boolean;
  /** Phones are paired with terminals, and pay through a platform. */
  readonly paired: boolean;
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

/** What a pace makes of a world. */
interface Frame
  extends Pick<Plan, 'terminals' | 'troubleMs' | 'saleEveryMs' | 'hours' | 'spellsMs'> {
  /** Mean time between two strokes of one kind, least and longest. */
  readonly everyMs: readonly [least: number, longest: number];
}

function frameOf(pace: Pace, chance: SeededChance): Frame {
  switch (pace) {
    case 'hectic': {
      const troubleMs = chance.between(20, 90) * MINUTE;
      return {
        ...{ terminals: chance.between(1, 3), troubleMs, hours: null, spellsMs: [] },
        saleEveryMs: chance.between(30, 180) * 1000,
        everyMs: [troubleMs / 12, troubleMs],
      };
    }
    case 'day':
      return {
        ...{ terminals: chance.between(2, 8), hours: null, spellsMs: [3 * HOUR] },
        troubleMs: chance.between(3, 16) * HOUR,
        saleEveryMs: chance.between(4, 25) * MINUTE,
        everyMs: [15 * MINUTE, 3 * HOUR],
      };
    case 'long':
      return {
        terminals: chance.between(4, 12),
        troubleMs: chance.between(24, 120) * HOUR,
        saleEveryMs: chance.between(8, 30) * MINUTE,
        hours: { fromMs: chance.between(0, 23) * HOUR, lastsMs: chance.between(6, 14) * HOUR },
        spellsMs: [2 * HOUR, 10 * HOUR, 40 * HOUR],
        everyMs: [20 * MINUTE, 5 * HOUR],
      };
  }
}

/** The same chance makes the same plan, but for what is wanted. */
export function planOf(chance: SeededChance, wanted: Wanted = {}): Plan {
  const rare = chance.happens(0.1);
  const dice = chance.fraction();
  const pace = wanted.pace ?? (dice < 0.45 ? 'hectic' : dice < 0.8 ? 'day' : 'long');
  // Where nothing goes wrong an hour is enough.
  const calm = rare && pace === 'hectic';
  const { everyMs, ...frame } = frameOf(pace, chance.stream('frame'));
  const [least, longest] = wanted.troubleMs === undefined ? everyMs : often(wanted.troubleMs);
  const every = Object.fromEntries(
    STROKES.map((stroke) => {
      const absent = calm || chance.happens(0.35);
      return [stroke, absent ? null : chance.between(least, longest)];
    }),
  ) as Record<Stroke, number | null>;
  const drawn: Plan = {
    pace,
    ...frame,
    houses: chance.pick(['one', 'one', 'issuer_apart', 'settlement_apart', 'all_apart']),
    embeddedBroker: chance.happens(0.6),
    orderLifetimeS: chance.pick([30, 60, 120]),
    cards: chance.pick([0, 1, 2, 4]),
    cardShare: chance.pick([0.2, 0.6]),
    vouchers: chance.stream('vouchers').happens(0.5),
    telephone: chance.stream('telephone').happens(0.5),
    paired: chance.stream('paired').happens(0.5),
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

const often = (troubleMs: number): readonly [number, number] => [troubleMs / 12, troubleMs];

function climateOf(chance: SeededChance, calm: boolean): Climate {
  if (calm) return CALM;
  return {
    loss: chance.pick([0, 0.01, 0.1, 0.3]),
    doubling: chance.pick([0, 0.02, 0.2]),
    delay: chance.pick([0, 0.05, 0.3]),
    longestDelayMs: chance.pick([500, 5000, 40_000]),
  };
}
