/** Those who stand around a stall: vendors who key, payers who scan and pay or walk away. */
import type { Key } from '#device/ports/keypad.ts';
import type { Core } from '#gateway/core.ts';
import { readBearer } from '#gateway/matching/bearer.ts';
import type { Paid } from '#gateway/orders/payment-answers.ts';
import type { SeededChance } from '#simulators/simulation/chance.ts';
import type { VirtualTime } from '#simulators/simulation/time.ts';
import type { Weather } from '#simulators/simulation/weather.ts';
import type { Auditor } from './auditor.ts';
import type { GatewayMachine } from './gateway-machine.ts';
import type { Hours } from './plan.ts';
import { orderOn, type TerminalMachine } from './terminal-machine.ts';
import type { Trace } from './trace.ts';

export interface Street {
  readonly time: VirtualTime;
  readonly chance: SeededChance;
  readonly trace: Trace;
  readonly auditor: Auditor;
  readonly centre: GatewayMachine;
  /** Of phones. */
  readonly weather: Weather;
  readonly saleEveryMs: number;
  readonly hours: Hours | null;
  /** New sales are keyed and new payers come until it heals. */
  isOpen(): boolean;
}

export interface Payer {
  readonly phone: string;
  readonly pin: string;
}

const wait = ({ time }: Pick<Street, 'time'>, ms: number): Promise<void> =>
  new Promise((resolve) => time.after(ms, resolve));

// ── Vendors ─────────────────────────────────────────────────────────────────────────────────────

/** Keys sales until the street closes; now and then changes its mind. */
export async function keepStall(street: Street, stall: TerminalMachine): Promise<void> {
  const { trace } = street;
  const chance = street.chance.stream(`vendor ${stall.id}`);
  for (;;) {
    await wait(street, chance.waitMs(street.saleEveryMs));
    if (!street.isOpen()) return;
    if (!isSelling(street)) await closeStall(street, stall, chance);
    if (!stall.isReady || !street.isOpen()) continue;
    if (chance.happens(CLOSES_DAY)) await closeDay(street, stall);
    const amount = amountOf(chance);
    trace.say('vendor', `${stall.id} keys ${amount}`);
    await press(street, stall, [...(amount.split('') as Key[]), 'enter']);
    if (!chance.happens(0.25)) continue;
    await wait(street, chance.between(100, 40_000));
    trace.say('vendor', `${stall.id} cancels`);
    await press(street, stall, chance.pick([['cancel'], ['cancel', 'cancel'], ['5', 'cancel']]));
    if (!chance.happens(0.5)) continue;
    const again = amountOf(chance);
    trace.say('vendor', `${stall.id} keys ${again} instead`);
    await press(street, stall, [...(again.split('') as Key[]), 'enter']);
  }
}

/** Now and then in the middle of selling, too. */
const CLOSES_DAY = 0.04;
const DAY_MS = 24 * 3_600_000;

const sinceOpening = ({ time }: Street, { fromMs }: Hours): number =>
  (time.now + DAY_MS - fromMs) % DAY_MS;

const isSelling = (street: Street): boolean =>
  street.hours === null || sinceOpening(street, street.hours) < street.hours.lastsMs;

/** As the vendor has it: `+`, 6, Enter, and Enter again. */
export async function closeDay(street: Street, stall: TerminalMachine): Promise<void> {
  street.trace.say('vendor', `${stall.id} closes the day`);
  await press(street, stall, ['cancel', 'cancel', '+', '6', 'enter', 'enter']);
  // Where nothing was to be closed, the menu is still there.
  await press(street, stall, ['cancel', 'cancel']);
}

/** The day is closed, or forgotten; the terminal is left on, or unplugged until tomorrow. */
async function closeStall(
  street: Street,
  stall: TerminalMachine,
  chance: SeededChance,
): Promise<void> {
  if (stall.isReady && chance.happens(0.7)) await closeDay(street, stall);
  await wait(street, chance.between(1000, 600_000));
  if (chance.happens(0.4) && street.isOpen()) stall.unplug();
  if (street.hours === null) return;
  await wait(street, DAY_MS - sinceOpening(street, street.hours));
  stall.plug();
}

const amountOf = (chance: SeededChance): string =>
  (chance.happens(0.02) ? chance.between(1, 9_999_999) / 100 : chance.between(1, 5000) / 100)
    .toFixed(2)
    .replace(/^0\./, '.')
    .replace(/^\./, '0.');

/** One key after the other, as fingers do. */
export async function press(
  street: Street,
  stall: TerminalMachine,
  keys: readonly Key[],
): Promise<void> {
  for (const key of keys) {
    stall.key(key);
    await wait(street, 90);
  }
}

// ── Payers ──────────────────────────────────────────────────────────────────────────────────────

export type Reached<T> = { readonly said: T } | 'no answer';

const PATIENCE_MS = 15_000;

/** One call of a phone; the answer may be lost though the gateway did what was asked. */
export const reach = <T>(
  street: Street,
  call: (core: Core) => Promise<T>,
  centre = street.centre,
): Promise<Reached<T>> => reachAt(centre, street, call);

/** The same of whoever asks `machine`. */
export function reachAt<T>(
  machine: GatewayMachine,
  { time, weather }: Pick<Street, 'time' | 'weather'>,
  call: (core: Core) => Promise<T>,
): Promise<Reached<T>> {
  return new Promise((resolve) => {
    time.after(PATIENCE_MS, () => resolve('no answer'));
    weather.carry(() => {
      const { life } = machine;
      if (life === null) return;
      call(life.core).then(
        (said) => {
          if (life.isOn()) weather.carry(() => resolve({ said }));
        },
        () => {
          if (life.isOn()) weather.carry(() => resolve('no answer'));
        },
      );
    });
  });
}

/** Whoever stands at a stall as an order is offered: nobody, one, or two at once. */
export function comeToPay(street: Street, stall: TerminalMachine, order: string): void {
  const chance = street.chance.stream(`payers of ${order}`);
  const count = chance.pick([0, 0, 1, 1, 1, 1, 1, 2, 2, 3]);
  for (let at = 0; at < count; at += 1) {
    const payer = chance.pick(PAYERS);
    void payAt(street, stall, order, payer, chance.stream(String(at)));
  }
}

async function payAt(
  street: Street,
  stall: TerminalMachine,
  order: string,
  payer: Payer,
  chance: SeededChance,
): Promise<void> {
  const { trace, centre } = street;
  await wait(street, chance.waitMs(8000));
  const bearer = await scan(street, stall, order, chance);
  if (bearer === null) return;
  if (chance.happens(0.1)) return;
  await wait(street, chance.waitMs(6000));
  let key = `${payer.phone} ${order} ${chance.next()}`;
  const wrongFirst = chance.happens(0.15);
  for (let tries = 0; tries < 6; tries += 1) {
    const pin = wrongFirst && tries === 0 ? '000000' : payer.pin;
    trace.say(payer.phone, `pays ${order}${pin === payer.pin ? '' : ' with a wrong PIN'}`);
    const instruction = { order, key, phone: payer.phone, pin };
    const reached = await reach(street, async (core) => {
      const read = readBearer(core.keys, bearer, centre.clock.now());
      if (!read.ok || read.claims.order !== order || read.claims.scope !== 'pay') return null;
      return core.payments.pay(instruction);
    });
    if (reached === 'no answer') {
      trace.say(payer.phone, `has no answer for ${order}`);
      if (chance.happens(0.3)) return;
      // Impatient, or reloads the page.
      if (chance.happens(0.25)) key = `${payer.phone} ${order} ${chance.next()}`;
    } else if (reached.said === null || hear(street, payer, order, reached.said)) return;
    else if (!reached.said.ok && reached.said.code === 'idempotency_key_reused') return;
    else if (reached.said.ok) key = `${payer.phone} ${order} ${chance.next()}`;
    await wait(street, chance.waitMs(6000));
  }
}

/** Whether that was the end of it. */
function hear({ trace, auditor }: Street, { phone }: Payer, order: string, paid: Paid): boolean {
  const says = paid.ok ? paid.answer.kind : paid.code;
  trace.say(phone, `hears ${says} for ${order}`);
  if (!paid.ok) return false;
  if (paid.answer.kind === 'paid') auditor.orders.told(phone, order, paid.answer.payment);
  return paid.answer.kind !== 'not_admitted' && paid.answer.kind !== 'not_made';
}

/** What a phone may pay an order with; `null` where it does not come to that. */
export async function scan(
  street: Street,
  stall: TerminalMachine,
  order: string,
  chance: SeededChance,
): Promise<string | null> {
  for (let tries = 0; tries < 4; tries += 1) {
    const { screen } = stall;
    if (screen?.qr === undefined || orderOn(screen) !== order) return null;
    const { qr, digits } = screen;
    const near = { latitude: 31.23, longitude: 121.47, accuracy_m: chance.between(3, 30) };
    const presence = chance.happens(0.5) ? { position: near } : { digits };
    const reached = await reach(street, (core) => core.matching.matchQr(qr, presence, 'street'));
    if (reached !== 'no answer') {
      if (reached.said.ok) return reached.said.bearer;
      street.trace.say('phone', `is refused ${order}: ${reached.said.refusal.code}`);
      if (reached.said.refusal.code === 'closed') return null;
    }
    await wait(street, chance.waitMs(4000));
  }
  return null;
}

export const PAYERS: readonly Payer[] = [
  ...Array.from({ length: 6 }, (_, at) => ({ phone: `+861380000000${at}`, pin: `24681${at}` })),
  { phone: '+8613800000008', pin: '808080' },
  { phone: '+8613800000009', pin: '909090' },
];
/** The last two: one is blocked, one has next to nothing. */
export const BLOCKED = '+8613800000008';
export const POOR = '+8613800000009';
