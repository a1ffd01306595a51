/** What is said of cards, on the screen and aloud; see also `clips.ts`. */
import type { Language } from '#device/messages/enrolment.ts';
import { ENGLISH_CARD_TEXTS } from './cards-en.ts';
import { CHINESE_CARD_TEXTS } from './cards-zh.ts';

/** Why a card did not pay, or what must be done first. */
export type CardProblem =
  | 'not_taken'
  | 'foreign'
  | 'blank'
  | 'copy'
  /** Its keys are of another version than this terminal's. */
  | 'renew'
  | 'blocked'
  | 'currency'
  | 'not_enough'
  | 'two_cards'
  | 'again'
  | 'silent'
  | 'garbled'
  | 'refused'
  | 'same_card'
  | 'other_card'
  | 'unclear'
  | 'owed'
  | 'not_debited'
  | 'limit_amount'
  | 'limit_count'
  | 'limit_sum'
  | 'hotlist_old'
  | 'disk';

/** What a problem looks like: a title that is read from two metres, and what to do. */
export interface CardProblemText {
  readonly title: string;
  readonly advice: string;
}

/** What one line of a card's log, or of the day, was. */
export type CardLineKind = 'debit' | 'load' | 'refund';

export interface CardTexts {
  readonly problem: Readonly<Record<CardProblem, CardProblemText>>;
  readonly holdStill: string;
  readonly holdStillAdvice: string;
  readonly orTap: string;
  readonly onCard: (amount: string) => string;
  readonly cardLine: (card: string) => string;
  readonly paidByCard: string;
  readonly paidOffline: string;
  readonly refusedBySettlement: (amount: string, order: string) => string;
  readonly refusedAdvice: string;
  readonly notPosted: (payments: number, sum: string) => string;
  readonly hintUnknown: string;

  // The operator's menu.
  readonly menu: string;
  readonly menuBalance: string;
  readonly menuRefund: string;
  readonly menuLog: string;
  readonly menuDay: string;
  readonly menuLimits: string;
  readonly hintPick: string;
  readonly holdCard: string;
  readonly holdCardFor: Readonly<Record<'balance' | 'log' | 'refund', string>>;
  readonly hintBack: string;
  readonly hintLog: string;
  readonly balance: string;
  readonly log: string;
  readonly emptyLog: string;
  readonly kind: Readonly<Record<CardLineKind, string>>;
  readonly here: string;
  readonly pickRefund: string;
  readonly nothingToRefund: string;
  readonly hintRefund: string;
  readonly refunding: string;
  readonly refundNeedsNetwork: string;
  readonly day: string;
  readonly dayEmpty: string;
  readonly dayTotal: (count: number, sum: string) => string;
  readonly waits: string;
  readonly limits: string;
  readonly limit: Readonly<Record<'amount' | 'count' | 'sum' | 'age', (value: string) => string>>;
  readonly hintLimits: string;
  readonly hintLimit: string;
  readonly limitSaved: string;
  readonly limitWrong: string;
}

/** What is said of cards in one language. */
export function cardTextsIn(language: Language): CardTexts {
  switch (language) {
    case 'en':
      return ENGLISH_CARD_TEXTS;
    case 'zh-CN':
      return CHINESE_CARD_TEXTS;
  }
}
