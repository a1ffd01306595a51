/** Row A2: what a phrase means. A phrase that could mean two amounts means none. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { EMPTY_ENTRY, readEntry } from '#device/flows/entry.ts';
import type { CatalogueItem, Language } from '#device/messages/enrolment.ts';
import type { Currency } from '#device/messages/money.ts';
import { expressionOf, readOrder } from '#device/speech/order.ts';
import { readPhoneDigits } from '#device/speech/phone-digits.ts';
import { words } from '#test/bench/speech/phrases.ts';

interface Golden {
  readonly catalogue: readonly [code: string, name: string][];
  readonly phrases: readonly [Language, Currency, text: string, means: string | null][];
}

const golden = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', 'golden', 'spoken-orders.json'), 'utf8'),
) as Golden;
const catalogue: CatalogueItem[] = golden.catalogue.map(([code, name]) => ({
  code,
  name,
  unit_minor: 600,
}));

/** The expression, or `null` where it is declined. */
function meaning(
  text: string,
  language: Language,
  currency: Currency = 'CNY',
  goods: readonly CatalogueItem[] = catalogue,
): string | null {
  const read = readOrder(text, { language, currency, catalogue: [...goods] });
  return read.ok ? expressionOf(read.terms, { currency }) : null;
}

test('the table', () => {
  assert.ok(golden.phrases.length >= 400);
  const wrong = golden.phrases.flatMap(([language, currency, text, means]) => {
    const got = meaning(text, language, currency);
    return got === means ? [] : [`${text} (${currency}): ${got}, not ${means}`];
  });
  assert.deepEqual(wrong, []);
});

test('what is understood can be keyed', () => {
  for (const [language, currency, text, means] of golden.phrases) {
    if (means === null) continue;
    const read = readEntry({ ...EMPTY_ENTRY, keyed: means }, { currency, catalogue });
    assert.equal(read.problem, undefined, `${text} (${language})`);
  }
});

/** Without goods, which only take time. */
const amount = (text: string, language: Language): string | null =>
  meaning(text, language, 'CNY', []);

test('a name that has a number in it is not counted', () => {
  const goods = ['Five spice beef', '7 Up', '三鲜面', '五香牛肉', '千层饼'].map((name, at) => ({
    ...{ code: String(at + 1), name, unit_minor: 600 },
  }));
  for (const [text, means] of [
    ['five spice beef', '/1'],
    ['two five spice beefs for ten', '2*/1=10.00'],
    ['twenty five spice beef', null],
    ['seven up', '/2'],
    ['two 7 up', '2*/2'],
  ] as const) {
    assert.equal(meaning(text, 'en', 'CNY', goods), means, text);
  }
  for (const [text, means] of [
    ['三鲜面', '/3'],
    ['三份三鲜面', '3*/3'],
    ['三鲜面五块', '/3=5.00'],
    ['五块五香牛肉', null],
    ['五块一份五香牛肉', '/4=5.00'],
    ['二十五香牛肉', null],
    ['两千层饼', null],
    ['两个千层饼', '2*/5'],
  ] as const) {
    assert.equal(meaning(text, 'zh-CN', 'CNY', goods), means, text);
  }
});

// ── Round trips ─────────────────────────────────────────────────────────────────────────────────

const FIGURES = '零一二三四五六七八九';

/** Chinese for 1 to 9999, with 零 for each gap. */
function chinese4(value: number, leading: boolean): string {
  let text = '';
  let gap = false;
  for (const [place, name] of [
    [1000, '千'],
    [100, '百'],
    [10, '十'],
    [1, ''],
  ] as const) {
    const figure = Math.floor(value / place) % 10;
    if (figure === 0) {
      gap = text !== '';
      continue;
    }
    const bare = place === 10 && figure === 1 && leading && text === '';
    const word = figure === 2 && place > 10 ? '两' : FIGURES[figure];
    text += `${gap ? '零' : ''}${bare ? '' : word}${name}`;
    gap = false;
  }
  return text;
}

function chinese(value: number): string {
  if (value === 2) return '两';
  const high = Math.floor(value / 10_000);
  const low = value % 10_000;
  if (high === 0) return chinese4(low, true);
  const rest = low === 0 ? '' : (low < 1000 ? '零' : '') + chinese4(low, false);
  return `${high === 2 ? '两' : chinese4(high, true)}万${rest}`;
}

describe('every whole number from 1 to 99,999', () => {
  test('in English, with and without “and”', () => {
    for (let value = 1; value < 100_000; value += 1) {
      const means = `${value}.00`;
      const text = words(value, value % 2 === 0);
      if (amount(text, 'en') !== means) assert.equal(amount(text, 'en'), means, text);
    }
  });

  test('in Chinese', () => {
    for (let value = 1; value < 100_000; value += 1) {
      const text = `${chinese(value)}块`;
      if (amount(text, 'zh-CN') !== `${value}.00`) assert.equal(amount(text, 'zh-CN'), value, text);
    }
  });
});

describe('every amount from 0.01 to 999.99', () => {
  test('in English', () => {
    for (let minor = 1; minor < 100_000; minor += 1) {
      const [whole, part] = [Math.floor(minor / 100), minor % 100];
      const ways = [`${words(whole)} yuan ${words(part)} fen`];
      if (whole === 0) ways.splice(0, 1, `${words(part)} fen`);
      else if (part === 0) ways.splice(0, 1, `${words(whole)} yuan`);
      else if (part > 9 && whole % 100 > 0) ways.push(`${words(whole)} ${words(part)}`);
      else if (part < 10) ways.push(`${words(whole)} yuan oh ${words(part)}`);
      const means = (minor / 100).toFixed(2);
      const text = ways[minor % ways.length] ?? '';
      if (amount(text, 'en') !== means) assert.equal(amount(text, 'en'), means, text);
    }
  });

  test('in 块, 毛 and 分', () => {
    for (let minor = 1; minor < 100_000; minor += 1) {
      const [whole, tenths, ones] = [
        Math.floor(minor / 100),
        Math.floor(minor / 10) % 10,
        minor % 10,
      ];
      const major = whole > 0 ? `${chinese(whole)}块` : '';
      const zero = tenths === 0 && ones > 0 && whole > 0 ? '零' : '';
      const text = `${major}${tenths > 0 ? `${FIGURES[tenths]}毛` : zero}${ones > 0 ? `${FIGURES[ones]}分` : ''}`;
      const means = (minor / 100).toFixed(2);
      if (amount(text, 'zh-CN') !== means) assert.equal(amount(text, 'zh-CN'), means, text);
    }
  });
});

// ── Word salad ──────────────────────────────────────────────────────────────────────────────────

const SALAD = {
  en: 'one two five nine ten twelve fifteen twenty fifty ninety hundred thousand and a oh point half yuan fen mao dollars for at each plus dumplings green tea the please maybe not or'.split(
    ' ',
  ),
  'zh-CN': [...'零一二两三五九十百千万点块元毛角分半个份饺子豆腐每共和要吧几多不或'],
} as const;

/** Another reading, cruder and stricter: all the figures that were said have to be in the amount. */
function keepsFigures(text: string, expression: string): boolean {
  const said = [...text].filter((char) => /[一二两三五九]/.test(char)).length;
  const shown = [...expression.replace(/\/\d+/g, '')].filter((char) => /[1-9]/.test(char)).length;
  return shown <= said + 2 && shown > 0 === said > 0;
}

test('word salad is declined, or keeps to what was said', (t) => {
  let seed = 11;
  const next = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  let taken = 0;
  for (let round = 0; round < 60_000; round += 1) {
    const language = round % 2 === 0 ? 'en' : 'zh-CN';
    const list = SALAD[language];
    const said = Array.from({ length: 1 + next(8) }, () => list[next(list.length)] ?? '');
    const text = said.join(language === 'en' ? ' ' : '');
    const means = meaning(text, language);
    if (means === null) continue;
    taken += 1;
    assert.doesNotMatch(text, /\b(maybe|not|or|dollars)\b|[几多不或]/, `${text}: ${means}`);
    const read = readEntry({ ...EMPTY_ENTRY, keyed: means }, { currency: 'CNY', catalogue });
    assert.ok(read.problem === undefined || read.problem === 'too_large', `${text}: ${means}`);
    if (language === 'zh-CN' && !/[半份个饺豆十每]/.test(text)) {
      assert.ok(keepsFigures(text, means), `${text}: ${means}`);
    }
  }
  t.diagnostic(`${taken} of 60,000 made sense`);
});

test('telephone numbers, figure by figure', () => {
  const good: [text: string, language: Language, digits: string][] = [
    ['one three eight double five oh oh one two three four', 'en', '13855001234'],
    ['my number is one three eight triple zero', 'en', '138000'],
    ['138 0013 8000', 'en', '13800138000'],
    ['plus four four seven seven double oh', 'en', '+447700'],
    ['幺三八零零幺三八零零零', 'zh-CN', '13800138000'],
    ['我的手机号是一三八零零一三八零零零', 'zh-CN', '13800138000'],
  ];
  for (const [text, language, digits] of good) {
    assert.equal(readPhoneDigits(text, language), digits, text);
  }
  for (const text of ['one thirty eight', 'double', 'hello', '', 'one two maybe three']) {
    assert.equal(readPhoneDigits(text, 'en'), null, text);
  }
  for (const text of ['一百三十八', '你好', '', '一二几三']) {
    assert.equal(readPhoneDigits(text, 'zh-CN'), null, text);
  }
});
