/**
 * A trigram language model in the ARPA format, made from example phrases: what a decoder leans on
 * where it is free to hear any word after any other.
 */

type Counts = Map<string, number>;

const BEGIN = '<s>';
const END = '</s>';

function add(counts: Counts, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

interface Node {
  /** How often the context was followed by anything, and by how many different words. */
  total: number;
  kinds: number;
}

function contexts(counts: Counts): Map<string, Node> {
  const found = new Map<string, Node>();
  for (const [gram, count] of counts) {
    const context = gram.slice(0, gram.lastIndexOf(' '));
    const node = found.get(context) ?? { total: 0, kinds: 0 };
    found.set(context, { total: node.total + count, kinds: node.kinds + 1 });
  }
  return found;
}

const log = (value: number): string => Math.log10(value).toFixed(4);
/** The format's own "never". */
const NEVER = '-99.0000';

/** The model of `phrases`, each a list of words; smoothed after Witten and Bell (1991), interpolated. */
export function arpaOf(phrases: Iterable<readonly string[]>): string {
  const [ones, twos, threes]: [Counts, Counts, Counts] = [new Map(), new Map(), new Map()];
  for (const phrase of phrases) {
    const words = [BEGIN, ...phrase, END];
    for (let at = 0; at < words.length; at += 1) {
      if (at > 0) add(ones, words[at] ?? '');
      if (at > 0) add(twos, `${words[at - 1]} ${words[at]}`);
      if (at > 1) add(threes, `${words[at - 2]} ${words[at - 1]} ${words[at]}`);
    }
  }
  const total = [...ones.values()].reduce((sum, count) => sum + count, 0);
  const ofOne = (word: string): number => (ones.get(word) ?? 0) / total;
  const [pairs, triples] = [contexts(twos), contexts(threes)];
  const mix = (count: number, node: Node, lower: number): number =>
    (count + node.kinds * lower) / (node.total + node.kinds);
  const rest = ({ total: all, kinds }: Node): number => kinds / (all + kinds);
  const lastOf = (gram: string): string => gram.slice(gram.lastIndexOf(' ') + 1);
  const ofTwo = (first: string, second: string): number => {
    const node = pairs.get(first);
    const count = twos.get(`${first} ${second}`) ?? 0;
    return node === undefined ? ofOne(second) : mix(count, node, ofOne(second));
  };

  const unigrams = [BEGIN, ...ones.keys()].map((word) => {
    const node = pairs.get(word);
    const weight = node === undefined ? '' : ` ${log(rest(node))}`;
    return `${word === BEGIN ? NEVER : log(ofOne(word))} ${word}${weight}`;
  });
  const bigrams = [...twos.keys()].map((gram) => {
    const node = triples.get(gram);
    const [first = '', second = ''] = gram.split(' ');
    const weight = node === undefined ? '' : ` ${log(rest(node))}`;
    return `${log(ofTwo(first, second))} ${gram}${weight}`;
  });
  const trigrams = [...threes].map(([gram, count]) => {
    const [, middle = ''] = gram.split(' ');
    const node = triples.get(gram.slice(0, gram.lastIndexOf(' ')));
    const lower = ofTwo(middle, lastOf(gram));
    return `${log(node === undefined ? lower : mix(count, node, lower))} ${gram}`;
  });
  return [
    '\\data\\',
    `ngram 1=${unigrams.length}`,
    `ngram 2=${bigrams.length}`,
    `ngram 3=${trigrams.length}`,
    ...['', '\\1-grams:', ...unigrams],
    ...['', '\\2-grams:', ...bigrams],
    ...['', '\\3-grams:', ...trigrams],
    '',
    '\\end\\',
    '',
  ].join('\n');
}
