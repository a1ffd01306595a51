/**
 * Chinese whole numbers as they are spoken: 一百零二 is 102, 一百二 is 120, 三千五 is 3500, 两万零五十
 * is 20,050. What is said no such way is no number: 三四 ("three or four"), 三千五十, 两十.
 */

const FIGURES: ReadonlyMap<string, number> = new Map([
  ...[...'零一二三四五六七八九'].map((figure, value): [string, number] => [figure, value]),
  ['两', 2],
]);

/** Traditional and other forms of the characters that matter here. */
const FORMS: ReadonlyMap<string, string> = new Map(
  '〇零 ○零 兩两 萬万 塊块 點点 錢钱 個个 圓元 圆元'
    .split(' ')
    .map((pair): [string, string] => [pair.slice(0, 1), pair.slice(1)]),
);

const plainText = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/(\d),(?=\d{3}(\D|$))/g, '$1');

const FIGURE = '[零〇○一二三四五六七八九十两兩\\d]';
/** 五，六块 is five or six; `3 5块` is two numbers. */
const PARTED = new RegExp(`${FIGURE}\\s*[,;:、。!?~-]\\s*${FIGURE}|\\d\\s+\\d`);

/** Whether signs keep figures apart from each other. */
export const isParted = (text: string): boolean => PARTED.test(plainText(text));

/** Without blanks and signs, in simplified characters and plain numerals. */
export function chineseText(text: string): string {
  const kept = plainText(text).replace(/(?<!\d)\.|\.(?!\d)|[\s,，。、！？!?;；:：“”"'…~]/g, '');
  return [...kept].map((char) => FORMS.get(char) ?? char).join('');
}

export const chineseFigure = (char: string | undefined): number | null =>
  FIGURES.get(char ?? '') ?? null;

export interface ChineseNumber {
  readonly value: number;
  readonly next: number;
  /** It ends as 一百二 does: with a figure whose place was left out. */
  readonly elided: boolean;
}

const PLACES: ReadonlyMap<string, number> = new Map([
  ['千', 1000],
  ['百', 100],
  ['十', 10],
]);

interface Section {
  readonly value: number;
  readonly next: number;
  readonly elided: boolean;
  /** Its largest place, to see whether 零 was due before it. */
  readonly top: number;
}

/** 1 to 9999 from `at`. `inner`: a larger place stands before it. */
function sectionAt(text: string, at: number, inner: boolean): Section | null {
  let value = 0;
  let next = at;
  let last = 10_000;
  let top = 0;
  for (;;) {
    const zero = text[next] === '零' && next > at;
    const from = zero ? next + 1 : next;
    const bareTen = text[from] === '十' && (value === 0 ? !inner : false);
    const figure = bareTen ? 1 : chineseFigure(text[from]);
    if (figure === null || figure === 0) break;
    const after = bareTen ? from : from + 1;
    const place = PLACES.get(text[after] ?? '');
    if (place === undefined) {
      const ones = onesAt(text, from, figure, { value, last, zero, at });
      if (ones === null) break;
      return { ...ones, top: top === 0 ? 1 : top };
    }
    if (place >= last || (text[from] === '两' && place === 10)) return null;
    // 零 stands for places that are left out, and for nothing else.
    if (value > 0 && zero !== place * 10 < last) return null;
    value += figure * place;
    last = place;
    top = top === 0 ? place : top;
    next = after + 1;
  }
  return value === 0 ? null : { value, next, elided: false, top };
}

/** The figure at the end: ones, or the next place where that one was left out. */
function onesAt(
  text: string,
  from: number,
  figure: number,
  before: { value: number; last: number; zero: boolean; at: number },
): Omit<Section, 'top'> | null {
  const next = from + 1;
  // Two figures in a row are "three or four", or figures one by one: no number.
  if (chineseFigure(text[next]) !== null) return null;
  if (before.value === 0) return { value: figure, next, elided: false };
  if (text[from] === '两') return null;
  if (before.last === 10 || before.zero) {
    if (before.last === 10 && before.zero) return null;
    return { value: before.value + figure, next, elided: false };
  }
  return { value: before.value + (figure * before.last) / 10, next, elided: true };
}

/** The longest whole number that begins at `at`, 1 to 999,999; figures 0-9 are read too. */
export function chineseNumberAt(text: string, at: number): ChineseNumber | null {
  const numeral = /^\d{1,7}/.exec(text.slice(at, at + 8))?.[0];
  if (numeral !== undefined) return numeralAt(text, at, numeral);
  const high = sectionAt(text, at, false);
  if (high === null) return null;
  if (text[high.next] !== '万') return high;
  if (high.elided || high.value > 99) return null;
  const rest = high.next + 1;
  const head = high.value * 10_000;
  const zero = text[rest] === '零';
  const low = sectionAt(text, zero ? rest + 1 : rest, true);
  if (low === null) return zero ? null : { value: head, next: rest, elided: false };
  if (low.top === 1 && !zero) {
    return text[rest] === '两'
      ? null
      : { value: head + low.value * 1000, next: low.next, elided: true };
  }
  if (zero !== low.top < 1000) return null;
  return { value: head + low.value, next: low.next, elided: low.elided };
}

/** `12`, `3万`. */
function numeralAt(text: string, at: number, numeral: string): ChineseNumber | null {
  const next = at + numeral.length;
  if (/\d/.test(text[next] ?? '')) return null;
  const value = Number(numeral);
  if (text[next] !== '万') return { value, next, elided: false };
  return value > 99 ? null : { value: value * 10_000, next: next + 1, elided: false };
}

const MEASURES = '份个只杯碗盒袋瓶串张条根件套斤包笼盘支听罐客例屉打';

/** Whether a measure word stands there, as in 两份饺子. */
export const isMeasure = (text: string, at: number): boolean =>
  at < text.length && MEASURES.includes(text[at] ?? '');
