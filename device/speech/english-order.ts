/** What a vendor says in English: an amount, goods, or goods for an amount. */
import { MAX_ORDER_MINOR } from '#device/messages/money.ts';
import { type EnglishAmount, englishAmountAt } from './english-money.ts';
import { cardinalAt, englishTokens, isParted } from './english-numbers.ts';
import { englishItemAt, englishNameReachesBack } from './items.ts';
import { type Part, type ReadPhrase, refuse, type SpeechStall, type SpokenTerm } from './phrase.ts';

/** What people say before and after an amount, which changes nothing. Longest first. */
const LEADS = [
  'that will be',
  "that'll be",
  'that comes to',
  'the amount is',
  'the total is',
  'it comes to',
  'that makes',
  "that's",
  'that is',
  "it's",
  'it is',
  'total',
  'charge',
  'please',
  'so',
  'okay',
  'ok',
].map((each) => each.split(' '));
const TAILS = [
  'in all',
  'in total',
  'all together',
  'altogether',
  'please',
  'thank you',
  'thanks',
  'total',
].map((each) => each.split(' '));
const HESITATIONS: ReadonlySet<string> = new Set(['um', 'uh', 'er', 'hm', 'ah', 'eh']);

const MAX_TOKENS = 60;
const MAX_QUANTITY = 9999;

const startsWith = (tokens: readonly string[], words: readonly string[]): boolean =>
  words.every((word, at) => tokens[at] === word);

/** Without what changes nothing. */
function strip(all: readonly string[]): string[] {
  let tokens = all.filter((token) => !HESITATIONS.has(token));
  for (;;) {
    const lead = LEADS.find((words) => startsWith(tokens, words));
    if (lead !== undefined) {
      tokens = tokens.slice(lead.length);
      continue;
    }
    const tail = TAILS.find((words) => startsWith(tokens.slice(-words.length), words));
    if (tail === undefined || tokens.length < tail.length) return tokens;
    tokens = tokens.slice(0, -tail.length);
  }
}

interface Goods {
  readonly quantity: number;
  readonly code: string | null;
}

/** Reads a whole phrase; all of it has to make sense. */
export function readEnglishOrder(text: string, stall: SpeechStall): ReadPhrase {
  if (isParted(text)) return refuse('ambiguous');
  const tokens = strip(englishTokens(text));
  if (tokens.length === 0) return refuse('nothing');
  if (tokens.length > MAX_TOKENS) return refuse('not_understood');
  const terms: SpokenTerm[] = [];
  for (let at = 0; ; at += 1) {
    const term = termAt(tokens, at, stall);
    if (term === null) return refuse('not_understood');
    if (!term.ok) return term;
    terms.push(term.value);
    at = term.next;
    if (at === tokens.length) break;
    const joiner = tokens[at];
    // "Twelve and fifty" is no sum: only goods are joined by `and`.
    const goods = term.value.code !== null && term.value.total_minor === null;
    if (joiner !== 'plus' && !(joiner === 'and' && goods)) return refuse('not_understood');
    if (joiner === 'and' && !isGoodsAlone(tokens, at + 1, stall)) return refuse('ambiguous');
  }
  return { ok: true, terms };
}

/** Whether goods without a price stand there, so that a price after them is not for all before it. */
function isGoodsAlone(tokens: readonly string[], at: number, stall: SpeechStall): boolean {
  const term = termAt(tokens, at, stall);
  return term?.ok === true && term.value.code !== null && term.value.total_minor === null;
}

function termAt(tokens: readonly string[], at: number, stall: SpeechStall): Part<SpokenTerm> {
  const goods = goodsAt(tokens, at, stall);
  if (goods !== null && !goods.ok) return goods;
  if (goods !== null) return goodsTermAt(tokens, goods.value, goods.next, stall);
  const amount = englishAmountAt(tokens, at, stall.currency);
  const count = cardinalAt(tokens, at);
  const byCount =
    count === null ? null : countTermAt(tokens, count.value, count.next, amount, stall);
  if (byCount !== null) return byCount;
  if (amount === null || !amount.ok) return amount;
  if (tokens[amount.next] !== 'for') return amountTerm(amount.value, amount.next);
  const whatFor = goodsAt(tokens, amount.next + 1, stall) ?? bareCountAt(tokens, amount.next + 1);
  if (whatFor === null || !whatFor.ok) return whatFor;
  return priced(whatFor.value, amount.value.minor, whatFor.next);
}

const amountTerm = (amount: EnglishAmount, next: number): Part<SpokenTerm> => ({
  ok: true,
  value: { quantity: 1, code: null, total_minor: amount.minor },
  next,
});

function priced(goods: Goods, totalMinor: number, next: number): Part<SpokenTerm> {
  if (totalMinor > MAX_ORDER_MINOR) return refuse('too_large');
  return { ok: true, value: { ...goods, total_minor: totalMinor }, next };
}

/** A count of things and the things: `two dumplings`, `a tea`. */
function goodsAt(tokens: readonly string[], at: number, stall: SpeechStall): Part<Goods> {
  const article = ['a', 'an', 'one', 'the'].includes(tokens[at] ?? '') ? 1 : null;
  const count = cardinalAt(tokens, at);
  const named = englishItemAt(tokens, at, stall.catalogue);
  // `Three cup chicken` is one of it, where that is its name.
  if (named?.is === 'item' && named.whole) {
    return { ok: true, value: { quantity: 1, code: named.item.code }, next: named.next };
  }
  const starts = [
    ...(count === null ? [] : [{ quantity: count.value, at: count.next }]),
    ...(article === null ? [] : [{ quantity: 1, at: at + 1 }]),
    { quantity: 1, at },
  ];
  for (const start of starts) {
    const skip = tokens[start.at] === 'of' ? start.at + 1 : start.at;
    const found = englishItemAt(tokens, skip, stall.catalogue);
    if (found === null) continue;
    if (found.is === 'several') return refuse('ambiguous');
    const { item, next } = found;
    if (englishNameReachesBack(tokens, [at, skip, next], item)) return refuse('ambiguous');
    if (start.quantity < 1) return refuse('zero');
    if (start.quantity > MAX_QUANTITY) return refuse('too_large');
    return {
      ok: true,
      value: { quantity: start.quantity, code: item.code },
      next,
    };
  }
  return null;
}

/** Goods, then perhaps what they cost: `for` all of them, `at` each. */
function goodsTermAt(
  tokens: readonly string[],
  goods: Goods,
  at: number,
  stall: SpeechStall,
): Part<SpokenTerm> {
  const word = tokens[at];
  if (word !== 'for' && word !== 'at') {
    return { ok: true, value: { ...goods, total_minor: null }, next: at };
  }
  const amount = englishAmountAt(tokens, at + 1, stall.currency);
  if (amount === null || !amount.ok) return amount;
  const each = eachAt(tokens, amount.next);
  const isEach = each > 0 || word === 'at';
  return priced(goods, amount.value.minor * (isEach ? goods.quantity : 1), amount.next + each);
}

/** How many tokens say that a price is for one. */
function eachAt(tokens: readonly string[], at: number): number {
  if (tokens[at] === 'each' || tokens[at] === 'apiece') return 1;
  return tokens[at] === 'a' && tokens[at + 1] === 'piece' ? 2 : 0;
}

function bareCountAt(tokens: readonly string[], at: number): Part<Goods> {
  const count = cardinalAt(tokens, at);
  if (count === null) return null;
  if (count.value < 1 || count.value > MAX_QUANTITY) return refuse('ambiguous');
  return { ok: true, value: { quantity: count.value, code: null }, next: count.next };
}

/**
 * A bare count: `two for five`, `three at four fifty`, `three times four fifty`. Where both numbers
 * could be either, the smaller first is how it is said; the other way round is refused.
 */
function countTermAt(
  tokens: readonly string[],
  quantity: number,
  at: number,
  first: Part<EnglishAmount>,
  stall: SpeechStall,
): Part<SpokenTerm> {
  const word = tokens[at];
  if (word !== 'for' && word !== 'at' && word !== 'times') return null;
  if (quantity < 1 || quantity > MAX_QUANTITY) return null;
  if (word === 'for' && goodsAt(tokens, at + 1, stall) !== null) return null;
  const amount = englishAmountAt(tokens, at + 1, stall.currency);
  if (amount === null || !amount.ok) return amount;
  const goods = { quantity, code: null };
  const each = eachAt(tokens, amount.next);
  const isEach = each > 0 || word !== 'for';
  const total = amount.value.minor * (isEach ? quantity : 1);
  const plain = word === 'for' && !amount.value.isMoney && each === 0;
  if (plain && first?.ok === true && first.value.minor >= amount.value.minor) {
    return refuse('ambiguous');
  }
  return priced(goods, total, amount.next + each);
}
