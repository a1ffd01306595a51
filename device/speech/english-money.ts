/**
 * One English amount of money: `twelve fifty`, `a hundred and two`, `thirty five yuan five`. What can
 * be taken for two amounts is refused, as `twelve five` (12.05 or 12.50) and `one oh five`.
 */
import { CURRENCIES, type Currency, MAX_ORDER_MINOR } from '#device/messages/money.ts';
import { type Cardinal, cardinalAt, digitOf, numeralAt } from './english-numbers.ts';
import { type Part, refuse } from './phrase.ts';
import { englishUnit, type Unit } from './units.ts';

export interface EnglishAmount {
  readonly minor: number;
  /** A unit or a fraction was said: it can't be a count of things. */
  readonly isMoney: boolean;
}

type Read = Part<EnglishAmount>;

/** Hundredths of a major unit, before the currency's own places are looked at. */
interface Sum {
  readonly hundredths: number;
  readonly next: number;
  readonly isMoney: boolean;
}

type Draft = Sum | { readonly why: 'ambiguous' | 'too_many_places' | 'other_currency' } | null;

interface Text {
  readonly tokens: readonly string[];
  readonly currency: Currency;
}

const unitAt = ({ tokens, currency }: Text, at: number): Unit | 'other' | null =>
  englishUnit(tokens[at] ?? '', currency);

/** The amount that begins at `at`, as long as it can be. */
export function englishAmountAt(tokens: readonly string[], at: number, currency: Currency): Read {
  const text = { tokens, currency };
  const draft = draftAt(text, at);
  if (draft === null) return null;
  if ('why' in draft) return refuse(draft.why);
  const { hundredths, next, isMoney } = draft;
  // A second unit, or a figure that is left over, would change what was said.
  if (unitAt(text, next) !== null) return refuse('ambiguous');
  if (CURRENCIES[currency].places === 0 && hundredths % 100 !== 0) return refuse('too_many_places');
  const minor = CURRENCIES[currency].places === 0 ? hundredths / 100 : hundredths;
  if (minor > MAX_ORDER_MINOR) return refuse('too_large');
  return minor === 0 ? refuse('zero') : { ok: true, value: { minor, isMoney }, next };
}

function draftAt(text: Text, at: number): Draft {
  const { tokens } = text;
  const sign = /^[$€£¥₹]|^hk\$|^ksh$/.test(tokens[at] ?? '');
  if (sign) {
    if (unitAt(text, at) !== 'major') return { why: 'other_currency' };
    const figure = numeralAt(tokens, at + 1);
    return figure === null ? null : numeral(text, figure, at + 2, true);
  }
  const figure = numeralAt(tokens, at);
  if (figure?.includes('.')) return numeral(text, figure, at + 1, false);
  if (tokens[at] === 'half' || (tokens[at] === 'a' && tokens[at + 1] === 'half')) {
    return halfAt(text, tokens[at] === 'half' ? at + 1 : at + 2);
  }
  if (tokens[at] === 'point') return fractionAt(text, 0, at + 1);
  const run = figuresAt(text, at);
  if (run !== null) return run;
  if (tokens[at] === 'a' && unitAt(text, at + 1) !== null) {
    return afterWhole(text, { value: 1, next: at + 1 });
  }
  const whole = cardinalAt(tokens, at);
  return whole === null ? null : afterWhole(text, whole);
}

/** `12.50`, with its unit behind it or before it. */
function numeral(text: Text, figure: string, next: number, signed: boolean): Draft {
  const [whole = '', part = ''] = figure.split('.');
  if (part.length > 2) return { why: 'too_many_places' };
  if (whole.length > 7) return { hundredths: Number.MAX_SAFE_INTEGER, next, isMoney: true };
  const hundredths = Number(whole || '0') * 100 + Number(part.padEnd(2, '0'));
  const isMoney = signed || part !== '';
  const sum = { hundredths, next, isMoney };
  return signed ? sum : withUnit(text, sum);
}

/** `half a yuan`: the unit is what makes it one. */
function halfAt(text: Text, at: number): Draft {
  const skip = text.tokens[at] === 'a' || text.tokens[at] === 'of' ? at + 1 : at;
  return unitAt(text, skip) === 'major' ? { hundredths: 50, next: skip + 1, isMoney: true } : null;
}

/** Two figures or more, one by one: they need a unit or a point to be an amount. */
function figuresAt(text: Text, at: number): Draft {
  const { tokens } = text;
  let next = at;
  let value = 0;
  for (let figure = digitOf(tokens[next]); figure !== null; figure = digitOf(tokens[next])) {
    value = value * 10 + figure;
    next += 1;
  }
  if (next - at < 2 || value > 9_999_999 || digitOf(tokens[at]) === 0) return null;
  // `Two three hundred`: not one number.
  const after = tokens[next];
  if (after === 'point') return fractionAt(text, value, next + 1);
  // `One five yuan` tells a fifteen from a fifty; more figures could hide a point.
  if (unitAt(text, next) === 'major' && next - at === 2) {
    const sum = { hundredths: value * 100, next: next + 1, isMoney: true };
    return hasMore(text, next + 1) ? { why: 'ambiguous' } : sum;
  }
  return unitAt(text, next) === 'other' ? { why: 'other_currency' } : { why: 'ambiguous' };
}

/** Whether a number follows, with or without `and`. */
function hasMore({ tokens }: Text, at: number): boolean {
  const skip = tokens[at] === 'and' ? at + 1 : at;
  return digitOf(tokens[skip]) !== null || cardinalAt(tokens, skip) !== null;
}

/** After `point`: figures one by one, or one number of two figures. */
function fractionAt(text: Text, whole: number, at: number): Draft {
  const { tokens } = text;
  const pair = cardinalAt(tokens, at);
  if (pair !== null && pair.value > 9 && pair.value < 100) {
    return digitOf(tokens[pair.next]) === null
      ? withUnit(text, { hundredths: whole * 100 + pair.value, next: pair.next, isMoney: true })
      : { why: 'ambiguous' };
  }
  const figures: number[] = [];
  let next = at;
  for (let figure = digitOf(tokens[next]); figure !== null; figure = digitOf(tokens[next])) {
    figures.push(figure);
    next += 1;
  }
  const [tenths, hundredths = 0] = figures;
  if (tenths === undefined) return null;
  if (figures.length > 2) return { why: 'too_many_places' };
  // `Point five fifty` and `point five hundred` are no fractions.
  if (cardinalAt(tokens, next) !== null) return { why: 'ambiguous' };
  return withUnit(text, {
    hundredths: whole * 100 + tenths * 10 + hundredths,
    next,
    isMoney: true,
  });
}

/** The major unit that may close an amount. */
function withUnit(text: Text, sum: Sum): Draft {
  switch (unitAt(text, sum.next)) {
    case 'major':
      return hasMore(text, sum.next + 1) && sum.isMoney
        ? { why: 'ambiguous' }
        : { ...sum, next: sum.next + 1, isMoney: true };
    case null:
      return sum;
    case 'other':
      return { why: 'other_currency' };
    default:
      return { why: 'ambiguous' };
  }
}

function afterWhole(text: Text, whole: Cardinal): Draft {
  const { tokens } = text;
  const { value, next } = whole;
  const plain: Sum = { hundredths: value * 100, next, isMoney: false };
  switch (unitAt(text, next)) {
    case 'major':
      return afterMajor(text, { ...plain, next: next + 1, isMoney: true });
    case 'tenth':
      return value > 9 ? { why: 'ambiguous' } : tenthsAt(text, 0, value, next + 1);
    case 'minor':
      return hasMore(text, next + 1)
        ? { why: 'ambiguous' }
        : { hundredths: value, next: next + 1, isMoney: true };
    case 'other':
      return { why: 'other_currency' };
    case null:
  }
  if (tokens[next] === 'point') return fractionAt(text, value, next + 1);
  const part = partAt(text, next);
  if (part !== null) {
    return withUnit(text, {
      hundredths: value * 100 + part.hundredths,
      next: part.next,
      isMoney: true,
    });
  }
  return afterBareWhole(text, plain, value);
}

/** `and a half`, `and a quarter`. */
function partAt({ tokens }: Text, at: number): { hundredths: number; next: number } | null {
  if (tokens[at] !== 'and') return null;
  const next = tokens[at + 1] === 'a' ? at + 2 : at + 1;
  if (tokens[next] === 'half') return { hundredths: 50, next: next + 1 };
  return tokens[next] === 'quarter' ? { hundredths: 25, next: next + 1 } : null;
}

/** What may follow a number without a unit: `twelve` + `fifty`, `twelve` + `oh five`. */
function afterBareWhole(text: Text, whole: Sum, value: number): Draft {
  const { tokens, currency } = text;
  const { next } = whole;
  const figure = digitOf(tokens[next]);
  const cents = cardinalAt(tokens, next);
  if (figure === null && (cents === null || tokens[next] === 'a')) return whole;
  if (CURRENCIES[currency].places === 0) return { why: 'ambiguous' };
  // Said as figures: `twelve 50` is no phrase of anybody's.
  if (numeralAt(tokens, next) !== null) return { why: 'ambiguous' };
  if (figure === 0) {
    const ones = digitOf(tokens[next + 1]);
    // `One oh five` and `one hundred oh five` are 105 to some, 1.05 and 100.05 to others.
    const hundreds = value % 100 === 0;
    if (ones === null || ones === 0 || value < 10 || hundreds || hasMore(text, next + 2)) {
      return { why: 'ambiguous' };
    }
    return withUnit(text, { hundredths: whole.hundredths + ones, next: next + 2, isMoney: true });
  }
  if (cents === null || cents.value < 10 || cents.value > 99 || value === 0) {
    return { why: 'ambiguous' };
  }
  if (hasMore(text, cents.next)) return { why: 'ambiguous' };
  const hundredths = whole.hundredths + cents.value;
  return withUnit(text, { hundredths, next: cents.next, isMoney: true });
}

/** What may follow `twelve yuan`: a part of it, with or without its unit. */
function afterMajor(text: Text, whole: Sum): Draft {
  const { tokens, currency } = text;
  const part = partAt(text, whole.next);
  if (part !== null)
    return { ...whole, hundredths: whole.hundredths + part.hundredths, next: part.next };
  const joined = tokens[whole.next] === 'and';
  const at = joined ? whole.next + 1 : whole.next;
  if (digitOf(tokens[at]) === 0 && digitOf(tokens[at + 1]) !== null) {
    const ones = digitOf(tokens[at + 1]) ?? 0;
    const end = unitAt(text, at + 2) === 'minor' ? at + 3 : at + 2;
    if (joined || ones === 0 || hasMore(text, end)) return { why: 'ambiguous' };
    return { ...whole, hundredths: whole.hundredths + ones, next: end };
  }
  const count = cardinalAt(tokens, at);
  if (count === null) return whole;
  switch (unitAt(text, count.next)) {
    case 'tenth':
      return count.value < 1 || count.value > 9
        ? { why: 'ambiguous' }
        : tenthsAt(text, whole.hundredths, count.value, count.next + 1);
    case 'minor':
      if (count.value < 1 || count.value > 99) return { why: 'ambiguous' };
      return { ...whole, hundredths: whole.hundredths + count.value, next: count.next + 1 };
    case 'other':
      return { why: 'other_currency' };
    case 'major':
      return { why: 'ambiguous' };
    case null:
  }
  // Goods may follow `twelve yuan and`; whoever reads the order decides.
  if (joined && count.value < 10) return whole;
  if (hasMore(text, count.next)) return { why: 'ambiguous' };
  if (count.value > 9 && count.value < 100 && CURRENCIES[currency].places === 2) {
    return { ...whole, hundredths: whole.hundredths + count.value, next: count.next };
  }
  // `Thirty-five yuan five` is 35.50 to everybody who says yuan; nobody says it of other money.
  if (currency !== 'CNY' || count.value < 1 || count.value > 9) return { why: 'ambiguous' };
  return { ...whole, hundredths: whole.hundredths + count.value * 10, next: count.next };
}

/** After `five mao`: fen, with or without the word. */
function tenthsAt(text: Text, hundredths: number, tenths: number, at: number): Draft {
  const sum: Sum = { hundredths: hundredths + tenths * 10, next: at, isMoney: true };
  const skip = text.tokens[at] === 'and' ? at + 1 : at;
  const ones = digitOf(text.tokens[skip]);
  if (ones === null || ones === 0)
    return ones === null && !hasMore(text, at) ? sum : { why: 'ambiguous' };
  if (unitAt(text, skip + 1) === 'minor') {
    return { ...sum, hundredths: sum.hundredths + ones, next: skip + 2 };
  }
  return { why: 'ambiguous' };
}
