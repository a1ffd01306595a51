/**
 * Finds card data in what was sent, so that it can be refused before anything of it is decoded, kept
 * or logged: numbers of payment cards (ISO/IEC 7812-1), expiry dates and verification codes.
 */
import { isCardNumber } from '#device/codecs/card-number.ts';

/** Field names, without case and separators, that nobody here has any use for. */
const FIELDS =
  /^(card)?(cvv2?|cvc2?|cvn2?|csc|securitycode|verification(code|value)|exp(iry|iration)?(date|month|year|mm|yy)?|pan|card(no|num|number)|track[12](data)?)$/;
/** Between groups of digits people write spaces, hyphens, dots and the like, some of them twice. */
const GAP = /[ ._/\u2010-\u2015-]{1,3}/;
const GAPS = new RegExp(`(${GAP.source})`);
/** Groups of digits that are not part of a longer word. */
const RUN = new RegExp(String.raw`(?<![\w+.%-])\d+(?:${GAP.source}\d+)*(?!\w)`, 'g');
/** No phone number has more than 15 figures (E.164 §6.2.1). */
const NO_PHONE = /\+(\d{16,19})(?!\w)/g;
const CODE =
  /\b(?:cvv2?|cvc2?|csc|security code)\b\W{0,3}\d{3,4}\b|(?:安全码|验证码)\W{0,3}\d{3}(?!\d)/i;
const EXPIRY =
  /(?:\bexp(?:iry|ires|iration)?(?: date)?|\bvalid (?:thru|until)|有效期至?)\W{0,3}(?:0?[1-9]|1[0-2]) ?[/-] ?(?:20)?\d\d(?![\d/-])/i;
const DEEPEST = 32;

/** Where card data is, as a path such as `lines[0].name`, or `null`. Never the data itself. */
export function findCardData(value: unknown, path = '', depth = 0): string | null {
  if (depth > DEEPEST) return null;
  switch (typeof value) {
    case 'string':
      return holdsCard(value) ? path : null;
    case 'number':
      return Number.isInteger(value) && !isMoment(value) && holdsCard(String(value)) ? path : null;
    case 'object':
      return value === null ? null : findInFields(value, path, depth);
    default:
      return null;
  }
}

function findInFields(value: object, path: string, depth: number): string | null {
  for (const [name, each] of Object.entries(value)) {
    const step = Array.isArray(value) ? `${path}[${name}]` : path === '' ? name : `${path}.${name}`;
    // A name may itself be a number that somebody put there.
    if (holdsCard(name)) return path;
    if (!Array.isArray(value) && each !== null && FIELDS.test(plain(name))) return step;
    const found = findCardData(each, step, depth + 1);
    if (found !== null) return found;
  }
  return null;
}

const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

/** Whether a text holds a card number, or a verification code or expiry date that is called so. */
export function holdsCard(text: string): boolean {
  const plain = westernDigits(text);
  if (CODE.test(plain) || EXPIRY.test(plain)) return true;
  for (const [, digits = ''] of plain.matchAll(NO_PHONE)) if (isCardNumber(digits)) return true;
  for (const [run] of plain.matchAll(RUN)) {
    // Groups and, between them, gaps.
    const parts = run.split(GAPS);
    for (let at = 0; at < parts.length; at += 2) if (beginsCard(parts, at)) return true;
  }
  return false;
}

/** Digits of any script as 0 to 9, and every kind of space as one. */
const westernDigits = (text: string): string =>
  /^[\x20-\x7e]*$/.test(text)
    ? text
    : text
        .normalize('NFKC')
        .replaceAll(/\s/g, ' ')
        .replaceAll(/(?![0-9])\p{Nd}/gu, (digit) => String(figureOf(digit)));

/** Each script has its ten digits one after another, so the zero is where the run of them begins. */
function figureOf(digit: string): number {
  let zero = digit.codePointAt(0) ?? 0;
  const at = zero;
  while (at - zero < 9 && /\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return at - zero;
}

/**
 * Whether some of the groups from `at` on are a card number; what follows it may be its expiry. Who
 * writes one keeps to one kind of gap: `31.23012 121.46351` are two numbers.
 */
function beginsCard(parts: readonly string[], at: number): boolean {
  let digits = '';
  for (let next = at; next < parts.length; next += 2) {
    if (next > at && parts[next - 1] !== parts[at + 1]) return false;
    digits += parts[next];
    if (digits.length > 19) return false;
    if (digits.length >= 13 && isCardNumber(digits)) return true;
  }
  return false;
}

/** A JSON number that is a time in ms, between 2001 and 2065. */
const isMoment = (value: number): boolean => value >= 1e12 && value < 3e12;
