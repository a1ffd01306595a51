/** Whether what a recogniser heard is to be shown, and as what. */
import type { Heard } from '#device/ports/recogniser.ts';
import { expressionOf, readOrder } from './order.ts';
import type { SpeechProblem, SpeechStall } from './phrase.ts';

/** Less than this and the sound was talk, or noise, that only resembles the words. */
const LEAST_FIT = 0.5;
/** A guess has to fit better: of talk, too, several decoders make the same words. */
const LEAST_FIT_OF_A_GUESS = 0.75;

export type Judged =
  /**
   * What `readEntry` reads as it. Where it is not `sure`, most decoders understood it and others did
   * not: it is to be offered as a guess.
   */
  | { readonly ok: true; readonly expression: string; readonly sure: boolean }
  | { readonly ok: false; readonly why: SpeechProblem | 'silence' | 'failed' | 'unsure' };

/**
 * Believes what every decoder understood alike, and guesses what more than half of them did. `unsure`:
 * they were too divided, or it was hardly a phrase at all.
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
  const alike = meanings.filter(
    (each) => each.ok && expressionOf(each.terms, stall) === expression,
  ).length;
  if (2 * alike <= meanings.length) return { ok: false, why: 'unsure' };
  const sure = alike === meanings.length;
  if (!sure && heard.fit < LEAST_FIT_OF_A_GUESS) return { ok: false, why: 'unsure' };
  return { ok: true, expression, sure };
}
