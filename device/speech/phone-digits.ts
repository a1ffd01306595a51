/**
 * Telephone numbers figure by figure: "one three eight, double five, oh", 幺三八零零. Whatever is not
 * a figure ends the reading: a number that was guessed would send somebody else the bill.
 */

import { chineseText } from './chinese-numbers.ts';
import { englishTokens } from './english-numbers.ts';

const ENGLISH: ReadonlyMap<string, string> = new Map([
  ...'zero one two three four five six seven eight nine'
    .split(' ')
    .map((word, value): [string, string] => [word, String(value)]),
  ['oh', '0'],
  ['o', '0'],
  ['nought', '0'],
]);
const TIMES: ReadonlyMap<string, number> = new Map([
  ['double', 2],
  ['triple', 3],
]);
/** 幺 and 洞 are how figures are told over a telephone. */
const CHINESE: ReadonlyMap<string, string> = new Map([
  ...[...'零一二三四五六七八九'].map((char, value): [string, string] => [char, String(value)]),
  ['幺', '1'],
  ['洞', '0'],
]);

const ENGLISH_FILLERS: ReadonlySet<string> = new Set([
  ...['my', 'the', 'number', 'phone', 'mobile', 'is', "it's", 'please', 'um', 'uh', 'and', 'then'],
]);
const CHINESE_FILLERS = /^(我的|手机号码|手机号|电话号码|电话|号码|是|嗯|呃|然后)+/;
/** ITU-T E.164 §6.2.1. */
const MAX_FIGURES = 15;

/** The figures that were said, in order; `null` where anything else was. */
export function readPhoneDigits(text: string, language: 'en' | 'zh-CN'): string | null {
  const digits = language === 'en' ? englishDigits(text) : chineseDigits(text);
  return digits === null || digits.length === 0 || digits.length > MAX_FIGURES ? null : digits;
}

function englishDigits(text: string): string | null {
  const plus = /^\s*\+/.test(text);
  const tokens = englishTokens(text.replace(/[-+()]/g, ' ')).filter(
    (token, at, all) => !(ENGLISH_FILLERS.has(token) && all.slice(0, at).every(isFiller)),
  );
  let digits = '';
  for (let at = 0; at < tokens.length; at += 1) {
    const times = TIMES.get(tokens[at] ?? '');
    const figure = ENGLISH.get(tokens[times === undefined ? at : at + 1] ?? '');
    if (times !== undefined) {
      if (figure === undefined) return null;
      digits += figure.repeat(times);
      at += 1;
      continue;
    }
    if (figure !== undefined) digits += figure;
    else if (/^\d+$/.test(tokens[at] ?? '')) digits += tokens[at];
    else if (!(tokens[at] === 'plus' && digits === '')) return null;
  }
  return plus && digits === '' ? null : digits;
}

const isFiller = (token: string): boolean => ENGLISH_FILLERS.has(token);

function chineseDigits(text: string): string | null {
  const plain = chineseText(text.replace(/[-+()]/g, '')).replace(CHINESE_FILLERS, '');
  let digits = '';
  for (const char of plain) {
    const figure = /^\d$/.test(char) ? char : CHINESE.get(char);
    if (figure === undefined) return null;
    digits += figure;
  }
  return digits;
}
