/** What was done to a voucher, as its page shows it: folded, the newest first. */
import type { Language } from '#device/messages/enrolment.ts';
import { type Currency, formatMoney } from '#device/messages/money.ts';
import { type Html, html } from '../web/html.ts';
import type { VoucherEvent } from './schemas.ts';
import { isFundWord, fundSay as t } from './words.ts';

export interface Shown {
  readonly language: Language;
  readonly currency: Currency;
  readonly nameOf: (party: string) => string;
  readonly timeOf: (at: number) => string;
}

/** More are told by the interface alone. */
const ROWS = 30;

/** Nothing where nothing was done that anybody has to know. */
export function historySection(shown: Shown, events: readonly VoucherEvent[]): Html | null {
  const rows = historyRows(shown, events.toReversed()).slice(0, ROWS);
  if (rows.length === 0) return null;
  return html`<section class="act"><details><summary>${t(shown.language, 'history')}</summary><ol class="past">${rows}</ol></details></section>`;
}

/** A line each, in the order in which they come. */
export const historyRows = (shown: Shown, events: readonly VoucherEvent[]): readonly Html[] =>
  events.flatMap((event) => row(shown, event) ?? []);

/** What is only begun with it says nothing that its end does not. */
function row({ language, currency, nameOf, timeOf }: Shown, event: VoucherEvent): Html | null {
  const word = `h_${event.action}`;
  if (!isFundWord(word)) return null;
  const { amount_minor, account, reason, by, party } = event;
  const why = `r_${reason}`;
  const more = [
    amount_minor === undefined ? '' : formatMoney({ amount_minor, currency }),
    account ?? '',
    event.action === 'transfer' ? nameOf(event.to ?? '') : '',
    isFundWord(why) ? t(language, why) : '',
  ].filter((each) => each !== '');
  // Who redeemed, rather than who took it down.
  const actor = party ?? by;
  const who = actor === 'fund_server' ? t(language, 'fund_server') : nameOf(actor);
  return html`<li><b>${[t(language, word), ...more].join(' · ')}</b><br><span class="soft">${timeOf(event.at)} UTC · ${who}</span></li>`;
}
