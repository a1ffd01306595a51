/** Amounts as a person reads them. */
import { spokenLanguage } from './words.js';

/** Minor units with the currency's own sign, in the page's language. */
export function money(amountMinor, currency) {
  const format = new Intl.NumberFormat(spokenLanguage(), {
    style: 'currency',
    currency,
    currencyDisplay: 'narrowSymbol',
  });
  const { maximumFractionDigits } = format.resolvedOptions();
  return format.format(amountMinor / 10 ** maximumFractionDigits);
}
