/** A phrase is put beside every other that differs in one word, and beside no nonsense. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { automatonOf } from '#device/speech/automaton.ts';
import type { Rules } from '#device/speech/rules.ts';
import { phraseFsg, rivalsFsg } from '#firmware/recogniser/rivals.ts';

const RULES: Rules = {
  figure: { oneOf: ['four', 'six'] },
  tens: { oneOf: ['forty', 'sixty'] },
  number: { all: ['<tens>', { maybe: '<figure>', often: 0.5 }] },
  goods: { oneOf: ['tea', 'teas'] },
  order: { all: ['<number>', { maybe: { all: ['for', '<figure>', '<goods>'] }, often: 0.5 }] },
};
const grammar = automatonOf(RULES, 'order');
const sounds = [
  ['four', 'for'],
  ['tea', 'teas'],
];
const alike = (one: string, other: string): boolean =>
  one === other || sounds.some((each) => each.includes(one) && each.includes(other));

interface Step {
  readonly from: number;
  readonly to: number;
  readonly chance: string;
  readonly word: string;
}

function stepsOf(fsg: string): Step[] {
  return fsg.split('\n').flatMap((line) => {
    const [kind, from, to, chance = '', word = ''] = line.split(' ');
    return kind === 'TRANSITION' ? [{ from: Number(from), to: Number(to), chance, word }] : [];
  });
}

/** Every phrase of it, with the product of its probabilities. */
function phrasesOf(phrase: string, any: number, of = grammar, hard = any): Map<string, number> {
  return read(rivalsFsg(phrase.split(' '), of, alike, { any, hard }));
}

function read(fsg: string): Map<string, number> {
  const steps = stepsOf(fsg);
  const end = Number(/FINAL_STATE (\d+)/.exec(fsg)?.[1]);
  const found = new Map<string, number>();
  const walk = (at: number, words: readonly string[], chance: number): void => {
    if (at === end) found.set(words.join(' '), chance);
    for (const step of steps.filter(({ from }) => from === at)) {
      const more = step.word === '' ? words : [...words, step.word];
      walk(step.to, more, chance * Number(step.chance));
    }
  };
  walk(0, [], 1);
  return found;
}

test('another word, one more and one less, and the phrase itself with a handicap', () => {
  const found = phrasesOf('forty six', 0.25);
  assert.deepEqual(
    [...found].sort(([a], [b]) => a.localeCompare(b)),
    [
      ['forty', 1],
      ['forty four', 1],
      ['forty six', 0.25],
      ['sixty six', 1],
    ],
  );
});

test('what sounds the same is no rival', () => {
  const found = [...phrasesOf('sixty for four teas', 0.5).keys()].sort();
  assert.deepEqual(found, [
    'forty for four teas',
    'sixty for four teas',
    'sixty for six teas',
    'sixty four for four teas',
    'sixty six for four teas',
  ]);
});

test('six yuan and sixty one are rivals, in either order', () => {
  const rules: Rules = {
    amount: { oneOf: ['ten sixty one', 'ten six yuan', 'ten'] },
  };
  const amounts = automatonOf(rules, 'amount');
  const [one, other] = ['ten sixty one', 'ten six yuan'] as const;
  assert.equal(phrasesOf(one, 0.5, amounts).get(other), 1);
  assert.deepEqual(
    [...phrasesOf(other, 0.5, amounts)],
    [
      [other, 0.5],
      [one, 1],
    ],
  );
});

test('hard pairs have to be beaten by more, and all others by as much as before', () => {
  const words = 'five | nine | six | fifteen | fifty | sixteen | sixty'.split(' | ');
  const rules: Rules = {
    word: { oneOf: words },
    amount: { all: ['<word>', 'yuan', { maybe: '<word>', often: 0.5 }] },
  };
  const amounts = automatonOf(rules, 'amount');
  const [any, hard] = [2 ** -3, 2 ** -10];
  const chances = phrasesOf('sixteen yuan five', any, amounts, hard);
  const least = chances.get('sixteen yuan five') ?? 0;
  const handicapOf = (rival: string): number => least / (chances.get(rival) ?? 0);
  const expected = [
    ...['sixty yuan five', 'sixteen yuan nine'].map((rival) => [rival, hard] as const),
    ...['six yuan five', 'fifteen yuan five', 'sixteen yuan'].map((rival) => [rival, any] as const),
  ];
  for (const [rival, handicap] of expected) {
    // A weight is written with five figures.
    assert.ok(Math.abs(handicapOf(rival) / handicap - 1) < 1e-4, rival);
  }
  assert.ok(![...chances.values()].some((chance) => chance > 1));
});

test('a phrase alone is a grammar that takes nothing else', () => {
  assert.deepEqual([...read(phraseFsg(['forty', 'six']))], [['forty six', 1]]);
});
