/** Telephone numbers as people type them, and as they may be shown. */
import { typedFigures } from './typed.ts';

/**
 * `+86 138-0000-0001` → `+8613800000001`; `00` is `+` (ITU-T E.123 §2.5); without either the default
 * calling code is put before it.
 */
export function readPhone(text: string, callingCode: string): string | null {
  const digits = typedFigures(text).replace(/[().]/g, '').replace(/^00/, '+');
  const whole = digits.startsWith('+') ? digits : `+${callingCode}${digits.replace(/^0/, '')}`;
  return /^\+[1-9]\d{6,14}$/.test(whole) ? whole : null;
}
