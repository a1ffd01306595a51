/**
 * The two digits beside the QR: a time-based code (after RFC 6238) bound to one order, for a payer
 * whose phone can't give its position. One guess in a hundred: whoever checks them counts the tries.
 */
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { uint } from './bytes.ts';
import { orderNumberBytes } from './order-number.ts';
import { labelled } from './place-time.ts';

/** Seconds for which two digits stand. */
export const DIGITS_STEP_S = 30;

export const digitsStep = (gatewayMs: number): number =>
  Math.floor(gatewayMs / 1000 / DIGITS_STEP_S);

/** The digits of one step, such as `07`. */
export function writeDigits(key: Uint8Array, order: string, step: number): string {
  const mac = hmac(sha256, key, labelled('digits', orderNumberBytes(order), uint(step, 6)));
  const value = ((mac[0] ?? 0) << 16) | ((mac[1] ?? 0) << 8) | (mac[2] ?? 0);
  return String(value % 100).padStart(2, '0');
}

/** Time to read two digits and type them. */
const TYPING_MS = 20_000;
/** How far a terminal's idea of the gateway's clock may be ahead. */
const AHEAD_MS = 2_000;

/**
 * Whether these are the digits shown now, or were while they were being typed. Each step that is
 * taken besides makes a guess more likely, so there are as few as a person needs.
 */
export function verifyDigits(
  key: Uint8Array,
  order: string,
  digits: string,
  gatewayMs: number,
): boolean {
  const moments = [gatewayMs, gatewayMs - TYPING_MS, gatewayMs + AHEAD_MS];
  return moments.some((at) => writeDigits(key, order, digitsStep(at)) === digits);
}
