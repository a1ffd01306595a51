/** What a recogniser is to listen for on a call; a neural one hears any words and needs none of it. */
import type { Product } from '../ports/order-centre.ts';
import type { Vocabulary } from '../ports/recogniser.ts';
import { englishTokens } from '../speech/english-numbers.ts';
import { singular } from '../speech/items.ts';
import type { Rule, Rules } from '../speech/rules.ts';

const FIGURES = 'one two three four five six seven eight nine'.split(' ');
const COUNTS = (
  'ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty ' +
  'forty fifty'
).split(' ');

const COUNTED: Rules = {
  count: { oneOf: ['<figure>', { oneOf: COUNTS }, 'a', 'a dozen'], weights: [12, 2, 2, 1] },
  figure: { oneOf: FIGURES },
  digit: { oneOf: [...FIGURES, 'zero', 'oh'] },
};

const ALWAYS: Rules = {
  yes: {
    oneOf: [
      'yes',
      'yes please',
      'yeah',
      'okay',
      'correct',
      'right',
      'that is right',
      'sure',
      "yes that's right",
    ],
  },
  no: { oneOf: ['no', 'no thank you', 'no thanks', 'that is wrong', 'wrong'] },
  turn: {
    oneOf: [
      'agent',
      'an agent please',
      'i want to talk to a person',
      'can i speak to an agent',
      'goodbye',
      'thank you goodbye',
      'thank you',
      'can you repeat that',
      'say that again please',
      'help',
      'what can i say',
      'do you speak chinese',
      'by email please',
      'email',
    ],
  },
};

const TALK: Rules = {
  goods: {
    all: ['<count>', { maybe: { oneOf: ['more', 'portions of', 'of the'] }, often: 0.1 }, '<item>'],
  },
  several: { all: ['<goods>', { maybe: { all: ['and', '<goods>'] }, often: 0.35 }] },
  wish: {
    oneOf: [
      "i'd like",
      'i would like',
      'i want',
      "i'll have",
      'can i have',
      'give me',
      'could i get',
      'i will take',
    ],
  },
  are: { oneOf: ['is', 'are'] },
  order: {
    all: [{ maybe: '<wish>', often: 0.6 }, '<several>', { maybe: 'please', often: 0.4 }],
  },
  list: {
    oneOf: [
      'what do you have',
      'what have you got',
      'what is there',
      "what's there",
      'what can i order',
      'what can i buy',
      'what is on the menu',
      'the menu please',
      'what do you sell',
      'tell me what you have',
      'what else do you have',
      'what is there to eat',
    ],
  },
  about: {
    oneOf: [
      { all: ['how much', '<are>', { maybe: 'the', often: 0.7 }, '<item>'] },
      { all: ['how much', '<are>', '<goods>'] },
      { all: ['what does', { maybe: 'the', often: 0.5 }, '<item>', 'cost'] },
      { all: ['do you have', { maybe: 'any', often: 0.2 }, '<item>'] },
      { all: ['how many', '<item>', 'do you have'] },
      { all: ['how many', '<item>', 'are left'] },
      { all: ['tell me about', { maybe: 'the', often: 0.7 }, '<item>'] },
      { all: ['what is in', { maybe: 'the', often: 0.7 }, '<item>'] },
      { all: ["what's in", { maybe: 'the', often: 0.7 }, '<item>'] },
      'how much is it',
      'how much are they',
      'do you deliver',
      'how long does it take',
    ],
    weights: [6, 2, 2, 3, 1, 1, 2, 2, 1, 1, 1, 1, 1],
  },
  change: {
    oneOf: [
      { all: ['no', '<figure>'] },
      { all: ['no', { oneOf: ['make it', 'i said', 'i meant'] }, '<count>'] },
      { all: ['make it', '<count>'] },
      { all: ['make that', '<count>', '<item>'] },
      { all: ['<figure>', { maybe: 'please', often: 0.5 }] },
      { all: ['just', '<figure>'] },
      { all: ['remove', 'the', '<item>'] },
      { all: ['no', '<item>'] },
      'start over',
      'forget it',
    ],
    weights: [3, 2, 3, 2, 4, 1, 2, 1, 1, 1],
  },
  done: {
    oneOf: [
      "that's all",
      'that is all',
      "no that's all",
      "that's it",
      'nothing else',
      'no thank you that is all',
      "no thanks that's all",
      'place the order',
      "i'm done",
      "that's everything",
      'i want to pay',
    ],
  },
  ask: {
    oneOf: [
      'what have i ordered',
      'how much is that altogether',
      'how much is that together',
      'where is my order',
      'i want to ask about an order',
      'has my payment arrived',
      'i want to pay by credit card',
    ],
  },
};

/** How something may be called: its name, the end or the beginning of it, one or several. */
function namesOf(products: readonly Product[]): string[] {
  const names = products.flatMap(({ name }) => {
    const words = englishTokens(name.en.replace(/-/g, ' '));
    if (!words.every((word) => /^[a-z']+$/.test(word))) return [];
    const parts = words.map((_, from) => words.slice(from));
    const first = words[0];
    const last = words.at(-1);
    // "Chive dumplings" for `Chive and egg dumplings`.
    const short =
      first === undefined || last === undefined || words.length < 3 ? [] : [[first, last]];
    return [...parts, ...short].filter(([word]) => word !== 'and').flatMap(formsOf);
  });
  return [...new Set(names)];
}

function formsOf(words: readonly string[]): string[] {
  const last = words.at(-1) ?? '';
  const one = singular(last);
  const many = /(s|x|z|ch|sh)$/.test(one) ? `${one}es` : `${one}s`;
  return [...new Set([last, one, many])].map((form) => [...words.slice(0, -1), form].join(' '));
}

/** What callers say about goods and orders. */
export function callerVocabulary(products: readonly Product[]): Vocabulary {
  const names = namesOf(products);
  const talk: Rule[] = ['<list>', '<done>', '<ask>', '<yes>', '<no>', '<turn>'];
  const goods: Rule[] = names.length === 0 ? [] : ['<order>', '<about>', '<change>', '<item>'];
  const weights = [2, 2, 1, 2, 2, 1, ...(names.length === 0 ? [] : [10, 6, 4, 1])];
  return {
    name: `caller:${names.join('|')}`.replace(/[^a-z:|]/g, '').slice(0, 200),
    rules: {
      ...{ ...COUNTED, ...ALWAYS, ...TALK },
      ...(names.length === 0 ? {} : { item: { oneOf: names } }),
      caller: { oneOf: [...talk, ...goods], weights },
    },
    from: 'caller',
    quick: true,
  };
}

/** While a number is asked for: figures in groups, yes and no, and the way out. */
export const FIGURES_VOCABULARY: Vocabulary = {
  name: 'figures',
  rules: {
    ...{ ...COUNTED, ...ALWAYS },
    group: {
      all: [
        '<digit>',
        ...Array.from({ length: 10 }, (): Rule => ({ maybe: '<digit>', often: 0.75 })),
      ],
    },
    figures: {
      oneOf: ['<group>', '<yes>', '<no>', '<turn>', "that's all"],
      weights: [12, 2, 2, 1, 1],
    },
  },
  from: 'figures',
  quick: true,
};

const LETTERS = [...'abcdefghijklmnopqrstuvwxyz'];
const HOSTS = 'gmail hotmail outlook yahoo example mail proton icloud'.split(' ');

/** While an address is spelt. */
export const EMAIL_VOCABULARY: Vocabulary = {
  name: 'email',
  rules: {
    ...{ ...COUNTED, ...ALWAYS },
    sign: {
      oneOf: [{ oneOf: LETTERS }, '<digit>', 'dot', 'dash', 'underscore'],
      weights: [20, 4, 1, 1, 1],
    },
    host: { oneOf: HOSTS },
    end: { oneOf: ['com', 'org', 'net', 'c n'] },
    address: {
      all: [
        '<sign>',
        ...Array.from({ length: 14 }, (): Rule => ({ maybe: '<sign>', often: 0.6 })),
        'at',
        '<host>',
        'dot',
        '<end>',
      ],
    },
    email: { oneOf: ['<address>', '<yes>', '<no>', '<turn>'], weights: [12, 2, 2, 1] },
  },
  from: 'email',
  quick: true,
};
