/** The dictionary of Debian's English model. */
import { readFileSync } from 'node:fs';
import { DICTIONARY } from './sphinx.ts';

/**
 * All ways to say each of `words`, as the dictionary has them. `A` rhymes with `day` only as a letter:
 * as an article it would take the place of `eight`.
 */
export function pronunciations(
  words: readonly string[],
): Map<string, [word: string, phones: string][]> {
  const wanted = new Set(words);
  const spells = wanted.has('b');
  const found = new Map<string, [string, string][]>();
  for (const line of readFileSync(DICTIONARY, 'utf8').split('\n')) {
    const space = line.indexOf(' ');
    const entry = line.slice(0, space);
    const word = entry.replace(/\(\d+\)$/, '');
    if (!wanted.has(word) || (word === 'a' && !spells && entry !== word)) continue;
    const ways = found.get(word) ?? [];
    found.set(word, ways);
    ways.push([entry, line.slice(space + 1).trim()]);
  }
  return found;
}
