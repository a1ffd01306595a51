/** What a party's balance is made of, as its page shows it. */
import { showVoucherNumber } from '#device/codecs/voucher.ts';
import { type Currency, formatMoney } from '#device/messages/money.ts';
import type { FramedPage } from '../web/frame.ts';
import { html } from '../web/html.ts';
import type { PartyPage } from './fields.ts';
import { day, frame } from './page.ts';
import type { Entries } from './schemas.ts';
import { fundSay as t } from './words.ts';

/** The address of the first page. */
export const entriesPath = (currency: Currency): string => `/vouchers/entries?currency=${currency}`;

export function entriesPage(page: PartyPage, shown: Entries): FramedPage {
  const { language } = page;
  const { currency, entries, next } = shown;
  const money = (amount_minor: number): string => formatMoney({ amount_minor, currency });
  const rows = entries.map(({ at, what, voucher, amount_minor, balance_minor }) => {
    const word = t(language, what === 'redeemed' ? 'h_capture_whole' : 'h_refilled');
    return html`<li><b>${money(amount_minor)}</b> ${word}<br><span class="no">${showVoucherNumber(voucher)}</span><br><span class="soft">${day(at)} UTC · ${money(balance_minor)}</span></li>`;
  });
  const older =
    next === undefined
      ? null
      : html`<p><a href="${entriesPath(currency)}&amp;before=${next}&amp;lang=${language}">${t(language, 'older')}</a></p>`;
  const title = `${t(language, 'entries')} · ${currency}`;
  const body = html`<section><h1>${title}</h1>${rows.length === 0 ? html`<p>${t(language, 'none')}</p>` : html`<ol class="past">${rows}</ol>`}${older}</section>
<p class="top"><a href="/vouchers?lang=${language}">${t(language, 'back')}</a></p>`;
  return frame(page, title, body);
}
