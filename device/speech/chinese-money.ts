/** One Chinese amount: 三十五块五, 两块五毛三, 三块零五分, 十二点五元, 一百二. */
import { CURRENCIES, type Currency, MAX_ORDER_MINOR } from '#device/messages/money.ts';
import {
  type ChineseNumber,
  chineseFigure,
  chineseNumberAt,
  isMeasure,
} from './chinese-numbers.ts';
import { type Part, refuse, type SpeechProblem } from './phrase.ts';
import { chineseUnit } from './units.ts';

export interface ChineseAmount {
  readonly minor: number;
  /** A unit or a fraction was said. */
  readonly isMoney: boolean;
}

interface Sum {
  readonly hundredths: number;
  readonly next: number;
  readonly isMoney: boolean;
}
type Draft = Sum | { readonly why: SpeechProblem } | null;

/** The amount that begins at `at` of a text of `chineseText`, as long as it can be. */
export function chineseAmountAt(text: string, at: number, currency: Currency): Part<ChineseAmount> {
  const draft = draftAt(text, at, currency);
  if (draft === null) return null;
  if ('why' in draft) return refuse(draft.why);
  const { hundredths, isMoney } = draft;
  const next = skipTail(text, draft.next, isMoney);
  // A unit or a number that is left over would change what was said.
  if (chineseUnit(text, next, currency) !== null) return refuse('ambiguous');
  const { places } = CURRENCIES[currency];
  if (places === 0 && hundredths % 100 !== 0) return refuse('too_many_places');
  const minor = places === 0 ? hundredths / 100 : hundredths;
  if (minor > MAX_ORDER_MINOR) return refuse('too_large');
  return minor === 0 ? refuse('zero') : { ok: true, value: { minor, isMoney }, next };
}

/** 钱 and 整 at its end say nothing. */
function skipTail(text: string, at: number, isMoney: boolean): number {
  return isMoney && /[钱整]/.test(text[at] ?? '') ? at + 1 : at;
}

function draftAt(text: string, at: number, currency: Currency): Draft {
  const decimal = /^[$€£¥₹]?\d+\.(\d+)/.exec(text.slice(at, at + 24));
  if (decimal !== null) return decimalAt(text, at, decimal[0], currency);
  if (/[$€£¥₹]/.test(text[at] ?? '')) return signedAt(text, at, currency);
  if (text[at] === '半') return halfAt(text, at, currency);
  if (text[at] === '零') return afterZero(text, at, currency);
  const whole = chineseNumberAt(text, at);
  return whole === null ? null : afterWhole(text, whole, currency);
}

const isSignOf = (sign: string, currency: Currency): boolean =>
  CURRENCIES[currency].symbol.endsWith(sign);

function signedAt(text: string, at: number, currency: Currency): Draft {
  if (!isSignOf(text[at] ?? '', currency)) return { why: 'other_currency' };
  const whole = /^\d+/.exec(text.slice(at + 1))?.[0];
  if (whole === undefined) return null;
  if (whole.length > 7) return { why: 'too_large' };
  return { hundredths: Number(whole) * 100, next: at + 1 + whole.length, isMoney: true };
}

/** `12.50元`, `¥12.5`. */
function decimalAt(text: string, at: number, said: string, currency: Currency): Draft {
  const sign = /^\D/.exec(said)?.[0];
  if (sign !== undefined && !isSignOf(sign, currency)) return { why: 'other_currency' };
  const [whole = '', part = ''] = said.replace(/^\D/, '').split('.');
  if (part.length > 2) return { why: 'too_many_places' };
  if (whole.length > 7) return { why: 'too_large' };
  const hundredths = Number(whole) * 100 + Number(part.padEnd(2, '0'));
  return closed(text, { hundredths, next: at + said.length, isMoney: true }, currency);
}

/** 半块. */
function halfAt(text: string, at: number, currency: Currency): Draft {
  const unit = chineseUnit(text, at + 1, currency);
  if (unit?.unit !== 'major') return null;
  return { hundredths: 50, next: at + 1 + unit.length, isMoney: true };
}

/** 零点五, 零元. */
function afterZero(text: string, at: number, currency: Currency): Draft {
  if (text[at + 1] === '点') return pointAt(text, 0, at + 2, currency);
  const unit = chineseUnit(text, at + 1, currency);
  return unit === null ? null : { why: 'zero' };
}

/** The major unit that may close it. */
function closed(text: string, sum: Sum, currency: Currency): Draft {
  const unit = chineseUnit(text, sum.next, currency);
  if (unit === null) return sum;
  if (unit.unit === 'other') return { why: 'other_currency' };
  if (unit.unit !== 'major') return { why: 'ambiguous' };
  const next = sum.next + unit.length;
  // 十二点五元三 is no amount.
  return chineseFigure(text[next]) === null ? { ...sum, next } : { why: 'ambiguous' };
}

/** After 点: figures one by one. */
function pointAt(text: string, whole: number, at: number, currency: Currency): Draft {
  let next = at;
  const figures: number[] = [];
  for (;;) {
    const char = text[next] ?? '';
    const figure = /^\d$/.test(char) ? Number(char) : chineseFigure(char === '两' ? '' : char);
    if (figure === null) break;
    figures.push(figure);
    next += 1;
  }
  const [tenths, hundredths = 0] = figures;
  if (tenths === undefined) return null;
  if (figures.length > 2) return { why: 'too_many_places' };
  // 十二点五十: said by some for 12.50 and by others for a time of day.
  if (/[十百千万点]/.test(text[next] ?? '')) return { why: 'ambiguous' };
  const sum = { hundredths: whole * 100 + tenths * 10 + hundredths, next, isMoney: true };
  return closed(text, sum, currency);
}

function afterWhole(text: string, whole: ChineseNumber, currency: Currency): Draft {
  const { value, next } = whole;
  if (text[next] === '点') {
    return whole.elided ? { why: 'ambiguous' } : pointAt(text, value, next + 1, currency);
  }
  const unit = chineseUnit(text, next, currency);
  const sum: Sum = { hundredths: value * 100, next, isMoney: false };
  if (unit === null) return sum;
  const after = next + unit.length;
  switch (unit.unit) {
    case 'other':
      return { why: 'other_currency' };
    case 'minor':
      return isFigure(text, after)
        ? { why: 'ambiguous' }
        : { hundredths: value, next: after, isMoney: true };
    case 'tenth':
      return value > 9 ? { why: 'ambiguous' } : tenthsAt(text, 0, value, after, currency);
    case 'major':
      // 两百二块五: 220.50 to some and 202.50 to others.
      if (whole.elided && (isFigure(text, after) || /[零半]/.test(text[after] ?? ''))) {
        return { why: 'ambiguous' };
      }
      return afterMajor(text, { ...sum, next: after, isMoney: true }, currency);
  }
}

const isFigure = (text: string, at: number): boolean =>
  chineseFigure(text[at]) !== null || /[\d十]/.test(text[at] ?? '');

/** What may follow 三十五块: 五, 五毛, 五毛三, 零五, 零五分, 半, 二五. */
function afterMajor(text: string, whole: Sum, currency: Currency): Draft {
  const { hundredths, next } = whole;
  if (text[next] === '半') return { ...whole, hundredths: hundredths + 50, next: next + 1 };
  if (text[next] === '零') return afterMajorZero(text, whole, currency);
  const figure = /^\d$/.test(text[next] ?? '') ? Number(text[next]) : chineseFigure(text[next]);
  if (figure === null) return text[next] === '十' ? { why: 'ambiguous' } : whole;
  const unit = chineseUnit(text, next + 1, currency);
  switch (unit?.unit) {
    case 'tenth':
      return tenthsAt(text, hundredths, figure, next + 1 + unit.length, currency);
    case 'minor':
      return closeMinor(text, whole, figure, next + 1 + unit.length);
    case 'major':
      return { why: 'ambiguous' };
    case 'other':
      return { why: 'other_currency' };
    case undefined:
  }
  const count = chineseNumberAt(text, next);
  // 五十块三份… goes on with goods: whoever reads the order decides.
  if (count !== null && isMeasure(text, count.next)) return whole;
  const countUnit = count === null ? null : chineseUnit(text, count.next, currency);
  if (count !== null && count.value > 9) {
    const fits = count.value < 100 && countUnit?.unit === 'minor' && !count.elided;
    return fits
      ? closeMinor(text, whole, count.value, count.next + countUnit.length)
      : { why: 'ambiguous' };
  }
  const second = figureAfter(text, next + 1);
  if (second !== null && !isMeasure(text, next + 2)) {
    // 三块二五 is 3.25; a third figure would make it something else.
    if (isFigure(text, next + 2) || text[next] === '两') return { why: 'ambiguous' };
    if (/[百千万]/.test(text[next + 2] ?? '')) return { why: 'ambiguous' };
    return { ...whole, hundredths: hundredths + figure * 10 + second, next: next + 2 };
  }
  if (text[next] === '两') return { why: 'ambiguous' };
  return { ...whole, hundredths: hundredths + figure * 10, next: next + 1 };
}

function figureAfter(text: string, at: number): number | null {
  const char = text[at] ?? '';
  return /^\d$/.test(char) ? Number(char) : char === '两' ? null : chineseFigure(char);
}

function closeMinor(text: string, whole: Sum, minor: number, next: number): Draft {
  if (minor < 1 || minor > 99 || isFigure(text, next)) return { why: 'ambiguous' };
  return { ...whole, hundredths: whole.hundredths + minor, next };
}

/** 三块零五, 三块零五分. */
function afterMajorZero(text: string, whole: Sum, currency: Currency): Draft {
  const figure = figureAfter(text, whole.next + 1);
  if (figure === null || figure === 0) return { why: 'ambiguous' };
  const unit = chineseUnit(text, whole.next + 2, currency);
  if (unit?.unit === 'minor') return closeMinor(text, whole, figure, whole.next + 2 + unit.length);
  if (unit !== null || isFigure(text, whole.next + 2)) return { why: 'ambiguous' };
  return { ...whole, hundredths: whole.hundredths + figure, next: whole.next + 2 };
}

/** 五毛, 五毛三, 五毛三分. */
function tenthsAt(
  text: string,
  hundredths: number,
  tenths: number,
  at: number,
  currency: Currency,
): Draft {
  const sum: Sum = { hundredths: hundredths + tenths * 10, next: at, isMoney: true };
  if (tenths < 1) return { why: 'ambiguous' };
  const ones = figureAfter(text, at);
  if (ones === null) return text[at] === '十' || text[at] === '半' ? { why: 'ambiguous' } : sum;
  if (ones === 0) return { why: 'ambiguous' };
  const unit = chineseUnit(text, at + 1, currency);
  if (unit?.unit === 'minor') return closeMinor(text, sum, ones, at + 1 + unit.length);
  if (unit !== null || isFigure(text, at + 1)) return { why: 'ambiguous' };
  return { ...sum, hundredths: sum.hundredths + ones, next: at + 1 };
}
