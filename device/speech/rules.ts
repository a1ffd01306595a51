/**
 * What may be said, written once: a grammar for the decoder that hears nothing else (automaton.ts), and
 * example phrases for the decoder that leans on likelihood (language-model.ts).
 */

export type Rule =
  /** Words, or the name of another rule: `<amount>`. */
  | string
  | { readonly all: readonly Rule[] }
  /** `weights` say how often each is an example; all are equally welcome to the grammar. */
  | { readonly oneOf: readonly Rule[]; readonly weights?: readonly number[] }
  /** Perhaps; `often` of the examples have it, 0 to 1. */
  | { readonly maybe: Rule; readonly often: number };

export type Rules = Readonly<Record<string, Rule>>;

/** Every word that a phrase may have. */
export function wordsOf(rules: Rules): string[] {
  const words = new Set<string>();
  const collect = (rule: Rule): void => {
    if (typeof rule === 'string') {
      for (const word of rule.split(' ')) if (!word.startsWith('<')) words.add(word);
    } else if ('all' in rule) rule.all.forEach(collect);
    else if ('oneOf' in rule) rule.oneOf.forEach(collect);
    else collect(rule.maybe);
  };
  Object.values(rules).forEach(collect);
  return [...words];
}

/** The rules without the choices that have a word which can't be recognised. */
export function pruned(rules: Rules, knows: (word: string) => boolean): Rules {
  const fits = (rule: Rule): boolean =>
    typeof rule !== 'string' ||
    rule.split(' ').every((word) => word.startsWith('<') || knows(word));
  const prune = (rule: Rule): Rule => {
    if (typeof rule === 'string') return rule;
    if ('all' in rule) return { all: rule.all.map(prune) };
    if ('maybe' in rule) return { maybe: prune(rule.maybe), often: rule.often };
    const kept = rule.oneOf.flatMap((each, at) => (fits(each) ? [{ each, at }] : []));
    const oneOf = kept.map(({ each }) => prune(each));
    return { oneOf, weights: kept.map(({ at }) => rule.weights?.[at] ?? 1) };
  };
  return Object.fromEntries(Object.entries(rules).map(([name, rule]) => [name, prune(rule)]));
}

/** So many phrases of the rule `from`, the same ones each time. */
export function* examplesOf(rules: Rules, from: string, count: number): Generator<string[]> {
  let state = 0x2545f491;
  const chance = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const say = (rule: Rule): string[] => {
    if (typeof rule === 'string') return rule.split(' ').flatMap(sayWord);
    if ('all' in rule) return rule.all.flatMap(say);
    if ('maybe' in rule) return chance() < rule.often ? say(rule.maybe) : [];
    return say(choose(rule.oneOf, rule.weights, chance()));
  };
  const sayWord = (word: string): string[] => {
    if (!word.startsWith('<')) return [word];
    const rule = rules[word.slice(1, -1)];
    if (rule === undefined) throw new RangeError(`there is no rule ${word}`);
    return say(rule);
  };
  for (let at = 0; at < count; at += 1) yield sayWord(`<${from}>`);
}

function choose(rules: readonly Rule[], weights: readonly number[] = [], chance: number): Rule {
  const weigh = (at: number): number => weights[at] ?? 1;
  let left = chance * rules.reduce<number>((sum, _, at) => sum + weigh(at), 0);
  for (const [at, rule] of rules.entries()) {
    left -= weigh(at);
    if (left < 0) return rule;
  }
  return rules.at(-1) ?? '';
}
