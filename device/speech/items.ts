/** Goods of the catalogue by their spoken names. */
import type { CatalogueItem } from '#device/messages/enrolment.ts';
import { digitOf, englishTokens } from './english-numbers.ts';

export type FoundItem =
  /** `whole`: not only the end of its name was said. */
  | {
      readonly is: 'item';
      readonly item: CatalogueItem;
      readonly next: number;
      readonly whole: boolean;
    }
  | { readonly is: 'several'; readonly next: number };

/** `dumplings` and `dumpling`, `dishes` and `dish`, `berries` and `berry` are one word. */
export function singular(word: string): string {
  if (/[^aeiou]ies$/.test(word)) return `${word.slice(0, -3)}y`;
  if (/(s|x|z|ch|sh)es$/.test(word)) return word.slice(0, -2);
  return /[^su]s$/.test(word) ? word.slice(0, -1) : word;
}

/** Words of a name as they are compared; `7 Up` and `seven up` are the same words. */
export const nameWords = (name: string): string[] => englishTokens(name).map(comparable);

const comparable = (word: string): string => String(digitOf(word) ?? singular(word));

interface Match {
  readonly item: CatalogueItem;
  readonly length: number;
  readonly whole: boolean;
}

/** The longest wins; of two as long, the whole name; what is left of two is nobody's guess. */
function choose(matches: readonly Match[], at: number): FoundItem | null {
  const longest = Math.max(...matches.map(({ length }) => length));
  const best = matches.filter(({ length }) => length === longest);
  const whole = best.filter((match) => match.whole);
  const [only, other] = whole.length > 0 ? whole : best;
  if (only === undefined) return null;
  const next = at + longest;
  if (other !== undefined) return { is: 'several', next };
  return { is: 'item', item: only.item, next, whole: only.whole };
}

/**
 * The item whose name, or the end of whose name, begins at `at`: "dumplings" is enough for "Pork
 * dumplings" where nothing else ends so.
 */
export function englishItemAt(
  tokens: readonly string[],
  at: number,
  catalogue: readonly CatalogueItem[],
): FoundItem | null {
  const said = tokens.slice(at).map(comparable);
  const matches = catalogue.flatMap((item): Match[] => {
    const words = nameWords(item.name);
    return words.flatMap((_, from) => {
      const part = words.slice(from);
      const fits = part.every((word, place) => said[place] === word);
      return fits ? [{ item, length: part.length, whole: from === 0 }] : [];
    });
  });
  return choose(matches, at);
}

const chineseName = ({ name }: CatalogueItem): string =>
  name.normalize('NFKC').toLowerCase().replace(/\s/g, '');

/**
 * Whether the name that ends at `next` begins before `start`, in what was taken for a number from `from`
 * on: `twenty five spice beef` where there is `Five spice beef`.
 */
export function englishNameReachesBack(
  tokens: readonly string[],
  [from, start, next]: readonly [from: number, start: number, next: number],
  item: CatalogueItem,
): boolean {
  const words = nameWords(item.name).join(' ');
  return range(from, start).some((at) =>
    ` ${words}`.endsWith(` ${tokens.slice(at, next).map(comparable).join(' ')}`),
  );
}

/** The same in Chinese: 五块五香牛肉 where there is 五香牛肉. */
export const chineseNameReachesBack = (
  text: string,
  [from, start, next]: readonly [from: number, start: number, next: number],
  item: CatalogueItem,
): boolean => range(from, start).some((at) => chineseName(item).endsWith(text.slice(at, next)));

const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, at) => from + at);

/** The same in Chinese, by characters; the end of a name counts from two characters on. */
export function chineseItemAt(
  text: string,
  at: number,
  catalogue: readonly CatalogueItem[],
): FoundItem | null {
  const matches = catalogue.flatMap((item): Match[] => {
    const name = chineseName(item);
    const shortest = Math.min(2, name.length);
    return Array.from({ length: name.length - shortest + 1 }, (_, from) => name.slice(from))
      .filter((part) => text.startsWith(part, at))
      .map((part) => ({ item, length: part.length, whole: part === name }));
  });
  return choose(matches, at);
}
