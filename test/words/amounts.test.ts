/** Every amount, spoken and understood again by a listener that shares no code with the speaker. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CURRENCIES, type Currency } from '#device/messages/money.ts';
import { sayAmount, textOf, VOCABULARY } from '#device/words/clips.ts';

const SMALL = (
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen ' +
  'sixteen seventeen eighteen nineteen'
).split(' ');
const TENS = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');
const ENGLISH_VALUES = new Map<string, number>([
  ...SMALL.map((word, at): [string, number] => [word, at]),
  ...TENS.map((word, at): [string, number] => [word, 20 + 10 * at]),
]);
const MAJOR = new Set('yuan euro euros pound pounds dollar dollars rupee rupees yen'.split(' '));
for (const word of ['shilling', 'shillings']) MAJOR.add(word);
const MINOR = new Set('fen cent cents penny pence paisa paise'.split(' '));

function hearNumber(words: readonly string[]): number {
  let total = 0;
  let group = 0;
  for (const word of words) {
    if (word === 'million' || word === 'thousand') {
      total += group * (word === 'million' ? 1_000_000 : 1000);
      group = 0;
    } else if (word === 'hundred') group *= 100;
    else {
      const value = ENGLISH_VALUES.get(word);
      assert.ok(value !== undefined, `${word} is no number`);
      group += value;
    }
  }
  return total + group;
}

/** `one two point one five yuan` in minor units. */
function hearFigures(words: readonly string[], scale: number): number {
  let whole = 0;
  let fraction = 0;
  let afterPoint = false;
  for (const word of words.slice(0, -1)) {
    if (word === 'point') afterPoint = true;
    else if (afterPoint) fraction = fraction * 10 + (ENGLISH_VALUES.get(word) ?? Number.NaN);
    else whole = whole * 10 + (ENGLISH_VALUES.get(word) ?? Number.NaN);
  }
  return whole * scale + fraction;
}

function hearEnglish(words: readonly string[], scale: number): number {
  const again = words.indexOf('that-is');
  const once = again < 0 ? words : words.slice(0, again);
  const teen = once.some((word) => SMALL.indexOf(word) > 12);
  assert.equal(again >= 0, teen, 'a teen is said again, and nothing else is');
  const major = once.findIndex((word) => MAJOR.has(word));
  const tail = once.slice(major + 1).filter((word) => word !== 'and');
  const named = MINOR.has(tail.at(-1) ?? '');
  const fraction = hearNumber(named ? tail.slice(0, -1) : tail);
  if (fraction > 0 && fraction < 10) assert.ok(named, 'few minor units carry their name');
  const heard = (major < 0 ? 0 : hearNumber(once.slice(0, major))) * scale + fraction;
  if (teen) assert.equal(hearFigures(words.slice(again + 1), scale), heard);
  return heard;
}

const CHINESE_FIGURES = new Map<string, number>(
  'ling yi er san si wu liu qi ba jiu'.split(' ').map((word, at) => [word, at]),
);
CHINESE_FIGURES.set('liang', 2);
const CHINESE_PLACES = new Map([
  ['shi', 10],
  ['bai', 100],
  ['qian', 1000],
]);
/** Hundredths that one of a unit is worth; the yen has none below it. */
const CHINESE_UNITS = new Map<string, number>([
  ...['yuan', 'euro', 'pound', 'hk-dollar', 'dollar', 'shilling', 'rupee', 'yen'].map(
    (word): [string, number] => [word, 100],
  ),
  ['jiao', 10],
  ...['fen', 'euro-cent', 'penny', 'hk-cent', 'cent', 'paisa'].map((word): [string, number] => [
    word,
    1,
  ]),
]);

function hearChinese(words: readonly string[]): number {
  let hundredths = 0;
  let wan = 0;
  let group = 0;
  let figure: number | null = null;
  for (const word of words) {
    const value = CHINESE_FIGURES.get(word);
    const place = CHINESE_PLACES.get(word);
    const unit = CHINESE_UNITS.get(word);
    if (value !== undefined) figure = value === 0 ? null : value;
    else if (place !== undefined) {
      group += (figure ?? 1) * place;
      figure = null;
    } else if (word === 'wan') {
      wan = (group + (figure ?? 0)) * 10_000;
      group = 0;
      figure = null;
    } else {
      assert.ok(unit !== undefined, `${word} is not understood`);
      hundredths += (wan + group + (figure ?? 0)) * unit;
      wan = 0;
      group = 0;
      figure = null;
    }
  }
  return hundredths;
}

const KNOWN = new Set(VOCABULARY.map((clip) => clip.id));

function roundTrip(amount: number, currency: Currency): void {
  const scale = 10 ** CURRENCIES[currency].places;
  const english = sayAmount(amount, currency, 'en');
  const chinese = sayAmount(amount, currency, 'zh-CN');
  for (const id of english) if (!KNOWN.has(id)) assert.fail(`${id} is not in the vocabulary`);
  for (const id of chinese) if (!KNOWN.has(id)) assert.fail(`${id} is not in the vocabulary`);
  const strip = (id: string): string => id.slice(3);
  if (hearEnglish(english.map(strip), scale) !== amount) {
    assert.fail(`${amount} ${currency} was heard wrong: ${textOf(english)}`);
  }
  if ((hearChinese(chinese.map(strip)) * scale) / 100 !== amount) {
    assert.fail(`${amount} ${currency} was heard wrong: ${textOf(chinese)}`);
  }
}

describe('an amount spoken is the amount understood', () => {
  test('every amount from 0.01 to 9,999.99 yuan, in both languages', () => {
    for (let amount = 1; amount <= 999_999; amount += 1) roundTrip(amount, 'CNY');
  });

  test('every currency, from the smallest to the largest amount', () => {
    const currencies = Object.keys(CURRENCIES) as Currency[];
    for (const currency of currencies) {
      for (let amount = 1; amount <= 2500; amount += 1) roundTrip(amount, currency);
      for (let amount = 2500; amount < 99_999_999; amount += 99_989) roundTrip(amount, currency);
      for (let amount = 10; amount <= 10_000_000; amount *= 10) {
        for (const near of [-1, 0, 1, 2, 11]) roundTrip(amount + near, currency);
        for (const times of [2, 3, 9]) roundTrip(amount * times, currency);
      }
      roundTrip(99_999_999, currency);
    }
  });

  test('what no order can have is refused', () => {
    for (const amount of [0, -1, 0.5, 100_000_000, Number.NaN]) {
      assert.throws(() => sayAmount(amount, 'CNY', 'en'), RangeError);
      assert.throws(() => sayAmount(amount, 'CNY', 'zh-CN'), RangeError);
    }
  });
});
