/** English sentences of callers: figures, goods and their numbers, and what is wanted with them. */
import type { Product } from '../ports/order-centre.ts';
import { cardinalAt, englishTokens } from '../speech/english-numbers.ts';
import { singular } from '../speech/items.ts';
import { readPhoneDigits } from '../speech/phone-digits.ts';
import { readSpeltEmail } from './email-spelling.ts';
import { englishGoodsAt, withCount } from './goods.ts';
import type { Intent, SaidGoods, Sentence } from './sentence.ts';

const SHORT: readonly (readonly [RegExp, string])[] = [
  [/\b(what|that|it|there|where|who|how|here)'s\b/g, '$1 is'],
  [/\b(i|you|we|they)'d\b/g, '$1 would'],
  [/\b(i|you|we|it|that)'ll\b/g, '$1 will'],
  [/\b(i)'m\b/g, '$1 am'],
  [/\b(i|you|we|they)'ve\b/g, '$1 have'],
  [/\bcan't\b/g, 'can not'],
  [/\b(do|did|is|are|would|could|does)n't\b/g, '$1 not'],
];

/** The first that fits is meant: what ends or turns the talk comes before what orders. */
const INTENTS: readonly (readonly [Intent, RegExp])[] = [
  [
    'agent',
    /\b(agents?|humans?|operator|representative|real (person|people)|(speak|talk|talking|speaking) (to|with) (a|an|the|some|your)?\s?(person|people|somebody|someone|staff|colleague|man|woman)|customer service)\b|^(an? )?person\b/,
  ],
  ['language', /\b(chinese|mandarin)\b/],
  [
    'card',
    /\b((credit|debit|bank) card|card number|(pay|paying) (by|with) (a |my |the )?card|my card|cvv|expiry)\b/,
  ],
  ['goodbye', /\b(goodbye|good bye|bye|hang up|see you)\b/],
  [
    'repeat',
    /\b(repeat|say (that|it) again|pardon|come again|once more|what did you say|say again|did not (hear|catch|get) (that|you))\b|^(again|sorry|what|excuse me|sorry what)$/,
  ],
  ['help', /\bhelp\b|\bwhat can (you do|i (do|say|ask))\b|\bhow does this work\b/],
  [
    'status',
    /\b(where is my (order|food)|(status|state) of|order status|earlier order|last order|existing order|check (on )?(an|my|the) order|(about|track) (an|my|the) order|(has|is|was|did) my (order|payment|money)|order number|have you got my (money|payment))\b/,
  ],
  [
    'cancel',
    /\b(cancel|(remove|delete|drop) (everything|all)|forget (it|everything|about it)|start (over|again)|never ?mind|nothing at all)\b/,
  ],
  ['email', /\b(email|e mail)\b/],
  [
    'basket',
    /\b(what (have|did|do) i (order|ordered|got|have)|what is (in )?my (order|basket)|how much (is|does|do|will) (it|that|this|everything|all|i)( (all|cost|come to|have to pay|owe))* (together|altogether|in total|so far)|the total|in total|altogether|read (it|me|that|my order)( back)?|how much do i (pay|owe))\b/,
  ],
  [
    'done',
    /\b(that is (all|it|everything)|that will be all|that would be all|nothing (else|more)|no more|check ?out|place (the|my|an|that) order|order (it|that|them|now)|(i am|we are) (done|finished)|finish|(want|ready|like) to pay|pay now|complete (the|my) order)\b/,
  ],
  [
    'remove',
    /\b(remove|delete|drop|without|take (off|away|out)|take .* (off|away|out)|(do not|don't) want|no longer want|leave out)\b/,
  ],
  [
    'change',
    /\b(make (it|that|them)|instead|change|rather|actually|i (said|meant)|correction|only|just)\b/,
  ],
];

const ASPECTS: readonly (readonly ['price' | 'stock' | 'details', RegExp])[] = [
  ['price', /\b(how much|prices?|costs?|expensive|what do .* cost)\b/],
  [
    'stock',
    /\b(in stock|stock|available|do you (still )?(have|sell)|have you got|are there|is there|how many .*(have|left|are there|remain)|left)\b/,
  ],
  [
    'details',
    /\b(what is in|what are|details?|about|describe|pieces|deliver\w*|service|how big|contains?|ingredients|comes? with|vegetarian|how long|what kind of .* (is|are))\b/,
  ],
];

const LIST =
  /\b(what (do|else do|can|could|is|are|else|kinds?|sorts?|things?|food|products?).*(have|sell|got|menu|there|offer|buy|order|available|eat|drink|choose)|what (have|else have) you( got)?|the menu|your menu|a list|menu please|which (products|things|ones|dishes))\b|^menu$/;

const ORDER =
  /\b(i would like|i want|we want|we would like|i need|i (will|would) (take|have)|(can|could|may) (i|we) (have|get|order|buy)|give me|get me|bring me|send me|let me have|order|buy|take|add|another|more|also|and|plus|please)\b/;
/** Of goods that are not named, or not known here. */
const WISH =
  /\b(i would like|i want|we want|we would like|i need|(can|could|may) (i|we) (have|get|order|buy)|give me|bring me|send me|order|buy)\b/;

const YES =
  /^(yes|yeah|yep|yup|sure|ok|okay|correct|right|exactly|please do|of course|absolutely|(that|it) is (right|correct|fine|good)|go ahead|fine|all right|alright|perfect|good)\b/;
const NO = /^(no|nope|nah|not|wrong|incorrect|(that|it) is (wrong|not)|do not)\b/;
const THANKS = /\b(thanks|thank you|cheers)\b/;

/** "two of the dumplings", "three more bowls of". */
const BETWEEN =
  /^(more|of|the|those|your|portions?|plates?|bowls?|cups?|glass(es)?|bottles?|orders?|pieces?|servings?|boxes|box|bags?|x|times)$/;

const FILLERS = new Set(
  (
    'a an the i you we it is are was be am do does did to of for in on with me my your our um uh er ' +
    'so then well hello hi hey there good morning afternoon evening please just now some any one ones ' +
    'would like want will can could may have has had get got take give that this these those them they ' +
    'what which how much many more also and or but not no yes yeah ok okay ' +
    'oh right tell about think know number phone mobile telephone portion plate bowl cup glass bottle ' +
    'e serving box piece left still all too very really actually thing'
  ).split(' '),
);

const expand = (text: string): string =>
  SHORT.reduce(
    (plain, [short, long]) => plain.replace(short, long),
    text.toLowerCase().replace(/[’‘]/g, "'"),
  );

export function readEnglishSentence(text: string, products: readonly Product[]): Sentence {
  const tokens = englishTokens(expand(text).replace(/-/g, ' '));
  const plain = tokens.join(' ');
  const answer = YES.test(plain) ? 'yes' : NO.test(plain) ? 'no' : null;
  const rest = plain.replace(YES, '').replace(NO, '').trim();
  const figures = readPhoneDigits(rest, 'en');
  const { goods, quantity: count, used } = findGoods(tokens, products);
  const strange = strangersOf(tokens, used);
  // "Two pizzas" are not two of what was spoken of before.
  const quantity = strange.length > 0 && figures === null ? null : count;
  const intent = intentOf(plain, goods, rest);
  const aspect = intent === null || intent === 'ask' ? aspectOf(plain) : null;
  const about: Intent | null =
    intent ?? (aspect !== null ? 'ask' : goodsIntent(plain, goods, quantity));
  const known = about !== null || goods.length > 0;
  // Talk of which most is unknown here was not meant for us.
  if (known && !isOurs(tokens.length, strange.length, about, goods)) return nothing(strange);
  const address = readSpeltEmail(text);
  return { intent: about, aspect, answer, goods, quantity, figures, address, strange };
}

const nothing = (strange: readonly string[]): Sentence => ({
  ...{ intent: null, aspect: null, answer: null, goods: [], quantity: null },
  ...{ figures: null, address: null, strange },
});

function intentOf(plain: string, goods: readonly SaidGoods[], rest: string): Intent | null {
  const found = INTENTS.find(([, pattern]) => pattern.test(plain))?.[0];
  if (found === 'change' && goods.length === 0 && !/\b(\d+|[a-z]+)\b/.test(rest)) return null;
  // "Do not want" and "only" are about something; by themselves they are a no.
  if (found === 'remove' && goods.length === 0 && !/\b(it|that|them|last)\b/.test(plain))
    return null;
  if (found !== undefined) return found;
  if (goods.length === 0 && LIST.test(plain)) return 'list';
  return THANKS.test(plain) && goods.length === 0 ? 'thanks' : null;
}

const aspectOf = (plain: string): Sentence['aspect'] =>
  ASPECTS.find(([, pattern]) => pattern.test(plain))?.[0] ?? null;

function goodsIntent(
  plain: string,
  goods: readonly SaidGoods[],
  quantity: number | null,
): Intent | null {
  if (goods.some((each) => each.quantity !== null)) return 'order';
  if (goods.length > 0) return ORDER.test(plain) ? 'order' : null;
  return WISH.test(plain) && quantity === null ? 'order' : null;
}

/** A third of strange words is a name that we do not sell; more is somebody else's talk. */
function isOurs(
  words: number,
  strange: number,
  intent: Intent | null,
  goods: readonly SaidGoods[],
): boolean {
  if (strange === 0) return true;
  if (goods.length > 0) return strange / words <= 0.5;
  if (intent === 'order' || intent === 'ask') return strange <= 3 && strange / words <= 0.5;
  return strange / words <= 0.4;
}

interface Goods {
  readonly goods: readonly SaidGoods[];
  readonly quantity: number | null;
  /** Tokens that were understood. */
  readonly used: ReadonlySet<number>;
}

function countAt(tokens: readonly string[], at: number): { value: number; next: number } | null {
  if (tokens[at] === 'a' && tokens[at + 1] === 'couple') return { value: 2, next: at + 2 };
  if (tokens[at] === 'a' && tokens[at + 1] === 'dozen') return { value: 12, next: at + 2 };
  if (tokens[at] === 'half' && tokens[at + 1] === 'a' && tokens[at + 2] === 'dozen') {
    return { value: 6, next: at + 3 };
  }
  if (tokens[at] === 'dozen') return { value: 12, next: at + 1 };
  return cardinalAt(tokens, at);
}

function findGoods(tokens: readonly string[], products: readonly Product[]): Goods {
  const goods: SaidGoods[] = [];
  const used = new Set<number>();
  let quantity: number | null = null;
  let count: number | null = null;
  let at = 0;
  /** Where the last number ended. */
  let told = -1;
  const take = (to: number): void => {
    for (; at < to; at += 1) used.add(at);
  };
  while (at < tokens.length) {
    const found = englishGoodsAt(tokens, at, products);
    if (found !== null) {
      const article = /^(a|an|another)$/.test(tokens[at - 1] ?? '') ? 1 : null;
      take(found.next);
      const after = count === null && article === null ? trailingCount(tokens, at) : null;
      if (after !== null) take(after.next);
      goods.push({ codes: found.codes, quantity: count ?? article ?? after?.value ?? null });
      count = null;
      continue;
    }
    const number = countAt(tokens, at);
    if (number !== null) {
      const either = tokens[at - 1] === 'or' && told === at - 1;
      const isHalved = tokens.slice(number.next, number.next + 3).join(' ') === 'and a half';
      const isVague = either || isHalved || /^(minus|negative)$/.test(tokens[at - 1] ?? '');
      take(number.next + (isHalved ? 3 : 0));
      told = at;
      // "Two or three" is asked again. "No, not two, three": the last one counts.
      if (isVague) {
        count = null;
        quantity = null;
      } else if (number.value <= 9999) {
        count = number.value;
        quantity = number.value;
      }
      continue;
    }
    if (!BETWEEN.test(tokens[at] ?? '')) count = null;
    else used.add(at);
    at += 1;
  }
  return { ...withCount(goods, quantity), used };
}

/** "Pork dumplings, two": a number that ends the sentence, or comes before `and`. */
function trailingCount(tokens: readonly string[], at: number) {
  const number = countAt(tokens, at);
  if (number === null || number.value > 9999) return null;
  const follows = tokens[number.next];
  return follows === undefined || /^(and|please|thanks|portions?|pieces?)$/.test(follows)
    ? number
    : null;
}

const PATTERN_WORDS = new Set(
  [...INTENTS, ...ASPECTS]
    .map(([, pattern]) => pattern.source)
    .concat(ORDER.source, LIST.source, YES.source, NO.source, THANKS.source)
    .join(' ')
    .replace(/\\[bws]/g, ' ')
    // `agents?` is `agent`, too.
    .replace(/([a-z]+)([a-z])\?/g, '$1 $1$2')
    .match(/[a-z]{2,}/g),
);

function strangersOf(tokens: readonly string[], used: ReadonlySet<number>): string[] {
  return tokens.filter(
    (token, at) =>
      !used.has(at) &&
      !FILLERS.has(token) &&
      !FILLERS.has(singular(token)) &&
      !PATTERN_WORDS.has(token) &&
      !/^(\d|deliver)/.test(token),
  );
}
