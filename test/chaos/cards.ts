/** Those who pay by card: they tap, pull away, tap again, and have their cards loaded. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { INS } from '#device/codecs/desfire.ts';
import type { Order } from '#device/messages/order.ts';
import { Card } from '#simulators/card/card.ts';
import type { Tear } from '#simulators/card/field.ts';
import type { SeededChance } from '#simulators/simulation/chance.ts';
import { CardOffice } from '#simulators/stall/card-office.ts';
import { type Doings, post } from './people.ts';
import type { Stall, Street } from './street.ts';

export interface HeldCard {
  /** What the house calls it. */
  readonly id: string;
  readonly card: Card;
  /** Somebody holds it to a reader. */
  held: boolean;
}

export const LOADED_MINOR = 50_000;
/** Until a person gives up; where nothing is asked of the card; after the last that was. */
const LONGEST_MS = 3000;
const UNASKED_MS = 900;
const QUIET_MS = 250;
/** As {@link UNASKED_MS}, of those who were told to come and wait. */
const PATIENT_MS = 2500;
const TAPS = 4;
const LOAD_TRIES = 8;
const ISSUE_MS = 20_000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const readToken = (store: string): string =>
  readFileSync(join(store, 'operator.token'), 'utf8').trim();

/** One card for each stall, made and loaded by settlement at the reader of that stall. */
export async function issueCards(street: Street, chance: SeededChance): Promise<HeldCard[]> {
  const { http, store, stalls } = street;
  const made = new Map(
    stalls.map((stall, at) => {
      const own = chance.stream(`card ${stall.name}`);
      const uid = Uint8Array.of(4, ...own.bytes(6));
      const bytes = (count: number): Uint8Array => own.bytes(count);
      return [stall, new Card({ uid, chance: bytes, name: `card ${at + 1}` })] as const;
    }),
  );
  const office = (stall: Stall): CardOffice =>
    new CardOffice({
      ...{ directory: store, gateway: () => http },
      ...{ terminal: stall.identity.terminal, currency: 'CNY' },
    });
  return Promise.all(
    [...made].map(async ([stall, card]): Promise<HeldCard> => {
      const hold = async (): Promise<void> => {
        await stall.reader.remove();
        await stall.reader.present(card);
      };
      const id = await insist(() => office(stall).issue(hold));
      await insist(() => office(stall).load(id, LOADED_MINOR, hold));
      await stall.reader.remove();
      return { id, card, held: false };
    }),
  );
}

/** A terminal that has just started may not be heard of yet. */
async function insist<T>(act: () => Promise<T>): Promise<T> {
  const ends = performance.now() + ISSUE_MS;
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (performance.now() > ends) throw error;
      await pause(200);
    }
  }
}

/** One customer at an order: taps, perhaps too short, and again, perhaps with another card. */
export async function payByCard(
  stall: Stall,
  order: Order,
  cards: readonly HeldCard[],
  chance: SeededChance,
  doings: Doings,
): Promise<void> {
  let card = chance.pick(cards);
  for (let taps = 0; taps < TAPS; taps += 1) {
    doings.taps += 1;
    await tap(stall, card, chance.happens(0.4) ? drawTear(chance) : null);
    if (await isOver(stall, order)) return;
    if (chance.happens(0.2)) return;
    if (chance.happens(0.25)) card = chance.pick(cards);
    await pause(chance.between(50, 600));
  }
}

/** Somebody has money put on a card, and comes to a stall to have it. */
export async function loadCard(
  { http, store }: Street,
  stall: Stall,
  cards: readonly HeldCard[],
  chance: SeededChance,
  doings: Doings,
): Promise<void> {
  const card = chance.pick(cards);
  const amount_minor = chance.between(100, 5000);
  const key = `load-${chance.next()}`;
  const url = `${http}/v1/settlement/cards/${card.id}/loads`;
  for (let tries = 0; tries < LOAD_TRIES; tries += 1) {
    const headers = { authorization: `Bearer ${readToken(store)}`, 'idempotency-key': key };
    const said = await post(url, { amount_minor }, headers);
    if (said !== null && said.status < 300) {
      doings.loads.push(String(said.body.id));
      break;
    }
    await pause(chance.between(50, 400));
  }
  doings.taps += 1;
  await tap(stall, card, chance.happens(0.4) ? drawTear(chance) : null);
}

/** Each card to each reader in turn, for what is still in doubt or due to it. */
export async function tapAll(street: Street, cards: readonly HeldCard[]): Promise<void> {
  const { stalls } = street;
  for (let turn = 0; turn < stalls.length; turn += 1) {
    await Promise.all(
      stalls.map((stall, at) => {
        const card = cards[(at + turn) % cards.length];
        return card === undefined ? undefined : tap(stall, card, null, PATIENT_MS);
      }),
    );
  }
}

/** What settlement says of all cards, or `null` where it does not answer. */
export async function reconcile({ http, store }: Street): Promise<{ clean: boolean } | null> {
  try {
    const headers = { authorization: `Bearer ${readToken(store)}` };
    const signal = AbortSignal.timeout(LONGEST_MS);
    const answer = await fetch(`${http}/v1/settlement/reconciliation`, { headers, signal });
    return answer.ok ? ((await answer.json()) as { clean: boolean }) : null;
  } catch {
    return null;
  }
}

/** Holds a card to a reader until it is done with; nobody is told where the reader is not there. */
async function tap(
  { reader }: Stall,
  held: HeldCard,
  tear: Tear | null,
  unaskedMs = UNASKED_MS,
): Promise<void> {
  if (held.held || reader.field.cards.length > 0) return;
  held.held = true;
  try {
    await reader.present(held.card);
    const { field } = reader;
    if (tear !== null) field.tear(tear);
    const ends = performance.now() + LONGEST_MS;
    let [commands, quietAt] = [0, performance.now() + unaskedMs];
    while (performance.now() < Math.min(ends, quietAt) && field.cards.length > 0) {
      await pause(20);
      if (field.commands === commands) continue;
      [commands, quietAt] = [field.commands, performance.now() + QUIET_MS];
    }
  } catch {
    // The daemon was killed just now: the card lies on something that has no power.
  } finally {
    await reader.remove();
    held.held = false;
  }
}

function drawTear(chance: SeededChance): Tear {
  const when = chance.pick(['before', 'after', 'bytes'] as const);
  const how = when === 'bytes' ? { bytes: chance.between(0, 700) } : when;
  return chance.happens(0.5)
    ? { apdu: chance.between(1, 12), when: how }
    : { ins: chance.pick([INS.debit, INS.credit, INS.commitTransaction]), when: how };
}

/** Whether the terminal has said so: then nobody taps for it again. */
async function isOver(stall: Stall, { number }: Order): Promise<boolean> {
  return (await stall.journal()).some(
    (entry) =>
      (entry.kind === 'result' && entry.result.order === number) ||
      (entry.kind === 'card_done' && entry.payment.order === number),
  );
}
