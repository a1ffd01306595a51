/** What a spoken phrase is read as, and why one is declined: the words shared by both languages. */
import type { Stall } from '#device/messages/enrolment.ts';

/** One line of what was said. */
export interface SpokenTerm {
  readonly quantity: number;
  /** Catalogue code; `null` where no goods were named. */
  readonly code: string | null;
  /** Minor units of all of it together; `null`: as much as the catalogue says. */
  readonly total_minor: number | null;
}

/**
 * Why a phrase makes no order. `ambiguous`: a listener could take it for two amounts, such as
 * "twelve five"; nobody guesses with money.
 */
export type SpeechProblem =
  | 'nothing'
  | 'not_understood'
  | 'ambiguous'
  | 'other_currency'
  | 'too_many_places'
  | 'zero'
  | 'too_large';

export type ReadPhrase =
  | { readonly ok: true; readonly terms: readonly SpokenTerm[] }
  | { readonly ok: false; readonly why: SpeechProblem };

/** What a phrase is read against. */
export type SpeechStall = Pick<Stall, 'currency' | 'catalogue' | 'language'>;

/** The answer of a part of a reader: a value and where it ends, a refusal, or not such a part. */
export type Part<T> =
  | { readonly ok: true; readonly value: T; readonly next: number }
  | { readonly ok: false; readonly why: SpeechProblem }
  | null;

export const refuse = (why: SpeechProblem): { ok: false; why: SpeechProblem } => ({
  ok: false,
  why,
});
