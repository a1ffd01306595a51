/**
 * Faults that are planted to see that they are found. Each breaks one promise in a way that a careful
 * engineer could have written.
 */
import { CALM, type Climate } from '#simulators/simulation/weather.ts';
import type { Wanted } from './plan.ts';
import type { PlantedFault } from './plant-kit.ts';
import { CARD_FAULTS } from './planted-cards.ts';
import { DAY_FAULTS } from './planted-days.ts';
import { GATEWAY_FAULTS } from './planted-gateways.ts';
import { PAIRING_FAULTS } from './planted-pairing.ts';
import { TELEPHONE_FAULTS } from './planted-telephone.ts';
import { TERMINAL_FAULTS } from './planted-terminals.ts';
import { VOUCHER_FAULTS } from './planted-vouchers.ts';
import { WIRE_FAULTS } from './planted-wires.ts';

const MINUTE = 60_000;

/** A busy hour at two stalls: short, and much happens. */
const BUSY_HOUR: Wanted = {
  pace: 'hectic',
  terminals: 2,
  troubleMs: 60 * MINUTE,
  saleEveryMs: MINUTE,
};
const WITH_CARDS: Wanted = { ...BUSY_HOUR, cards: 4, cardShare: 0.6 };
const VOUCHERS: Wanted = { ...BUSY_HOUR, cards: 0, vouchers: true };
const ROUGH: Climate = { loss: 0.3, doubling: 0, delay: 0.05, longestDelayMs: 5000 };
const VOUCHERS_APART: Wanted = {
  ...{ ...VOUCHERS, houses: 'issuer_apart' },
  climates: { terminals: CALM, phones: CALM, peers: ROUGH },
};
const TELEPHONE: Wanted = { ...BUSY_HOUR, cards: 0, telephone: true };
const TELEPHONE_APART: Wanted = { ...TELEPHONE, houses: 'all_apart' };
const PAIRED: Wanted = { ...BUSY_HOUR, cards: 0, paired: true };
const PAIRED_ROUGH: Wanted = {
  ...PAIRED,
  climates: { terminals: CALM, phones: CALM, peers: ROUGH },
};
const OFTEN = 4 * MINUTE;

const FORGED: Wanted = { ...WITH_CARDS, cardShare: 0.3, every: { forger: 8000 } };

/** Where each shows sooner than in worlds by chance. */
const WANTED: Readonly<Record<string, Wanted>> = {
  'asks-anew': {
    ...BUSY_HOUR,
    ...{ cards: 0, houses: 'issuer_apart' },
    climates: { terminals: CALM, phones: CALM, peers: ROUGH },
  },
  'debits-again': WITH_CARDS,
  'forgets-debit': WITH_CARDS,
  'takes-blocked': WITH_CARDS,
  'posts-replay': WITH_CARDS,
  'loads-twice': { ...WITH_CARDS, cardShare: 0.2 },
  'keeps-payment': { ...WITH_CARDS, houses: 'settlement_apart' },
  // A start sends it again: nothing ends a terminal here.
  'order-alone': {
    ...WITH_CARDS,
    ...{ terminals: 4, cardShare: 1 },
    climates: { terminals: { ...ROUGH, loss: 0.5 }, phones: CALM, peers: CALM },
    disk: { cut: 0, full: 0, broken: 0 },
    every: {
      ...{ partition: OFTEN, broker_falls: OFTEN, clock_jump: null },
      ...{ terminal_power: null, terminal_killed: null, terminal_upgraded: null },
    },
  },
  'keeps-frozen': VOUCHERS,
  'forgets-first': VOUCHERS_APART,
  'forgets-part': VOUCHERS,
  'spent-again': VOUCHERS,
  'never-freezes': VOUCHERS_APART,
  'redeems-anew': VOUCHERS_APART,
  'issues-unfrozen': VOUCHERS_APART,
  'never-expires': VOUCHERS,
  'never-refills': VOUCHERS,
  'refills-elsewhere': VOUCHERS,
  'refills-anew': VOUCHERS_APART,
  'others-voucher': { ...VOUCHERS, telephone: true },
  ...Object.fromEntries(Object.keys(WIRE_FAULTS).map((name) => [name, FORGED])),
  'keeps-late': PAIRED_ROUGH,
  'permits-anew': PAIRED_ROUGH,
  'refunds-anew': PAIRED_ROUGH,
  'believes-payer': PAIRED,
  'never-looks': PAIRED_ROUGH,
  'never-withdraws': PAIRED_ROUGH,
  'keeps-stock': TELEPHONE,
  'links-elsewhere': TELEPHONE,
  'ends-unasked': TELEPHONE_APART,
  'half-replaced': {
    ...BUSY_HOUR,
    disk: { cut: 0.1, full: 0, broken: 0 },
    every: { disk_bad: OFTEN, terminal_upgraded: OFTEN, terminal_killed: OFTEN },
  },
};

/** What each `--plant` plants. */
export const PLANTED: Readonly<Record<string, PlantedFault>> = Object.fromEntries(
  Object.entries({
    ...TERMINAL_FAULTS,
    ...GATEWAY_FAULTS,
    ...CARD_FAULTS,
    ...VOUCHER_FAULTS,
    ...WIRE_FAULTS,
    ...DAY_FAULTS,
    ...TELEPHONE_FAULTS,
    ...PAIRING_FAULTS,
  }).map(([name, fault]) => {
    const wanted = WANTED[name] ?? BUSY_HOUR;
    return [name, { ...fault, planted: { ...fault.planted, wanted } }];
  }),
);
