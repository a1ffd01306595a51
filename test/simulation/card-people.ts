/** Those who have cards: they tap, pull away, tap again or take another card, and have them loaded. */
import { hex } from '#device/codecs/bytes.ts';
import { mintOrderNumber } from '#device/codecs/order-number.ts';
import { openingOf } from '#device/codecs/purse-talks.ts';
import type { RelayedCard } from '#gateway/relay/relayed-card.ts';
import type { AskJob } from '#gateway/settlement/gate.ts';
import { Card } from '#simulators/card/card.ts';
import type { Tear } from '#simulators/card/field.ts';
import { REAL_TIMING } from '#simulators/card/work.ts';
import type { SeededChance } from '#simulators/simulation/chance.ts';
import { type Purse, readPurse } from './card-reader.ts';
import type { GatewayMachine } from './gateway-machine.ts';
import { insist } from './merchants.ts';
import type { Street } from './people.ts';
import { orderOn, type TerminalMachine } from './terminal-machine.ts';

export interface Wallet {
  readonly purses: readonly Purse[];
  readonly settlement: GatewayMachine;
  readonly terminals: readonly TerminalMachine[];
  /** Share of orders that somebody with a card comes to. */
  readonly share: number;
}

const wait = ({ time }: Pick<Street, 'time'>, ms: number): Promise<void> =>
  new Promise((resolve) => time.after(ms, resolve));

/** Makes a card at settlement's own reader, and loads it. */
export async function makePurse(
  settlement: GatewayMachine,
  chance: SeededChance,
  loadMinor: number,
): Promise<Purse> {
  const desk = settlement.life?.core.settlement;
  const writer = settlement.life?.core.writer;
  if (desk === null || desk === undefined || writer === undefined) throw new Error('no settlement');
  const { id } = await desk.add({ currency: 'CNY', most_minor: 1_000_000 }, (_tx, row) => row);
  const uid = Uint8Array.of(4, ...chance.bytes(6));
  const card = new Card({ uid, chance: (count) => chance.bytes(count), timing: null });
  const here = (purpose: RelayedCard['purpose']): RelayedCard => ({
    ...{ relay: id, terminal: 'desk', uid, purpose },
    transport: async (apdus) => ({ answers: apdus.map((apdu) => card.process(apdu).bytes) }),
  });
  await desk.serve(here('personalise'));
  if (loadMinor > 0) {
    const job = mintOrderNumber(settlement.clock.now(), chance.bytes(4));
    const ask: AskJob = { kind: 'load', id: job, card: id, amount_minor: loadMinor };
    await writer.run((tx) => desk.gate().ask.ask(tx, ask));
    card.powerDown();
    await desk.serve(here('load'));
  }
  card.powerDown();
  card.timing = REAL_TIMING;
  const seen = readPurse(card);
  if (seen === null || seen.balanceMinor !== loadMinor) throw new Error(`${hex(uid)} was not made`);
  return { id, card, counter: seen.counter, balanceMinor: seen.balanceMinor, held: false };
}

/** Whether somebody with a card comes to this order; then until it is paid or they give up. */
export async function comeWithCard(
  street: Street,
  wallet: Wallet,
  stall: TerminalMachine,
  order: string,
): Promise<void> {
  const chance = street.chance.stream(`cards for ${order}`);
  if (!chance.happens(wallet.share)) return;
  await wait(street, chance.waitMs(7000));
  let purse = chance.pick(wallet.purses);
  for (let tries = 0; tries < 4; tries += 1) {
    if (stall.screen === null || orderOn(stall.screen) !== order) {
      // Whoever sees "tap the same card again" does, now and then also where another order stands.
      if (tries === 0 || chance.happens(0.6)) return;
    }
    await tap(street, stall, purse, chance, tearBy(chance, 0.4));
    if (chance.happens(0.2)) return;
    if (chance.happens(0.3)) purse = chance.pick(wallet.purses);
    await wait(street, chance.waitMs(2500));
  }
}

function tearBy(chance: SeededChance, share: number): Tear | null {
  if (!chance.happens(share)) return null;
  const when = chance.pick(['before', 'after', 'bytes'] as const);
  const apdu = chance.between(1, 12);
  return { apdu, when: when === 'bytes' ? { bytes: chance.between(0, 700) } : when };
}

/** Holds a card to a stall's reader for a while. */
async function tap(
  street: Street,
  stall: TerminalMachine,
  purse: Purse,
  chance: SeededChance,
  tear: Tear | null,
  longMs = chance.pick([400, 1500, 4000]),
): Promise<void> {
  if (purse.held || !stall.reader.isFree) return;
  street.trace.say(`card ${purse.id.slice(-4)}`, `is held to ${stall.id}`);
  stall.reader.put(purse, tear);
  await wait(street, chance.between(longMs / 2, longMs));
  if (purse.held) stall.reader.lift();
}

/** Has cards loaded, blocked and found again, and looks at what is on them. */
export async function keepCards(street: Street, wallet: Wallet): Promise<void> {
  const chance = street.chance.stream('card holders');
  for (;;) {
    await wait(street, chance.waitMs(street.saleEveryMs * 4));
    if (!street.isOpen()) return;
    const purse = chance.pick(wallet.purses);
    const stall = chance.pick(wallet.terminals);
    const dice = chance.fraction();
    if (dice < 0.15) void loseFor(street, wallet, purse, chance);
    else {
      if (dice < 0.7) await load(street, wallet, purse, chance);
      void tapOn(street, stall, purse, chance, dice > 0.4);
    }
  }
}

/** A few taps at a stall, as somebody does who wants to see a balance or a load arrive. */
async function tapOn(
  street: Street,
  stall: TerminalMachine,
  purse: Purse,
  chance: SeededChance,
  invited: boolean,
): Promise<void> {
  if (invited) {
    const core = street.centre.life?.core;
    const drives = core?.gates?.settlement ?? core?.settlement?.gate();
    core?.relay.invite({
      work: async (card) => drives?.serve(card) ?? { said: 'failed' },
      ...{ terminal: stall.id, purpose: 'load', currency: 'CNY', lifetimeMs: 30_000 },
      ...{ opening: openingOf('load'), over: () => undefined },
    });
  }
  for (let tries = 0; tries < 3 && street.isOpen(); tries += 1) {
    await wait(street, chance.waitMs(4000));
    await tap(street, stall, purse, chance, tearBy(chance, 0.4), 6000);
  }
}

async function load(
  street: Street,
  { settlement }: Wallet,
  purse: Purse,
  chance: SeededChance,
): Promise<void> {
  const id = mintOrderNumber(settlement.clock.now(), chance.bytes(4));
  const amount_minor = chance.between(100, 20_000);
  street.trace.say('operator', `pays ${amount_minor} in for card ${purse.id.slice(-4)} as ${id}`);
  const ask: AskJob = { kind: 'load', id, card: purse.id, amount_minor };
  await insist(street, settlement, chance, (core) => askHere(core, ask));
}

const askHere = (core: NonNullable<GatewayMachine['life']>['core'], ask: AskJob) =>
  core.writer.run((tx) => {
    const gate = core.settlement?.gate();
    if (gate === undefined) throw new Error('no settlement');
    return gate.ask.ask(tx, ask);
  });

/** Gives an order back to the card that paid it, now and then. */
export async function giveBackToCard(street: Street, wallet: Wallet, order: string): Promise<void> {
  const chance = street.chance.stream(`card refund of ${order}`);
  if (!chance.happens(0.15)) return;
  await wait(street, chance.waitMs(60_000));
  const id = mintOrderNumber(wallet.settlement.clock.now(), chance.bytes(4));
  street.trace.say('operator', `gives ${order} back to its card as ${id}`);
  const ask: AskJob = { kind: 'refund', id, order };
  const { said } = await insist(street, wallet.settlement, chance, (core) => askHere(core, ask));
  street.trace.say('operator', `${order}: ${said}`);
}

async function loseFor(
  street: Street,
  { settlement }: Wallet,
  purse: Purse,
  chance: SeededChance,
): Promise<void> {
  street.trace.say('operator', `blocks card ${purse.id.slice(-4)}`);
  const change = (blocks: boolean) =>
    insist(street, settlement, chance, async ({ settlement: desk }) => {
      if (desk === null) throw new Error('no settlement');
      const done = await (blocks ? desk.block(purse.id, 'lost') : desk.unblock(purse.id));
      return { said: done.ok ? 'changed' : done.code };
    });
  await change(true);
  // Once all has healed nobody waits: a block that came late is not in the way of what is due.
  if (street.isOpen()) await wait(street, chance.waitMs(street.saleEveryMs * 3));
  await change(false);
  street.trace.say('operator', `card ${purse.id.slice(-4)} is found`);
}

/** Something waits for this card, or only it can tell what became of it. */
export function isWanted({ settlement }: Wallet, { id }: Purse): boolean {
  const { settlement: table } = settlement.tables;
  return (
    table.card(id)?.state !== 'active' ||
    table.jobsOf(id, ['asked', 'sent', 'unknown']).length > 0 ||
    table.openUnknowns(id).length > 0
  );
}

/** The same in words. */
export function whyWanted({ settlement }: Wallet, { id, counter }: Purse): string {
  const { settlement: table } = settlement.tables;
  const jobs = table.jobsOf(id, ['asked', 'sent', 'unknown']);
  const last = table.lastTransaction(id)?.counter ?? 0;
  const open = jobs.map((job) => `${job.kind} ${job.id} ${job.state} at ${job.counter_before}`);
  const unknown = table.openUnknowns(id).map((row) => `unknown ${row.order_number}`);
  return [...open, ...unknown, `it did ${counter}, known is ${last}`].join(', ');
}

/** After all has healed: whoever has a card that is wanted holds it to each reader in turn. */
export async function settleCards(
  street: Street,
  wallet: Wallet,
  wanted: (purse: Purse) => boolean,
): Promise<void> {
  const chance = street.chance.stream('cards at the end');
  for (const { id } of wallet.purses) {
    await insist(street, wallet.settlement, chance, async ({ settlement: desk }) => {
      const done = await desk?.unblock(id);
      return { said: done?.ok === true ? 'changed' : 'pending' };
    });
  }
  for (let round = 0; round < 40; round += 1) {
    for (const purse of wallet.purses) {
      if (!wanted(purse)) continue;
      for (const stall of wallet.terminals) await tap(street, stall, purse, chance, null, 12_000);
    }
    await wait(street, 20_000);
  }
}
