/** What the assistant says, in English and Mandarin: whole sentences for a synthesiser. */
import type { Language } from '../messages/enrolment.ts';
import type { Currency } from '../messages/money.ts';
import type { Named } from '../ports/order-centre.ts';
import { ASSISTANT_EN } from './assistant-en.ts';
import { ASSISTANT_ZH } from './assistant-zh.ts';
import { sayAmount, textOf } from './clips.ts';

export interface SpokenLine {
  readonly name: string;
  readonly quantity: number;
}

export interface AssistantWords {
  readonly hello: string;
  readonly help: string;
  readonly list: (names: readonly string[], more: boolean) => string;
  readonly empty_shop: string;
  readonly product: (name: string, price: string, stock: number) => string;
  readonly price: (name: string, price: string) => string;
  readonly total_price: (name: string, quantity: number, price: string) => string;
  readonly stock: (name: string, stock: number) => string;
  readonly details: (name: string, service: string) => string;
  readonly which: (names: readonly string[]) => string;
  readonly how_many: (name: string) => string;
  readonly not_sold: (names: readonly string[]) => string;
  readonly too_few: (name: string, left: number) => string;
  readonly basket: (lines: readonly SpokenLine[], total: string) => string;
  readonly empty_basket: string;
  readonly removed: (name: string) => string;
  readonly anything_else: string;
  readonly what_else: string;
  readonly place: string;
  readonly what_to_change: string;
  readonly own_number: (ending: string) => string;
  readonly phone: string;
  readonly group: (figures: string) => string;
  readonly group_gone: (left: string) => string;
  readonly phone_right: (figures: string) => string;
  readonly phone_wrong: string;
  readonly email: string;
  readonly email_right: (spelt: string) => string;
  readonly email_wrong: string;
  readonly at: string;
  readonly dot: string;
  readonly placing: string;
  readonly placed: (number: string, total: string, where: string) => string;
  readonly to_phone: (ending: string) => string;
  readonly to_email: string;
  readonly not_placed: string;
  readonly order_number: string;
  readonly order_phone: string;
  readonly looking: string;
  readonly not_found: string;
  readonly away: string;
  readonly order_states: Readonly<Record<OrderWord, (total: string) => string>>;
  readonly paid: (total: string) => string;
  readonly refused: string;
  readonly ended: string;
  readonly waiting: string;
  readonly link_failed: string;
  readonly cancelled: string;
  readonly never_cards: string;
  readonly not_understood: string;
  readonly still_there: string;
  readonly agent: string;
  readonly nobody: string;
  readonly goodbye: string;
  readonly welcome: string;
  /** Between a figure and the next, so that each is heard. */
  readonly figures: (figures: string) => string;
}

/** Row C5, and how an order ends that nobody pays. */
export type OrderWord = 'not_placed' | 'unpaid' | 'paying' | 'paid' | 'cancelled' | 'expired';

const WORDS: Readonly<Record<Language, AssistantWords>> = {
  en: ASSISTANT_EN,
  'zh-CN': ASSISTANT_ZH,
};

export const assistantWords = (language: Language): AssistantWords => WORDS[language];

export const nameIn = (name: Named, language: Language): string =>
  language === 'en' ? name.en : name.zh;

/** An amount as it is said: `twenty four yuan`. */
export const spokenAmount = (minor: number, currency: Currency, language: Language): string =>
  textOf(sayAmount(minor, currency, language));
