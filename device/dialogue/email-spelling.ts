/** E-mail addresses as they are spelt over a telephone: "m e i dot lin at example dot com". */
import { digitOf } from '../speech/english-numbers.ts';

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
  /^(my|e-?mail|email|mail|address|is|it's|its|please|the|as|in|um|uh|capital|letter)$/;
const ADDRESS = /^[a-z0-9._%+-]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)+$/;

/** The address, in small letters; `null` where it is none. */
export function readSpeltEmail(text: string): string | null {
  const words = text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/艾特|圈a/g, ' at ')
    .replace(/点/g, ' dot ')
    .replace(/下划线/g, ' underscore ')
    .replace(/[,;，。]|[.!?](\s|$)/g, ' ')
    .split(/\s+/)
    .filter((word) => word !== '');
  const start = words.findIndex((word) => !FILLERS.test(word));
  if (start < 0) return null;
  let address = '';
  for (const [at, word] of words.slice(start).entries()) {
    const figure = /^\d+$/.test(word) ? word : digitOf(word === 'o' ? undefined : word);
    // "as in" and what follows only explain the letter before.
    if (/^(as|in)$/.test(word)) continue;
    if (words[start + at - 1] === 'in' && words[start + at - 2] === 'as') continue;
    address += SIGNS.get(word) ?? LETTERS.get(word) ?? (figure === null ? word : String(figure));
  }
  return ADDRESS.test(address) && !address.includes('..') ? address : null;
}

/** Letter by letter, as it is read back: `m, e, i, dot`. */
export const spellEmail = (address: string, at: string, dot: string): string =>
  [...address]
    .map((char) => (char === '@' ? at : char === '.' ? dot : char.toUpperCase()))
    .join(', ');
