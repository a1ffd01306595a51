/** What the terminal says aloud: a finite vocabulary, and one function for each announcement. */
import type { Language } from '#device/messages/enrolment.ts';
import type { Currency } from '#device/messages/money.ts';
import { MAX_ORDER_MINOR } from '#device/messages/money.ts';
import type { DeclineReason, Refund, Result, WebPaid } from '#device/messages/order.ts';
import type { RelaySaid } from '#device/messages/relay.ts';
import type { Clip } from '#device/ports/speaker.ts';
import type { CardProblem } from './cards.ts';
import { amountInChinese, CHINESE, type ChineseWord, countInChinese } from './chinese.ts';
import { amountInEnglish, countInEnglish, ENGLISH, type EnglishWord } from './english.ts';

/** Every prompt that any announcement uses, in both languages. */
export const VOCABULARY: readonly Clip[] = [
  ...Object.entries(ENGLISH).map(
    ([word, text]): Clip => ({ id: `en.${word}`, language: 'en', text }),
  ),
  ...Object.entries(CHINESE).map(
    ([word, text]): Clip => ({ id: `zh.${word}`, language: 'zh-CN', text }),
  ),
];

const BY_ID: ReadonlyMap<string, Clip> = new Map(VOCABULARY.map((clip) => [clip.id, clip]));

const english = (words: readonly EnglishWord[]): string[] => words.map((word) => `en.${word}`);
const chinese = (words: readonly ChineseWord[]): string[] => words.map((word) => `zh.${word}`);

/** Prompts that both languages have under one name. */
type SharedWord = EnglishWord & ChineseWord;

const shared = (language: Language, words: readonly SharedWord[]): string[] =>
  language === 'en' ? english(words) : chinese(words);

/**
 * Clip ids of an amount of 1 to {@link MAX_ORDER_MINOR} minor units, worded so that it can't be
 * taken for another; throws a `RangeError` for any other number.
 */
export function sayAmount(amountMinor: number, currency: Currency, language: Language): string[] {
  if (!Number.isSafeInteger(amountMinor) || amountMinor < 1 || amountMinor > MAX_ORDER_MINOR) {
    throw new RangeError(`${amountMinor} is not an amount that an order can have`);
  }
  return language === 'en'
    ? english(amountInEnglish(amountMinor, currency))
    : chinese(amountInChinese(amountMinor, currency));
}

const REASONS: Record<DeclineReason, SharedWord> = {
  insufficient_funds: 'insufficient-funds',
  account_blocked: 'account-blocked',
  payer_not_verified: 'payer-not-verified',
};

/**
 * Clip ids of one order's outcome. `earlier` puts a word in front that tells a result from before a
 * restart from one of just now; `offline` tells one that the gateway has not heard of. Only money that was received is named: an amount heard is an amount
 * paid, also by whoever heard nothing but the amount.
 */
export function sayResult(
  result: Pick<Result, 'outcome' | 'reason' | 'amount_minor' | 'currency'>,
  language: Language,
  options: { readonly earlier?: boolean; readonly offline?: boolean } = {},
): string[] {
  const before = options.earlier === true ? shared(language, ['earlier']) : [];
  const after = options.offline === true ? shared(language, ['offline']) : [];
  switch (result.outcome) {
    case 'paid':
      return [
        ...before,
        ...shared(language, ['received']),
        ...sayAmount(result.amount_minor, result.currency, language),
        ...after,
      ];
    case 'declined': {
      const why = result.reason === undefined ? [] : [REASONS[result.reason]];
      return [...before, ...shared(language, ['declined', ...why])];
    }
    case 'cancelled':
      return [...before, ...shared(language, ['cancelled'])];
    case 'expired':
      return [...before, ...shared(language, ['expired'])];
  }
}

/**
 * Clip ids of money that goes back. It is named in front and behind, so that whoever hears half of it
 * does not take it for money received.
 */
export const sayRefund = (
  refund: Pick<Refund, 'amount_minor' | 'currency'>,
  language: Language,
  options: { readonly earlier?: boolean } = {},
): string[] => [
  ...(options.earlier === true ? shared(language, ['earlier']) : []),
  ...shared(language, ['refunded']),
  ...sayAmount(refund.amount_minor, refund.currency, language),
  ...shared(language, ['to-the-payer']),
];

/** Clip ids of a web order that was paid here: named in front, since nobody keyed it in. */
export const sayWebPaid = (
  paid: Pick<WebPaid, 'amount_minor' | 'currency'>,
  language: Language,
  options: { readonly earlier?: boolean } = {},
): string[] => [
  ...(options.earlier === true ? shared(language, ['earlier']) : []),
  ...shared(language, ['web-order', 'received']),
  ...sayAmount(paid.amount_minor, paid.currency, language),
];

/**
 * Clip ids of a day that was closed: how many sales, and their sum. It is named in front, so that
 * nobody takes the sum for money received; a sum larger than any order has is left to the paper.
 */
export function sayDayClosed(
  sales: number,
  sumMinor: number,
  currency: Currency,
  language: Language,
): string[] {
  const count = language === 'en' ? english(countInEnglish(sales)) : chinese(countInChinese(sales));
  const unit = sales === 1 ? 'sale' : 'sales';
  const total =
    sumMinor < 1 || sumMinor > MAX_ORDER_MINOR
      ? []
      : [...shared(language, ['in-all']), ...sayAmount(sumMinor, currency, language)];
  return [...shared(language, ['day-closed']), ...count, ...shared(language, [unit]), ...total];
}

const CARD_PROBLEMS: Record<CardProblem, SharedWord> = {
  not_taken: 'card-not-taken',
  foreign: 'card-foreign',
  blank: 'card-blank',
  copy: 'card-copy',
  renew: 'card-renew',
  blocked: 'card-blocked',
  currency: 'card-currency',
  not_enough: 'card-not-enough',
  two_cards: 'card-two',
  again: 'card-again',
  silent: 'card-silent',
  garbled: 'card-garbled',
  refused: 'card-refused',
  same_card: 'card-same',
  other_card: 'card-other',
  unclear: 'card-unclear',
  owed: 'card-owed',
  not_debited: 'card-not-debited',
  limit_amount: 'card-limit-amount',
  limit_count: 'card-limit-count',
  limit_sum: 'card-limit-sum',
  hotlist_old: 'card-list-old',
  disk: 'card-disk',
};

const RELAY_SAID: Record<Exclude<RelaySaid, 'done' | 'nothing_due'>, SharedWord> = {
  unknown_card: 'card-foreign',
  blocked_card: 'card-blocked',
  insufficient_funds: 'card-not-enough',
  too_much: 'card-too-full',
  again: 'card-same',
  failed: 'try-again',
};

/** Clip ids of why a card that the gateway drove was of no use; none where nothing is to be said. */
export const sayRelayEnd = (said: RelaySaid, language: Language): string[] =>
  said === 'done' || said === 'nothing_due' ? [] : shared(language, [RELAY_SAID[said]]);

/** Clip ids of why a card did not pay. A balance is never said: an amount heard is an amount paid. */
export const sayCardProblem = (problem: CardProblem, language: Language): string[] =>
  shared(language, [CARD_PROBLEMS[problem]]);

/**
 * Clip ids that ask whether a spoken amount is right. It begins and ends as a question, so that
 * nobody near takes it for an amount that was paid.
 */
export const sayQuestion = (
  amountMinor: number,
  currency: Currency,
  language: Language,
): string[] => [
  ...shared(language, ['is-it']),
  ...sayAmount(amountMinor, currency, language),
  ...shared(language, ['press-enter']),
];

/** Clip ids that say that a spoken amount was not understood. */
export const sayNotUnderstood = (language: Language): string[] =>
  shared(language, ['not-understood']);

/** What is said that is no outcome of an order. */
export type Notice = 'ready' | 'no_network' | 'network_back' | 'try_again' | 'printer_fault';

const NOTICES: Record<Notice, SharedWord> = {
  ready: 'ready',
  no_network: 'no-network',
  network_back: 'network-back',
  try_again: 'try-again',
  printer_fault: 'printer-fault',
};

/** Clip ids of one notice. */
export const sayNotice = (notice: Notice, language: Language): string[] =>
  shared(language, [NOTICES[notice]]);

/** What is heard, as text: `received twelve yuan fifty`; throws a `RangeError` for an unknown id. */
export function textOf(clips: readonly string[]): string {
  let text = '';
  for (const id of clips) {
    const clip = BY_ID.get(id);
    if (clip === undefined) throw new RangeError(`there is no clip ${id}`);
    text += (clip.language === 'en' && text !== '' ? ' ' : '') + clip.text;
  }
  return text;
}
