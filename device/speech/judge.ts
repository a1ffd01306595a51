/** Whether what a recogniser heard is to be shown, and as what. */
import type { Heard } from '#device/ports/recogniser.ts';
import { expressionOf, readOrder } from './order.ts';
import type { SpeechProblem, SpeechStall } from './phrase.ts';

/** Less than this and the sound was talk, or noise, that only resembles the words. */
const LEAST_FIT = 0.5;

export type Judged =
  /** What `readEntry` reads as it. */
  | { readonly ok: true; readonly expression: string }
  | { readonly ok: false; readonly why: SpeechProblem | 'silence' | 'failed' | 'unsure' };

/**
 * Believes what every decoder understood alike. `unsure`: they did not mean the same, or it was hardly
 * a phrase at all; it is better to ask again than to show an amount that was not said.
 */
export function judge(heard: Heard, stall: SpeechStall): Judged {
  switch (heard.is) {
    case 'nothing':
      return { ok: false, why: 'not_understood' };
    case 'silence':
    case 'failed':
      return { ok: false, why: heard.is };
    case 'heard':
  }
  if (heard.fit < LEAST_FIT) return { ok: false, why: 'unsure' };
  const meanings = heard.texts.map((text) => readOrder(text, stall));
  const [first] = meanings;
  if (first === undefined) return { ok: false, why: 'not_understood' };
  if (!first.ok) return first;
  const expression = expressionOf(first.terms, stall);
  const alike = meanings.every((each) => each.ok && expressionOf(each.terms, stall) === expression);
  return alike ? { ok: true, expression } : { ok: false, why: 'unsure' };
}
