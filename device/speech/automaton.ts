/**
 * Rules as the smallest deterministic automaton that takes their phrases. A decoder's own expansion
 * of a grammar copies a rule wherever it is named, which for prices takes minutes and half a
 * gigabyte; this takes milliseconds and has a few hundred states.
 */
import type { Rule, Rules } from './rules.ts';

export interface Automaton {
  /** State → word → state; state 0 is the start. */
  readonly steps: readonly ReadonlyMap<string, number>[];
  readonly finals: ReadonlySet<number>;
}

/** Edges of a nondeterministic automaton; a word of '' is taken in silence. */
interface Sketch {
  readonly edges: { readonly word: string; readonly to: number }[][];
}

function sketchOf(rules: Rules, from: string): { sketch: Sketch; end: number } {
  const sketch: Sketch = { edges: [[]] };
  const state = (): number => sketch.edges.push([]) - 1;
  const edge = (at: number, word: string, to: number): void => {
    sketch.edges[at]?.push({ word, to });
  };
  const draw = (rule: Rule, at: number): number => {
    if (typeof rule === 'string')
      return rule.split(' ').reduce((place, word) => step(word, place), at);
    if ('all' in rule) return rule.all.reduce<number>((place, part) => draw(part, place), at);
    const end = state();
    if ('maybe' in rule) {
      edge(at, '', end);
      edge(draw(rule.maybe, at), '', end);
    } else for (const choice of rule.oneOf) edge(draw(choice, at), '', end);
    return end;
  };
  const step = (word: string, at: number): number => {
    if (word.startsWith('<')) {
      const named = rules[word.slice(1, -1)];
      if (named === undefined) throw new RangeError(`there is no rule ${word}`);
      return draw(named, at);
    }
    const to = state();
    edge(at, word, to);
    return to;
  };
  return { end: step(`<${from}>`, 0), sketch };
}

/** All states that can be reached in silence, as a sorted list. */
function closure({ edges }: Sketch, states: Iterable<number>): number[] {
  const reached = new Set(states);
  for (const at of reached) {
    for (const { word, to } of edges[at] ?? []) if (word === '') reached.add(to);
  }
  return [...reached].sort((a, b) => a - b);
}

/** The automaton of the phrases of the rule `from`. No rule may name itself. */
export function automatonOf(rules: Rules, from: string): Automaton {
  const { sketch, end } = sketchOf(rules, from);
  const sets: number[][] = [closure(sketch, [0])];
  const known = new Map([[sets[0]?.join() ?? '', 0]]);
  const steps: Map<string, number>[] = [];
  for (let at = 0; at < sets.length; at += 1) {
    const targets = new Map<string, Set<number>>();
    for (const state of sets[at] ?? []) {
      for (const { word, to } of sketch.edges[state] ?? []) {
        if (word !== '') targets.set(word, (targets.get(word) ?? new Set()).add(to));
      }
    }
    const step = new Map<string, number>();
    for (const [word, to] of targets) {
      const set = closure(sketch, to);
      const key = set.join();
      const there = known.get(key) ?? sets.push(set) - 1;
      known.set(key, there);
      step.set(word, there);
    }
    steps.push(step);
  }
  const finals = new Set(sets.flatMap((set, at) => (set.includes(end) ? [at] : [])));
  return smallest({ steps, finals });
}

/** States that nothing tells apart become one (Moore's partition refinement). */
function smallest({ steps, finals }: Automaton): Automaton {
  let group: number[] = steps.map((_, at) => (finals.has(at) ? 1 : 0));
  for (let count = 0; ; ) {
    const names = new Map<string, number>();
    const next = steps.map((step, at) => {
      const ways = [...step].map(([word, to]) => `${word}:${group[to]}`).sort();
      const key = `${group[at]}|${ways.join()}`;
      const name = names.get(key) ?? names.size;
      names.set(key, name);
      return name;
    });
    // State 0 is met first, so its group stays number 0.
    group = next;
    if (names.size === count) break;
    count = names.size;
  }
  const merged: ReadonlyMap<string, number>[] = [];
  for (const [at, step] of steps.entries()) {
    const name = group[at] ?? 0;
    merged[name] ??= new Map([...step].map(([word, to]) => [word, group[to] ?? 0]));
  }
  return { steps: merged, finals: new Set([...finals].map((at) => group[at] ?? 0)) };
}

/** Whether the automaton takes this phrase. */
export function takes({ steps, finals }: Automaton, words: readonly string[]): boolean {
  let at: number | undefined = 0;
  for (const word of words) {
    at = steps[at]?.get(word);
    if (at === undefined) return false;
  }
  return finals.has(at);
}

/** In the finite-state grammar format of Sphinx, where all words of a state are as likely. */
export function fsgOf(name: string, { steps, finals }: Automaton): string {
  const end = steps.length;
  const lines = steps.flatMap((step, at) => [
    ...[...step].map(([word, to]) => `TRANSITION ${at} ${to} 1.0 ${word}`),
    ...(finals.has(at) ? [`TRANSITION ${at} ${end} 1.0`] : []),
  ]);
  return [
    `FSG_BEGIN <${name}>`,
    `NUM_STATES ${end + 1}`,
    'START_STATE 0',
    `FINAL_STATE ${end}`,
    ...lines,
    'FSG_END',
    '',
  ].join('\n');
}
