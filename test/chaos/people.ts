/** Vendors who key amounts and customers who pay, whatever happens around them. */
import { digitsStep, writeDigits } from '#device/codecs/digits.ts';
import { writeOffer } from '#device/codecs/offer.ts';
import type { Order } from '#device/messages/order.ts';
import type { Key } from '#device/ports/keypad.ts';
import type { SeededChance } from '#simulators/simulation/chance.ts';
import { type HeldCard, loadCard, payByCard } from './cards.ts';
import { PIN, phoneOf, type Stall, type Street } from './street.ts';

/** What a payer's phone was told, which must be so in the end. */
export interface ToldPayer {
  readonly order: string;
  readonly outcome: string;
}

export interface Doings {
  readonly told: ToldPayer[];
  keyed: number;
  cancelled: number;
  attempts: number;
  /** Cards held to readers. */
  taps: number;
  /** Ids of what was asked to be put on cards. */
  readonly loads: string[];
}

const ANSWER_MS = 3000;
const TRIES = 12;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The newest order that its journal holds, or `null`. */
async function newestOrder(stall: Stall): Promise<Order | null> {
  const made = (await stall.journal()).findLast((entry) => entry.kind === 'order');
  return made?.kind === 'order' ? made.order : null;
}

/** Sells until told to stop. */
export async function tend(
  street: Street,
  stall: Stall,
  cards: readonly HeldCard[],
  chance: SeededChance,
  doings: Doings,
  goesOn: () => boolean,
): Promise<void> {
  while (goesOn()) {
    if (chance.happens(0.1)) {
      await stall.press('cancel');
      await loadCard(street, stall, cards, chance, doings);
    }
    const before = (await newestOrder(stall))?.number;
    await stall.press('cancel');
    // Most are within what a card holds, and what a terminal takes of one without network.
    const amount = chance.between(1, chance.happens(0.7) ? 40 : 999);
    const keys = [...String(amount), 'enter'] as Key[];
    let felt = true;
    for (const key of keys) felt = (await stall.press(key)) && felt;
    await pause(chance.between(30, 200));
    const order = await newestOrder(stall);
    if (!felt || order === null || order.number === before) {
      await pause(100);
      continue;
    }
    doings.keyed += 1;
    const customer = chance.fraction();
    if (customer < 0.1) {
      doings.cancelled += 1;
      await stall.press('cancel');
    } else if (customer < 0.5) await payByCard(stall, order, cards, chance, doings);
    else if (customer < 0.9) await pay(street, stall, order, chance, doings);
    else await pause(chance.between(100, 1500));
  }
}

interface Said {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** `null` where no answer came. */
export async function post(url: string, body: unknown, headers: object): Promise<Said | null> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    return { status: response.status, body: (await response.json()) as Said['body'] };
  } catch {
    return null;
  }
}

/** One customer, one key: an answer that is lost is asked for again. */
async function pay(
  { http }: Street,
  stall: Stall,
  order: Order,
  chance: SeededChance,
  doings: Doings,
): Promise<void> {
  const phone = phoneOf(chance.between(0, 2));
  const key = `key-${order.number}-${chance.next()}`;
  let bearer = '';
  for (let tries = 0; tries < TRIES; tries += 1) {
    const now = Date.now();
    if (bearer === '') {
      const qr = writeOffer(stall.keys.offer, order.number, order.place, now);
      const digits = writeDigits(stall.keys.digits, order.number, digitsStep(now));
      const matched = await post(`${http}/v1/matches`, { qr, digits }, {});
      bearer = matched?.status === 200 ? String(matched.body.bearer) : '';
    } else {
      doings.attempts += 1;
      const headers = { authorization: `Bearer ${bearer}`, 'idempotency-key': key };
      const url = `${http}/v1/orders/${order.number}/payments`;
      const said = await post(url, { phone, pin: PIN }, headers);
      if (said !== null && said.status < 300) {
        doings.told.push({ order: order.number, outcome: String(said.body.outcome) });
        // Told twice, it must be the same.
        if (chance.happens(0.2)) await post(url, { phone, pin: PIN }, headers);
        return;
      }
      if (said?.body.code === 'closed') return;
    }
    await pause(chance.between(50, 400));
  }
}
