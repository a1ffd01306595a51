/** English cardinals, as words or figures. */

const SMALL = (
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen ' +
  'sixteen seventeen eighteen nineteen'
).split(' ');
const TENS = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');

const VALUES: ReadonlyMap<string, number> = new Map([
  ...SMALL.map((word, value): [string, number] => [word, value]),
  ...TENS.map((word, at): [string, number] => [word, 20 + 10 * at]),
  ['fourty', 40],
]);

/** Words of numbers that a recogniser must know. */
export const NUMBER_WORDS: readonly string[] = [
  ...SMALL,
  ...TENS,
  ...['hundred', 'thousand', 'point', 'and', 'a', 'oh', 'half', 'quarter'],
];

export interface Cardinal {
  readonly value: number;
  /** The token after it. */
  readonly next: number;
}

/** Nothing that costs more is sold here; also keeps every sum exact. */
const MAX_FIGURES = 7;

const plainText = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[’‘]/g, "'")
    .replace(/(\d),(?=\d{3}(\D|$))/g, '$1');

/** Tokens of a phrase: words in lower case, numerals as `12` or `12.50`, signs of money. */
export const englishTokens = (text: string): string[] =>
  plainText(text).match(/hk\$|\d+(\.\d+)?|\.\d+|[a-z']+|[$€£¥₹]|[^\s,.!?;:"()–—-]+/gu) ?? [];

const FIGURE = `(?:\\d|\\b(?:${[...SMALL, ...TENS, 'oh'].join('|')})\\b)`;
/** `Five, six yuan` is five or six; `-12.50` is no amount. */
const PARTED = new RegExp(`${FIGURE}\\s*[,;:!?]\\s*${FIGURE}|[a-z]\\.\\s*${FIGURE}`);
const NEGATIVE = /(^|[^a-z\d])[-−–—]\s*[\d.$€£¥₹]/;

/** Whether signs say what the words alone do not: figures apart from each other, or less than nothing. */
export const isParted = (text: string): boolean =>
  PARTED.test(plainText(text)) || NEGATIVE.test(plainText(text));

const isNumeral = (token: string): boolean => /^\d*\.?\d+$/.test(token);

/** The value of one figure's word or numeral, 0 to 9, with `oh` for 0. */
export function digitOf(token: string | undefined): number | null {
  if (token === undefined) return null;
  if (token === 'oh' || token === 'o' || token === 'nought') return 0;
  if (/^\d$/.test(token)) return Number(token);
  const value = VALUES.get(token);
  return value !== undefined && value < 10 ? value : null;
}

/** The decimal numeral at `at`, such as `12.50`. */
export function numeralAt(tokens: readonly string[], at: number): string | null {
  const token = tokens[at];
  return token !== undefined && isNumeral(token) ? token : null;
}

/** 1 to 99, the longest that begins at `at`. */
function below100(tokens: readonly string[], at: number): Cardinal | null {
  const token = tokens[at];
  if (token === undefined) return null;
  const value = VALUES.get(token);
  if (value === undefined) return null;
  if (value < 20) return { value, next: at + 1 };
  const ones = VALUES.get(tokens[at + 1] ?? '');
  if (ones === undefined || ones === 0 || ones > 9) return { value, next: at + 1 };
  return { value: value + ones, next: at + 2 };
}

/** `head`, then what follows it with or without `and`. */
function withRest(
  tokens: readonly string[],
  head: Cardinal,
  rest: (at: number) => Cardinal | null,
): Cardinal {
  const joined = tokens[head.next] === 'and';
  const tail = joined ? below100(tokens, head.next + 1) : rest(head.next);
  if (tail === null || tail.value === 0) return head;
  // "A hundred and two thousand" would be read as a hundred, two thousand by some.
  return { value: head.value + tail.value, next: tail.next };
}

/** Up to 9,999 as hundreds: `three hundred and five`, `twelve hundred fifty`. */
function belowThousands(tokens: readonly string[], at: number): Cardinal | null {
  const article = tokens[at] === 'a' && tokens[at + 1] === 'hundred';
  const bare = tokens[at] === 'hundred' && tokens[at - 1] !== 'thousand';
  const count = article
    ? { value: 1, next: at + 1 }
    : bare
      ? { value: 1, next: at }
      : below100(tokens, at);
  if (count === null || tokens[count.next] !== 'hundred' || count.value === 0) return count;
  const head = { value: count.value * 100, next: count.next + 1 };
  return withRest(tokens, head, (next) => below100(tokens, next));
}

/** The longest whole number in words that begins at `at`, 0 to 999,999; or `null`. */
export function cardinalAt(tokens: readonly string[], at: number): Cardinal | null {
  // `Three yuan 05` is not three yuan five.
  if (/^(0|[1-9]\d*)$/.test(tokens[at] ?? '') && (tokens[at] ?? '').length <= MAX_FIGURES) {
    return { value: Number(tokens[at]), next: at + 1 };
  }
  const article = tokens[at] === 'a' && tokens[at + 1] === 'thousand';
  const count = article ? { value: 1, next: at + 1 } : belowThousands(tokens, at);
  if (count === null || tokens[count.next] !== 'thousand') return count;
  if (count.value === 0 || count.value > 999) return null;
  const head = { value: count.value * 1000, next: count.next + 1 };
  return withRest(tokens, head, (next) => {
    const rest = belowThousands(tokens, next);
    return rest !== null && rest.value < 1000 ? rest : null;
  });
}
