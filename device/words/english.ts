/** English prompts, and amounts as the words a vendor hears across a noisy street. */
import { CURRENCIES, type Currency } from '#device/messages/money.ts';

/** Key: the clip without its `en.`; value: what is heard. */
export const ENGLISH = {
  zero: 'zero',
  one: 'one',
  two: 'two',
  three: 'three',
  four: 'four',
  five: 'five',
  six: 'six',
  seven: 'seven',
  eight: 'eight',
  nine: 'nine',
  ten: 'ten',
  eleven: 'eleven',
  twelve: 'twelve',
  thirteen: 'thirteen',
  fourteen: 'fourteen',
  fifteen: 'fifteen',
  sixteen: 'sixteen',
  seventeen: 'seventeen',
  eighteen: 'eighteen',
  nineteen: 'nineteen',
  twenty: 'twenty',
  thirty: 'thirty',
  forty: 'forty',
  fifty: 'fifty',
  sixty: 'sixty',
  seventy: 'seventy',
  eighty: 'eighty',
  ninety: 'ninety',
  hundred: 'hundred',
  thousand: 'thousand',
  million: 'million',
  point: 'point',
  and: 'and',
  'that-is': 'that is',
  yuan: 'yuan',
  fen: 'fen',
  euro: 'euro',
  euros: 'euros',
  pound: 'pound',
  pounds: 'pounds',
  penny: 'penny',
  pence: 'pence',
  dollar: 'dollar',
  dollars: 'dollars',
  cent: 'cent',
  cents: 'cents',
  yen: 'yen',
  shilling: 'shilling',
  shillings: 'shillings',
  rupee: 'rupee',
  rupees: 'rupees',
  paisa: 'paisa',
  paise: 'paise',
  received: 'received',
  earlier: 'earlier',
  declined: 'payment declined',
  'insufficient-funds': 'balance too low',
  'account-blocked': 'account blocked',
  'payer-not-verified': 'payer not verified',
  cancelled: 'order cancelled',
  expired: 'order expired',
  refunded: 'refunded',
  'web-order': 'web order',
  'to-the-payer': 'to the payer',
  'is-it': 'is it',
  'press-enter': 'press enter',
  'not-understood': 'I did not understand',
  ready: 'ready to sell',
  'no-network': 'no network',
  'network-back': 'network is back',
  'try-again': 'please try again',
  'printer-fault': 'check the printer',
  offline: 'without network',
  'card-not-taken': 'no cards here',
  'card-foreign': 'not our card',
  'card-blank': 'card not issued',
  'card-copy': 'card not genuine',
  'card-renew': 'card needs new keys',
  'card-blocked': 'card blocked',
  'card-currency': 'card of another currency',
  'card-not-enough': 'not enough on the card',
  'card-two': 'hold one card alone',
  'card-again': 'tap again',
  'card-silent': 'card does not answer',
  'card-garbled': 'card answers wrongly',
  'card-refused': 'card refused',
  'card-same': 'hold the same card again',
  'card-other': 'this is another card',
  'card-unclear': 'settlement will tell',
  'card-owed': 'was debited for a cancelled order',
  'card-not-debited': 'nothing was taken',
  'card-limit-amount': 'too much without network',
  'card-limit-count': 'too many cards without network',
  'card-limit-sum': 'too much in all without network',
  'card-list-old': 'list of blocked cards too old',
  'card-too-full': 'too much for the card',
  'card-disk': 'can not be written down',
  'day-closed': 'day closed',
  sale: 'sale',
  sales: 'sales',
  'in-all': 'in all',
} as const;

export type EnglishWord = keyof typeof ENGLISH;

/** One and several of the major unit, then of the minor unit. */
const UNITS: Record<Currency, readonly [EnglishWord, EnglishWord, EnglishWord, EnglishWord]> = {
  CNY: ['yuan', 'yuan', 'fen', 'fen'],
  EUR: ['euro', 'euros', 'cent', 'cents'],
  GBP: ['pound', 'pounds', 'penny', 'pence'],
  HKD: ['dollar', 'dollars', 'cent', 'cents'],
  INR: ['rupee', 'rupees', 'paisa', 'paise'],
  JPY: ['yen', 'yen', 'yen', 'yen'],
  KES: ['shilling', 'shillings', 'cent', 'cents'],
  USD: ['dollar', 'dollars', 'cent', 'cents'],
};

const SMALL: readonly EnglishWord[] = [
  'zero',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
  'thirteen',
  'fourteen',
  'fifteen',
  'sixteen',
  'seventeen',
  'eighteen',
  'nineteen',
];

const TENS: readonly EnglishWord[] = [
  'zero',
  'ten',
  'twenty',
  'thirty',
  'forty',
  'fifty',
  'sixty',
  'seventy',
  'eighty',
  'ninety',
];

/** Thirteen to nineteen differ from thirty to ninety by one unstressed sound. */
const TEENS: ReadonlySet<EnglishWord> = new Set(SMALL.slice(13));

function word(list: readonly EnglishWord[], at: number): EnglishWord {
  const found = list[at];
  if (found === undefined) throw new RangeError(`there is no word for ${at}`);
  return found;
}

function below1000(value: number): EnglishWord[] {
  const words: EnglishWord[] = [];
  if (value >= 100) words.push(word(SMALL, Math.floor(value / 100)), 'hundred');
  const rest = value % 100;
  if (rest === 0) return words;
  if (rest < 20) return [...words, word(SMALL, rest)];
  words.push(word(TENS, Math.floor(rest / 10)));
  if (rest % 10 > 0) words.push(word(SMALL, rest % 10));
  return words;
}

function cardinal(value: number): EnglishWord[] {
  if (value === 0) return ['zero'];
  const words: EnglishWord[] = [];
  const millions = Math.floor(value / 1_000_000);
  const thousands = Math.floor(value / 1000) % 1000;
  if (millions > 0) words.push(...below1000(millions), 'million');
  if (thousands > 0) words.push(...below1000(thousands), 'thousand');
  return [...words, ...below1000(value % 1000)];
}

/** A number of things, up to 999 999 999; one with a teen in it is said again figure by figure. */
export function countInEnglish(value: number): EnglishWord[] {
  const words = cardinal(value);
  if (!words.some((each) => TEENS.has(each))) return words;
  const digits = [...String(value)].map((figure) => word(SMALL, Number(figure)));
  return [...words, 'that-is', ...digits];
}

/** Figure by figure: `one two point one five yuan`. */
function figures(whole: number, fraction: number, currency: Currency): EnglishWord[] {
  const words = [...String(whole)].map((figure) => word(SMALL, Number(figure)));
  if (fraction > 0) {
    words.push('point', word(SMALL, Math.floor(fraction / 10)), word(SMALL, fraction % 10));
  }
  const [one, many] = UNITS[currency];
  return [...words, whole === 1 && fraction === 0 ? one : many];
}

/**
 * Words of an amount of at least one minor unit: 1250 CNY → `twelve yuan fifty`.
 *
 * What a listener can mishear decides the wording. `Fifteen` and `fifty` sound alike in traffic, so
 * an amount with a teen in it is said again figure by figure (`fifteen yuan that is one five yuan`):
 * a teen is never left alone. `Twelve yuan five` could be 12.05 or 12.50, so fewer than ten minor
 * units carry their name (`twelve yuan and five fen`).
 */
export function amountInEnglish(amountMinor: number, currency: Currency): EnglishWord[] {
  const scale = 10 ** CURRENCIES[currency].places;
  const whole = Math.floor(amountMinor / scale);
  const fraction = amountMinor % scale;
  const [one, many, minorOne, minorMany] = UNITS[currency];
  const words: EnglishWord[] = [];
  if (whole > 0) words.push(...cardinal(whole), whole === 1 ? one : many);
  if (fraction > 0) {
    if (whole > 0 && fraction < 10) words.push('and');
    words.push(...cardinal(fraction));
    if (whole === 0 || fraction < 10) words.push(fraction === 1 ? minorOne : minorMany);
  }
  if (!words.some((each) => TEENS.has(each))) return words;
  return [...words, 'that-is', ...figures(whole, fraction, currency)];
}
