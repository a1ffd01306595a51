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

/** Whether these are the digits shown now or one step ago (time to read and type them). */
export function verifyDigits(
  key: Uint8Array,
  order: string,
  digits: string,
  gatewayMs: number,
): boolean {
  const step = digitsStep(gatewayMs);
  return [step, step - 1, step + 1].some((at) => writeDigits(key, order, at) === digits);
}
