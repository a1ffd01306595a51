/** What one sentence of a caller means by itself; what it means in a talk is the flow's to decide. */
import type { Language } from '../messages/enrolment.ts';
import type { Product } from '../ports/order-centre.ts';
import { readChineseSentence } from './chinese.ts';
import { readEnglishSentence } from './english.ts';

export type Intent =
  | 'list' /* what is there? */
  | 'ask' /* about goods: see `aspect` */
  | 'order'
  | 'change' /* make it three */
  | 'remove'
  | 'basket' /* what have I ordered? */
  | 'done' /* that is all */
  | 'status' /* of an earlier order */
  | 'cancel'
  | 'email'
  | 'agent'
  | 'goodbye'
  | 'repeat'
  | 'help'
  | 'language' /* the other one */
  | 'card' /* wants to pay by card over the telephone */
  | 'thanks';

export interface SaidGoods {
  /** Codes that it may be: one where it is certain. */
  readonly codes: readonly string[];
  readonly quantity: number | null;
}

export interface Sentence {
  readonly intent: Intent | null;
  readonly aspect: 'price' | 'stock' | 'details' | null;
  readonly answer: 'yes' | 'no' | null;
  readonly goods: readonly SaidGoods[];
  /** A number that stands with no goods. */
  readonly quantity: number | null;
  /** Where nothing but figures was said, besides yes and no. */
  readonly figures: string | null;
  /** An e-mail address that was spelt. */
  readonly address: string | null;
  /** Words that nobody here knows: goods that are not sold, or a stranger's talk. */
  readonly strange: readonly string[];
}

/** Never throws; a sentence about something else has no intent, no goods and no numbers. */
export const readSentence = (
  text: string,
  language: Language,
  products: readonly Product[],
): Sentence =>
  language === 'en' ? readEnglishSentence(text, products) : readChineseSentence(text, products);
