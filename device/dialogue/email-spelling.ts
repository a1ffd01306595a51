/** E-mail addresses as they are spelt over a telephone: "m e i dot lin at example dot com". */
import { chineseFigure } from '../speech/chinese-numbers.ts';
import { cardinalAt, digitOf } from '../speech/english-numbers.ts';

const SIGNS: ReadonlyMap<string, string> = new Map([
  ['at', '@'],
  ['dot', '.'],
  ['point', '.'],
  ['dash', '-'],
  ['hyphen', '-'],
  ['minus', '-'],
  ['underscore', '_'],
  ['plus', '+'],
]);

/** The alphabet of the International Civil Aviation Organization, and letters as recognisers write them. */
const LETTERS: ReadonlyMap<string, string> = new Map(
  (
    'alpha alfa bravo charlie delta echo foxtrot golf hotel india juliet juliett kilo lima mike ' +
    'november oscar papa quebec romeo sierra tango uniform victor whiskey whisky yankee zulu'
  )
    .split(' ')
    .map((word): [string, string] => [word, word[0] ?? '']),
);

const FILLERS =
  /^(my|e-?mail|email|mail|address|is|it's|its|please|the|as|in|um|uh|capital|letter|no|yes)$/;
const ENDS = /^(please|thanks|thank|you)$/;
/** RFC 5321 §4.1.2 and RFC 1035 §2.3.1: no dot or hyphen at an end. */
const ADDRESS =
  /^[a-z0-9_%+-]+(\.[a-z0-9_%+-]+)*@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])$/;
const MAX_LOCAL = 64;

/** The address, in small letters; `null` where it is none. */
export function readSpeltEmail(text: string): string | null {
  const all = wordsOf(text);
  const start = all.findIndex((word) => !FILLERS.test(word));
  if (start < 0) return null;
  const words = all.slice(start, all.findLastIndex((word) => !ENDS.test(word)) + 1);
  let address = '';
  for (let at = 0; at < words.length; ) {
    const piece = pieceAt(words, at);
    address += piece.text;
    at = piece.next;
  }
  return ADDRESS.test(address) && address.indexOf('@') <= MAX_LOCAL ? address : null;
}

const wordsOf = (text: string): string[] =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/艾特|圈a/g, ' at ')
    .replace(/点/g, ' dot ')
    .replace(/下划线/g, ' underscore ')
    .replace(/(我的|电子)?(邮箱|邮件)(地址)?是?|谢谢/g, ' ')
    .replace(/幺/g, '一')
    .replace(/[零一二三四五六七八九]/g, (figure) => ` ${chineseFigure(figure)} `)
    .replace(/[,;，。]|[.!?](\s|$)/g, ' ')
    .split(/\s+/)
    .filter((word) => word !== '');

/** One sign, letter, figure or word of it; what only explains a letter is none. */
function pieceAt(words: readonly string[], at: number): { text: string; next: number } {
  const word = words[at] ?? '';
  const [first = '', second = '', third = ''] = words.slice(at + 1);
  const sign = SIGNS.get(word) ?? LETTERS.get(word);
  if (word === 'double' && /^[a-z0-9]$/.test(single(first))) {
    return { text: single(first).repeat(2), next: at + 2 };
  }
  // "M as in mother", "m for mother".
  if (/^[a-z]+$/.test(word) && first === 'as' && second === 'in' && third !== '') {
    return { text: sign ?? word, next: at + 4 };
  }
  if (/^[a-z]$/.test(word) && first === 'for' && second.length > 1 && second.startsWith(word)) {
    return { text: word, next: at + 3 };
  }
  if (sign !== undefined) return { text: sign, next: at + 1 };
  const number = /^\d+$/.test(word) ? null : cardinalAt(words, at);
  if (number !== null && number.value < 100)
    return { text: String(number.value), next: number.next };
  return { text: single(word), next: at + 1 };
}

const single = (word: string): string =>
  LETTERS.get(word) ?? (word === 'o' ? word : String(digitOf(word) ?? word));

/** Letter by letter, as it is read back: `m, e, i, dot`. */
export const spellEmail = (address: string, at: string, dot: string): string =>
  [...address]
    .map((char) => (char === '@' ? at : char === '.' ? dot : char.toUpperCase()))
    .join(', ');
