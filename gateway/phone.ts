/** Telephone numbers as people type them, and as they may be shown. */

/** `+86 138-0000-0001` → `+8613800000001`; without `+` the default calling code is put before it. */
export function readPhone(text: string, callingCode: string): string | null {
  const digits = text.replace(/[\s().-]/g, '');
  const whole = digits.startsWith('+') ? digits : `+${callingCode}${digits.replace(/^0/, '')}`;
  return /^\+[1-9]\d{6,14}$/.test(whole) ? whole : null;
}
