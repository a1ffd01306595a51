/**
 * What else could have been said: a phrase beside every phrase of the grammar that differs from it in
 * one word, or in two that are easily taken for one another, with a handicap for the first, and a
 * larger one against words that are hard to tell apart. A decoder that still chooses it heard it clearly.
 */
import { type Automaton, takes } from '#device/speech/automaton.ts';

/** Whether two words sound, or mean, the same: `four` and `for`, `dumpling` and `dumplings`. */
export type Alike = (one: string, other: string) => boolean;

/** The probability of a phrase against that of each rival; of both, between 0 and 1. */
export interface Handicaps {
  readonly any: number;
  /** Against a rival with the other word of a hard pair; not above `any`. */
  readonly hard: number;
}

interface Change {
  /** Of the places between and before words. */
  readonly from: number;
  readonly to: number;
  /** None where a word is left out. */
  readonly words: readonly string[];
  /** Whether one word of a hard pair takes the place of the other. */
  readonly hard: boolean;
}

/** `Six yuan` and `sixty one` differ in two words, and in hardly a sound. */
const TWINS: readonly (readonly [string, string])[] = [
  ['four yuan', 'forty one'],
  ['six yuan', 'sixty one'],
  ['seven yuan', 'seventy one'],
  ['eight yuan', 'eighty one'],
  ['nine yuan', 'ninety one'],
];

/** Easily one for the other, with every decoder agreed. */
const HARD: readonly (readonly [string, string])[] = [
  ['thirteen', 'thirty'],
  ['fourteen', 'forty'],
  ['fifteen', 'fifty'],
  ['sixteen', 'sixty'],
  ['seventeen', 'seventy'],
  ['eighteen', 'eighty'],
  ['nineteen', 'ninety'],
  ['five', 'nine'],
  ['fifteen', 'nineteen'],
  ['fifty', 'ninety'],
];
const isHard = (one: string | undefined, other: string): boolean =>
  HARD.some(([a, b]) => (one === a && other === b) || (one === b && other === a));

const twinOf = (said: string): string | undefined =>
  TWINS.flatMap(([one, other]) => (said === one ? [other] : said === other ? [one] : []))[0];

/** Every change that the grammar still takes. */
function changesOf(phrase: readonly string[], grammar: Automaton, alike: Alike): Change[] {
  const every = new Set(grammar.steps.flatMap((step) => [...step.keys()]));
  const changes: Change[] = [];
  const add = (from: number, to: number, ...words: string[]): void => {
    const changed = [...phrase.slice(0, from), ...words, ...phrase.slice(to)];
    if (!takes(grammar, changed)) return;
    const hard = to === from + 1 && words.length === 1 && isHard(phrase[from], words[0] ?? '');
    changes.push({ from, to, words, hard });
  };
  for (let from = 0; from <= phrase.length; from += 1) {
    const said = phrase[from];
    if (said !== undefined) {
      add(from, from + 1);
      for (const word of every) if (!alike(said, word)) add(from, from + 1, word);
      const twin = twinOf(`${said} ${phrase[from + 1]}`);
      if (twin !== undefined) add(from, from + 2, ...twin.split(' '));
    }
    for (const word of every) add(from, from, word);
  }
  return changes;
}

/**
 * The phrase and its rivals in the finite-state grammar format of Sphinx. Two rows of
 * states: nothing changed yet, and changed. A probability is at most 1, so that the hard rivals have 1,
 * and all others less.
 */
export function rivalsFsg(
  phrase: readonly string[],
  grammar: Automaton,
  alike: Alike,
  { any, hard }: Handicaps,
): string {
  const row = phrase.length + 1;
  const end = 2 * row;
  const same = phrase.flatMap((word, at) => [
    `TRANSITION ${at} ${at + 1} 1.0 ${word}`,
    `TRANSITION ${row + at} ${row + at + 1} 1.0 ${word}`,
  ]);
  let states = end + 1;
  const changed = changesOf(phrase, grammar, alike).flatMap((change) => {
    const { from, to, words } = change;
    const weight = change.hard ? '1.0' : (hard / any).toExponential(4);
    const [first = '', second] = words;
    if (second === undefined)
      return [`TRANSITION ${from} ${row + to} ${weight} ${first}`.trimEnd()];
    const between = states;
    states += 1;
    return [
      `TRANSITION ${from} ${between} ${weight} ${first}`,
      `TRANSITION ${between} ${row + to} 1.0 ${second}`,
    ];
  });
  return [
    'FSG_BEGIN <rivals>',
    `NUM_STATES ${states}`,
    'START_STATE 0',
    `FINAL_STATE ${end}`,
    ...same,
    ...changed,
    `TRANSITION ${phrase.length} ${end} ${hard.toExponential(4)}`,
    `TRANSITION ${row + phrase.length} ${end} 1.0`,
    'FSG_END',
    '',
  ].join('\n');
}

/** One phrase and nothing else, in the same format. */
export const phraseFsg = (phrase: readonly string[]): string =>
  [
    'FSG_BEGIN <phrase>',
    `NUM_STATES ${phrase.length + 1}`,
    'START_STATE 0',
    `FINAL_STATE ${phrase.length}`,
    ...phrase.map((word, at) => `TRANSITION ${at} ${at + 1} 1.0 ${word}`),
    'FSG_END',
    '',
  ].join('\n');
