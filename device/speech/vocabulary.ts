/** What a recogniser is to listen for. */
import type { CatalogueItem } from '#device/messages/enrolment.ts';
import { CURRENCIES, type Currency } from '#device/messages/money.ts';
import type { Vocabulary } from '#device/ports/recogniser.ts';
import { englishTokens } from './english-numbers.ts';
import { singular } from './items.ts';
import type { Rule, Rules } from './rules.ts';

const TENS = 'twenty | thirty | forty | fifty | sixty | seventy | eighty | ninety'.split(' | ');
const FIGURES = 'one | two | three | four | five | six | seven | eight | nine'.split(' | ');
const TEENS =
  'ten | eleven | twelve | thirteen | fourteen | fifteen | sixteen | seventeen | eighteen | nineteen'.split(
    ' | ',
  );

const NUMBERS: Rules = {
  figure: { oneOf: FIGURES },
  pair: {
    oneOf: [{ oneOf: TEENS }, { all: [{ oneOf: TENS }, { maybe: '<figure>', often: 0.5 }] }],
  },
  /** Prices end in round figures far more often than in others. */
  cents: { oneOf: ['fifty', { oneOf: TENS }, '<pair>'], weights: [2, 2, 3] },
  small: { oneOf: ['<figure>', '<pair>'], weights: [1, 2] },
  hundreds: {
    all: [
      { oneOf: ['a', '<figure>', '<pair>'], weights: [3, 8, 1] },
      'hundred',
      { maybe: { all: [{ maybe: 'and', often: 0.5 }, '<small>'] }, often: 0.7 },
    ],
  },
  thousands: {
    all: [
      { oneOf: ['a', '<small>', '<hundreds>'], weights: [2, 4, 1] },
      'thousand',
      { maybe: { oneOf: ['<hundreds>', { all: ['and', '<small>'] }] }, often: 0.6 },
    ],
  },
  whole: { oneOf: ['<small>', '<hundreds>', '<thousands>'], weights: [12, 4, 1] },
};

/** Words of the units in the order they are said; the first of each is the usual one. */
const SPOKEN: Readonly<Record<Currency, { major: string[]; tenth?: string[]; minor: string[] }>> = {
  CNY: { major: ['yuan', 'kuai'], tenth: ['mao'], minor: ['fen'] },
  EUR: { major: ['euros', 'euro'], minor: ['cents', 'cent'] },
  GBP: { major: ['pounds', 'pound'], minor: ['pence', 'penny'] },
  HKD: { major: ['dollars', 'dollar'], minor: ['cents', 'cent'] },
  INR: { major: ['rupees', 'rupee'], minor: ['paise'] },
  JPY: { major: ['yen'], minor: [] },
  KES: { major: ['shillings', 'shilling'], minor: ['cents', 'cent'] },
  USD: { major: ['dollars', 'dollar'], minor: ['cents', 'cent'] },
};

/** Ways to say a price; `twelve fifty` is the most usual. */
function amountRules(currency: Currency): Rules {
  const { major, tenth = [], minor } = SPOKEN[currency];
  const bare: Rules = { ...NUMBERS, major: { oneOf: major } };
  if (CURRENCIES[currency].places === 0) {
    return { ...bare, amount: { all: ['<whole>', { maybe: '<major>', often: 0.6 }] } };
  }
  const inMinor = { all: [{ maybe: 'and', often: 0.3 }, '<small>', '<minor>'] };
  const after: Rule[] = ['<cents>', 'oh <figure>', inMinor];
  const ofTenth: Rule[] = tenth.length === 0 ? [] : ['<figure> <tenth>', '<figure>'];
  return {
    ...bare,
    minor: { oneOf: minor },
    ...(tenth.length === 0 ? {} : { tenth: { oneOf: tenth } }),
    part: { oneOf: [...after, ...ofTenth], weights: [6, 1, 2, 1, 3] },
    amount: {
      oneOf: [
        // Without a unit: `forty sixty yuan` would be heard in `forty six yuan`.
        { all: ['<whole>', { oneOf: ['<cents>', 'oh <figure>'], weights: [6, 1] }] },
        { all: ['<whole>', '<major>', { maybe: '<part>', often: 0.5 }] },
        '<whole>',
        {
          all: [
            '<whole>',
            'point',
            '<figure>',
            { maybe: '<figure>', often: 0.5 },
            { maybe: '<major>', often: 0.4 },
          ],
        },
        { all: ['<small>', 'and a half', { maybe: '<major>', often: 0.4 }] },
        { all: ['<small>', '<minor>'] },
        ...(tenth.length === 0 ? [] : ['<figure> <tenth>']),
      ],
      weights: [10, 12, 5, 2, 1, 2, 1],
    },
  };
}

/** How an item may be called: its name, one or several of it. */
export function spokenNames(item: CatalogueItem): string[] {
  const words = englishTokens(item.name);
  const last = words.at(-1);
  if (last === undefined || !words.every((word) => /^[a-z']+$/.test(word))) return [];
  const one = singular(last);
  const many = /(s|x|z|ch|sh)$/.test(one)
    ? `${one}es`
    : /[^aeiou]y$/.test(one)
      ? `${one.slice(0, -1)}ies`
      : `${one}s`;
  const forms = [...new Set([last, one, many])];
  return forms.map((form) => [...words.slice(0, -1), form].join(' '));
}

/** Rules of what a vendor says at the key: an amount, goods, or goods for an amount. */
function vendorRules(currency: Currency, names: readonly string[]): Rules {
  const amounts = amountRules(currency);
  // `Seventy for twenty five` would be heard in 74.25.
  const bare: Rule = { all: ['<figure>', { oneOf: ['for', 'at'], weights: [2, 1] }, '<amount>'] };
  if (names.length === 0) {
    return { ...amounts, order: { oneOf: ['<amount>', bare], weights: [20, 1] } };
  }
  const goods: Rule = { all: [{ oneOf: ['<small>', 'a'], weights: [5, 1] }, '<item>'] };
  const order: Rule = {
    oneOf: [
      '<amount>',
      { all: ['<goods>', { maybe: 'and <goods>', often: 0.3 }] },
      '<amount> for <goods>',
      '<goods> for <amount>',
      { all: ['<goods>', 'at', '<amount>', { maybe: 'each', often: 0.5 }] },
      bare,
    ],
    weights: [20, 6, 3, 3, 1, 1],
  };
  return { ...amounts, item: { oneOf: names }, goods, order };
}

/** What a vendor says at the key. Goods whose name is not English can't be said, only keyed. */
export const vendorVocabulary = (
  currency: Currency,
  catalogue: readonly CatalogueItem[],
): Vocabulary => ({
  name: 'order',
  rules: vendorRules(currency, catalogue.flatMap(spokenNames)),
  from: 'order',
});
