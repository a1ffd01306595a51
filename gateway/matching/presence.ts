/** Proof that a phone is where the QR is: its position, or the two digits shown beside it just now. */
import { verifyDigits } from '#device/codecs/digits.ts';
import { distanceMetres } from '#device/codecs/place-time.ts';
import type { Place } from '#device/messages/order.ts';
import { addEvent } from '../orders/orders.ts';
import type { OrderRow, Tables } from '../store/tables.ts';
import type { Transaction } from '../store/writer.ts';
import type { Refusal } from './refusal.ts';

export interface Position {
  /** WGS 84 degrees. */
  readonly latitude: number;
  readonly longitude: number;
  /** Radius in metres within which the phone believes itself to be. */
  readonly accuracy_m: number;
}

export interface Presence {
  readonly position?: Position | undefined;
  readonly digits?: string | undefined;
}

/** A vague phone is given this much at most: "somewhere in this city" proves nothing. */
const ACCURACY_CAP_M = 50;
/** Wrong digits for one order, from all phones together: a guess is right once in 33. */
const TRIES_OF_ORDER = 3;
/** Wrong digits from one address in {@link CLIENT_WINDOW_MS}; many phones may share an address. */
const TRIES_OF_CLIENT = 20;
const CLIENT_WINDOW_MS = 15 * 60_000;

/** `null` where the position proves presence, else why not. */
export function provePosition(
  tables: Pick<Tables, 'orders'>,
  row: OrderRow,
  place: Place,
  position: Position | undefined,
): Refusal | null {
  if (tables.orders.triesOfOrder(row.number) >= TRIES_OF_ORDER) return { code: 'too_many_tries' };
  if (position === undefined) return { code: 'presence_missing' };
  const distance_m = Math.round(distanceMetres(place, position));
  const allowed_m = Math.round(place.radius_m + Math.min(position.accuracy_m, ACCURACY_CAP_M));
  return distance_m <= allowed_m ? null : { code: 'elsewhere', distance_m, allowed_m };
}

/** `null` where the digits are right, else why not; counts in the transaction that compares. */
export function tryDigits(
  tx: Transaction,
  key: Uint8Array,
  order: string,
  digits: string,
  client: string,
  now: number,
): Refusal | null {
  const used = tx.orders.triesOfOrder(order);
  if (used >= TRIES_OF_ORDER) return { code: 'too_many_tries' };
  if (tx.orders.triesOfClient(client, now - CLIENT_WINDOW_MS) >= TRIES_OF_CLIENT) {
    return { code: 'slow_down' };
  }
  if (verifyDigits(key, order, digits, now)) return null;
  tx.orders.addTry(order, client, now);
  addEvent(tx, order, 'wrong_digits', now, { tries: used + 1 });
  const left = TRIES_OF_ORDER - used - 1;
  return left === 0 ? { code: 'too_many_tries' } : { code: 'wrong_digits', tries_left: left };
}
