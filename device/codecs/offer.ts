/**
 * What a QR carries: the order number, the time it was drawn, and a MAC over both and the place.
 * 20 bytes are 27 characters of base64url, so that the URL stays a small symbol.
 *
 * The MAC binds the place without carrying it: the gateway computes it with the place of the order,
 * so a symbol moved to another stall's order, or kept for later, no longer fits.
 */
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import type { Place } from '../messages/order.ts';
import { base64url, concat, fromBase64url, readUint, sameBytes, uint } from './bytes.ts';
import { ORDER_NUMBER_BYTES, orderNumberBytes, writeOrderNumber } from './order-number.ts';
import { labelled, placeBytes, widenStep } from './place-time.ts';

/** Seconds of one time step: a QR is drawn anew for each. */
export const OFFER_STEP_S = 10;
/** How long after its step a QR is taken: time to aim a camera, not to carry a photograph away. */
export const OFFER_VALID_S = 60;
/** How far a terminal's idea of the gateway's clock may be ahead. */
const AHEAD_S = 20;
const MAC_BYTES = 8;

type Spot = Pick<Place, 'latitude' | 'longitude'>;

export const offerStep = (gatewayMs: number): number => Math.floor(gatewayMs / 1000 / OFFER_STEP_S);

function offerMac(key: Uint8Array, number: Uint8Array, step: number, place: Spot): Uint8Array {
  const signed = labelled('offer', number, uint(step, 6), placeBytes(place));
  return hmac(sha256, key, signed).subarray(0, MAC_BYTES);
}

/** Makes the token for an order at a place, at a moment of the gateway's clock. */
export function writeOffer(key: Uint8Array, order: string, place: Spot, gatewayMs: number): string {
  const number = orderNumberBytes(order);
  const step = offerStep(gatewayMs);
  return base64url(concat(number, uint(step % 65536, 2), offerMac(key, number, step, place)));
}

/** The order number a token names, unverified, or `null` where it is no token. */
export function offerOrder(token: string): string | null {
  const bytes = fromBase64url(token);
  if (bytes === null || bytes.length !== ORDER_NUMBER_BYTES + 2 + MAC_BYTES) return null;
  return writeOrderNumber(bytes.subarray(0, ORDER_NUMBER_BYTES));
}

export type OfferVerdict = 'good' | 'malformed' | 'forged' | 'too_old' | 'too_early';

/** Verifies a token against the key of the order's terminal, the order's place and the clock. */
export function verifyOffer(
  key: Uint8Array,
  token: string,
  place: Spot,
  gatewayMs: number,
): OfferVerdict {
  const bytes = fromBase64url(token);
  if (bytes === null || bytes.length !== ORDER_NUMBER_BYTES + 2 + MAC_BYTES) return 'malformed';
  const number = bytes.subarray(0, ORDER_NUMBER_BYTES);
  const low = readUint(bytes.subarray(ORDER_NUMBER_BYTES, ORDER_NUMBER_BYTES + 2));
  const step = widenStep(low, offerStep(gatewayMs));
  if (step < 0) return 'forged';
  const mac = bytes.subarray(ORDER_NUMBER_BYTES + 2);
  if (!sameBytes(mac, offerMac(key, number, step, place))) return 'forged';
  const age_s = gatewayMs / 1000 - step * OFFER_STEP_S;
  if (age_s < -AHEAD_S) return 'too_early';
  return age_s > OFFER_VALID_S + OFFER_STEP_S ? 'too_old' : 'good';
}
