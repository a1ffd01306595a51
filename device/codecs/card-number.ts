/** Whether figures are the number of a payment card (ISO/IEC 7812-1): such numbers are never kept. */

/** The check digit of ISO/IEC 7812-1, annex B. */
export function luhn(digits: string): boolean {
  let sum = 0;
  for (let at = 0; at < digits.length; at += 1) {
    const digit = Number(digits[digits.length - 1 - at]);
    const doubled = at % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** What networks issue in begins with 2 to 6; UnionPay and RuPay also with 81 and 82. */
const isIssuerRange = (digits: string): boolean =>
  /^[2-6]/.test(digits) || (/^8[12]/.test(digits) && digits.length >= 16);

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/** A resident identity number (GB 11643: region, birthday, check digit) may pass Luhn by chance. */
function isResidentIdentity(digits: string): boolean {
  if (!/^[1-68]\d{5}(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d{4}$/.test(digits))
    return false;
  const sum = WEIGHTS.reduce((total, weight, at) => total + weight * Number(digits[at]), 0);
  return '10X98765432'[sum % 11] === digits[17];
}

/** 13 to 19 figures and nothing else. */
export const isCardNumber = (digits: string): boolean =>
  /^\d{13,19}$/.test(digits) &&
  isIssuerRange(digits) &&
  luhn(digits) &&
  !isResidentIdentity(digits);

/** Whether somewhere among figures that came one after another there is a card number. */
export function holdsCardNumber(figures: string): boolean {
  for (let from = 0; from + 13 <= figures.length; from += 1) {
    for (let length = 13; length <= 19 && from + length <= figures.length; length += 1) {
      if (isCardNumber(figures.slice(from, from + length))) return true;
    }
  }
  return false;
}
