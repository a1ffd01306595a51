/**
 * What else could have been said: a phrase beside every phrase of the grammar that differs from it in
 * one word, with a handicap for the first. A decoder that still chooses it heard it clearly.
 */
import { type Automaton, takes } from '#device/speech/automaton.ts';

/** Whether two words sound, or mean, the same: `four` and `for`, `dumpling` and `dumplings`. */
export type Alike = (one: string, other: string) => boolean;

interface Change {
  /** Of the places between and before words. */
  readonly from: number;
  readonly to: number;
  /** '' for a word that is left out. */
  readonly word: string;
}

/** Every change of one word, other, left out or put in, that the grammar still takes. */
function changesOf(phrase: readonly string[], grammar: Automaton, alike: Alike): Change[] {
  const words = new Set(grammar.steps.flatMap((step) => [...step.keys()]));
  const fits = (from: number, to: number, word: string): boolean =>
    takes(grammar, [...phrase.slice(0, from), ...(word === '' ? [] : [word]), ...phrase.slice(to)]);
  const changes: Change[] = [];
  for (let from = 0; from <= phrase.length; from += 1) {
    const said = phrase[from];
    const others = [...words].filter((word) => said !== undefined && !alike(said, word));
    for (const word of said === undefined ? [] : ['', ...others]) {
      if (fits(from, from + 1, word)) changes.push({ from, to: from + 1, word });
    }
    for (const word of words) if (fits(from, from, word)) changes.push({ from, to: from, word });
  }
  return changes;
}

/**
 * The phrase and its rivals in the finite-state grammar format of Sphinx. `handicap` is the
 * probability of the phrase against that of each rival. Two rows of states: nothing changed yet, and
 * changed.
 */
export function rivalsFsg(
  phrase: readonly string[],
  grammar: Automaton,
  alike: Alike,
  handicap: number,
): string {
  const row = phrase.length + 1;
  const end = 2 * row;
  const same = phrase.flatMap((word, at) => [
    `TRANSITION ${at} ${at + 1} 1.0 ${word}`,
    `TRANSITION ${row + at} ${row + at + 1} 1.0 ${word}`,
  ]);
  const changed = changesOf(phrase, grammar, alike).map(({ from, to, word }) =>
    `TRANSITION ${from} ${row + to} 1.0 ${word}`.trimEnd(),
  );
  return [
    'FSG_BEGIN <rivals>',
    `NUM_STATES ${end + 1}`,
    'START_STATE 0',
    `FINAL_STATE ${end}`,
    ...same,
    ...changed,
    `TRANSITION ${phrase.length} ${end} ${handicap.toExponential(4)}`,
    `TRANSITION ${row + phrase.length} ${end} 1.0`,
    'FSG_END',
    '',
  ].join('\n');
}
