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
/** Between figures, and after them. */
const ENGLISH_PAUSES: ReadonlySet<string> = new Set(['um', 'uh', 'and', 'then']);
const ENGLISH_ENDS: ReadonlySet<string> = new Set([
  ...['please', 'thanks', 'thank', 'you', 'is', 'my', 'number', "that's", 'that', 'it'],
]);
const CHINESE_FILLERS = /^(我的|手机号码|手机号|手机|电话号码|电话|号码|是|嗯|呃|然后)+/;
const CHINESE_ENDS = /(谢谢|啊|吧|了)+$/;
/** ITU-T E.164 §6.2.1. */
const MAX_FIGURES = 15;

/**
 * The figures that were said, in order, `+` before them where it was said; `null` where anything else
 * was.
 */
export function readPhoneDigits(text: string, language: 'en' | 'zh-CN'): string | null {
  const digits = language === 'en' ? englishDigits(text) : chineseDigits(text);
  const count = digits?.replace('+', '').length ?? 0;
  return count === 0 || count > MAX_FIGURES ? null : digits;
}

function englishDigits(text: string): string | null {
  const all = englishTokens(text.replace(/\+/g, ' plus ').replace(/[-()]/g, ' '));
  const begin = all.findIndex((token) => !isFiller(token));
  const end = all.findLastIndex((token) => !ENGLISH_ENDS.has(token)) + 1;
  const tokens = all.slice(Math.max(begin, 0), end).filter((token) => !ENGLISH_PAUSES.has(token));
  let digits = '';
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at] ?? '';
    const times = TIMES.get(token);
    const figure = ENGLISH.get(tokens[times === undefined ? at : at + 1] ?? '');
    if (times !== undefined) {
      if (figure === undefined) return null;
      digits += figure.repeat(times);
      at += 1;
    } else if (figure !== undefined) digits += figure;
    else if (/^\d+$/.test(token)) digits += token;
    else if (token === 'plus' && digits === '') digits = '+';
    else return null;
  }
  return digits;
}

const isFiller = (token: string): boolean => ENGLISH_FILLERS.has(token);

function chineseDigits(text: string): string | null {
  const plain = chineseText(text.replace(/[-()]/g, '')).replace(CHINESE_FILLERS, '');
  const abroad = /^(\+|加号?)/.exec(plain)?.[0] ?? '';
  let digits = abroad === '' ? '' : '+';
  for (const char of plain.slice(abroad.length).replace(CHINESE_ENDS, '')) {
    const figure = /^\d$/.test(char) ? char : CHINESE.get(char);
    if (figure === undefined) return null;
    digits += figure;
  }
  return digits;
}
