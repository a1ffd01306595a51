/**
 * Finds card data in what was sent, so that it can be refused before anything of it is decoded, kept
 * or logged: numbers of payment cards (ISO/IEC 7812-1), expiry dates and verification codes.
 */
import { isCardNumber } from '#device/codecs/card-number.ts';

/** Field names, without case and separators, that nobody here has any use for. */
const FIELDS =
  /^(card)?(cvv2?|cvc2?|cvn2?|csc|securitycode|verification(code|value)|exp(iry|iration)?(date|month|year|mm|yy)?|pan|card(no|num|number)|track[12](data)?)$/;
/** Groups of digits, single spaces or hyphens between them, that are not part of a longer word. */
const RUN = /(?<![\w+.%-])\d+(?:[ -]\d+)*(?!\w)/g;
const CODE = /\b(?:cvv2?|cvc2?|csc)\b\W{0,3}\d{3,4}\b/i;
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

/** Whether a text holds a card number or a named verification code. */
export function holdsCard(text: string): boolean {
  if (CODE.test(text)) return true;
  for (const [run] of text.matchAll(RUN)) {
    const groups = run.split(/[ -]/);
    if (groups.some((_, at) => beginsCard(groups, at))) return true;
  }
  return false;
}

/** Whether some of the groups from `at` on are a card number; what follows it may be its expiry. */
function beginsCard(groups: readonly string[], at: number): boolean {
  let digits = '';
  for (const group of groups.slice(at, at + 19)) {
    digits += group;
    if (digits.length > 19) return false;
    if (digits.length >= 13 && isCardNumber(digits)) return true;
  }
  return false;
}

/** A JSON number that is a time in ms, between 2001 and 2065. */
const isMoment = (value: number): boolean => value >= 1e12 && value < 3e12;
