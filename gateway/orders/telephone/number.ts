/**
 * Numbers of telephone orders: nine random digits and a check digit (ISO/IEC 7812-1, annex B), which
 * can be said, keyed and heard wrong without becoming another order.
 */
import { z } from 'zod';
import type { Chance } from '../../clock.ts';

const DIGITS = 9;

export const telephoneNumberSchema = z
  .string()
  .regex(/^\d{10}$/, 'must be ten digits')
  .refine(isTelephoneNumber, 'its last digit does not fit: one of the digits is wrong');

export function mintTelephoneNumber(chance: Chance): string {
  let text = '';
  while (text.length < DIGITS) {
    // 250 and above would make the low digits likelier.
    for (const byte of chance.bytes(DIGITS)) if (byte < 250) text += String(byte % 10);
  }
  const digits = text.slice(0, DIGITS);
  return digits + checkDigit(digits);
}

export function isTelephoneNumber(text: string): boolean {
  return /^\d{10}$/.test(text) && checkDigit(text.slice(0, DIGITS)) === text[DIGITS];
}

function checkDigit(digits: string): string {
  let sum = 0;
  for (let at = 0; at < digits.length; at += 1) {
    const digit = Number(digits[digits.length - 1 - at]);
    const doubled = at % 2 === 0 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return String((10 - (sum % 10)) % 10);
}
