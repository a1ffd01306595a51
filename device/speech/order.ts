/** A spoken phrase as what the vendor would have keyed: read, shown and confirmed as keys are. */
import { type CURRENCIES, formatMinor } from '#device/messages/money.ts';
import { readChineseOrder } from './chinese-order.ts';
import { readEnglishOrder } from './english-order.ts';
import type { ReadPhrase, SpeechStall, SpokenTerm } from './phrase.ts';

/**
 * Reads a phrase in the stall's language and currency. All of it must make sense, in one way only;
 * never throws.
 */
export function readOrder(text: string, stall: SpeechStall): ReadPhrase {
  return stall.language === 'en' ? readEnglishOrder(text, stall) : readChineseOrder(text, stall);
}

/**
 * The expression that `readEntry` reads as these terms: `12.50`, `/3`, and `2*=5.00` for things
 * that have a price of their own.
 */
export function expressionOf(
  terms: readonly SpokenTerm[],
  { currency }: Pick<SpeechStall, 'currency'>,
): string {
  return terms.map((term) => termText(term, currency)).join('+');
}

function termText(term: SpokenTerm, currency: keyof typeof CURRENCIES): string {
  const { quantity, code, total_minor } = term;
  const amount = total_minor === null ? '' : formatMinor(total_minor, currency);
  const goods = code === null ? '' : `/${code}`;
  if (goods === '' && quantity === 1) return amount;
  const count = quantity === 1 ? '' : `${quantity}*`;
  return amount === '' ? count + goods : `${count}${goods}=${amount}`;
}
