/** The report of a business day: the same figures on the screen and, as the Z-report, on paper. */
import { salesOf } from '../codecs/day-digest.ts';
import { groupOrderNumber } from '../codecs/order-number.ts';
import type { DayDifference, DayReceipt } from '../messages/day.ts';
import type { Stall } from '../messages/enrolment.ts';
import { type Currency, formatMinor, formatMoney } from '../messages/money.ts';
import type { PrintedReceipt } from '../ports/printer.ts';
import { textsIn } from '../words/catalogue.ts';
import { type DayTexts, dayTextsIn } from '../words/day.ts';
import { timeText } from './bill.ts';
import type { View } from './card-outlook.ts';
import type { ClosedDay } from './day-book.ts';
import type { Menu } from './menu.ts';
import type { TerminalState } from './state.ts';

type Shop = Pick<Stall, 'vendor' | 'language' | 'time_zone' | 'currency'>;
type Row = PrintedReceipt['rows'][number];

/** The Z-report of a closed day; rows fit 32 columns. */
export function printedDay({ day, receipt }: ClosedDay, stall: Shop): PrintedReceipt {
  const texts = dayTextsIn(stall.language);
  const { total } = textsIn(stall.language);
  const { head } = day;
  const { currency } = head;
  const sales = salesOf(head.totals);
  const money = (minor: number): string => formatMinor(minor, currency);
  const rows: Row[] = [
    { label: texts.report(head.number) },
    { label: texts.from, value: timeText(head.from, stall.time_zone) },
    { label: texts.to, value: timeText(head.to, stall.time_zone) },
    ...head.totals.map(({ outcome, way, count, sum_minor }) => ({
      label: `${count} × ${texts.outcome[outcome]}, ${texts.way[way] ?? way}`,
      value: money(sum_minor),
    })),
    {
      label: `${head.refunds.count} × ${texts.refunds}`,
      value: money(head.refunds.sum_minor),
    },
    ...(head.cards.count === 0
      ? []
      : [{ label: `${head.cards.count} × ${texts.cards}`, value: money(head.cards.sum_minor) }]),
    ...(head.open === 0 ? [] : [{ label: texts.carried, value: String(head.open) }]),
    { label: texts.salesLabel, value: String(sales.count) },
    // What binds the day to the journal and to the day before it.
    { label: `${texts.book} ${head.book}` },
    { label: `${texts.head} ${head.head.slice(0, 22)}` },
    { label: `${texts.digest} ${head.digest.slice(0, 22)}` },
    ...statusLines(receipt, texts, currency).map((label) => ({ label })),
  ];
  return {
    title: stall.vendor,
    rows,
    total: { label: total, value: formatMoney({ amount_minor: sales.sum_minor, currency }) },
    footer: receipt === null ? [texts.printAgain] : [],
  };
}

/** The slip of what the gateway has otherwise; each difference by its name. */
export function printedDifferences(receipt: DayReceipt, stall: Shop): PrintedReceipt {
  const texts = dayTextsIn(stall.language);
  return {
    title: stall.vendor,
    rows: statusLines(receipt, texts, stall.currency).map((label) => ({ label })),
    total: { label: texts.report(receipt.number), value: String(receipt.differing) },
    footer: [timeText(receipt.at, stall.time_zone)],
  };
}

function statusLines(receipt: DayReceipt | null, texts: DayTexts, currency: Currency): string[] {
  if (receipt === null) return [texts.waits];
  const healed = receipt.healed === 0 ? [] : [texts.healed(receipt.healed)];
  if (receipt.agreed) return [texts.agreed, ...healed];
  const { differences, differing } = receipt;
  const more = differing - differences.length;
  return [
    texts.differs(differing),
    ...differences.map((each) => texts.difference(readable(each, texts, currency))),
    ...(more > 0 ? [texts.more(more)] : []),
    ...healed,
  ];
}

/** Its order in groups of four, amounts as money, outcomes and ways in words. */
function readable(each: DayDifference, texts: DayTexts, currency: Currency): DayDifference {
  const word = (said: string): string => {
    if (each.kind === 'amount_differs' && /^\d{1,15}$/.test(said)) {
      return formatMinor(Number(said), currency);
    }
    const outcomes: Readonly<Record<string, string>> = texts.outcome;
    return outcomes[said] ?? texts.way[said] ?? said;
  };
  return {
    ...each,
    name: each.of === 'order' ? groupOrderNumber(each.name) : each.name,
    ...(each.terminal === undefined ? {} : { terminal: word(each.terminal) }),
    ...(each.gateway === undefined ? {} : { gateway: word(each.gateway) }),
  };
}

/** What the menu shows of the open day, and of the one that was closed last. */
export function closeView(state: TerminalState, menu: Extract<Menu, { at: 'close' }>): View {
  const { stall } = state.settings;
  const texts = dayTextsIn(stall.language);
  const { book, closing, refused } = state.day;
  const { last, sales, lines } = book;
  if (closing) return { title: texts.closing, big: '', tone: 'busy', lines: [], hint: '' };
  const lastLines = last === null ? [] : lastDayLines(last, texts, stall);
  const money = (sum_minor: number) =>
    formatMoney({ amount_minor: sum_minor, currency: stall.currency });
  const trouble = refused ? [texts.refused] : [];
  if (lines === null) {
    const differs = last?.receipt?.agreed === false;
    return {
      title: last === null ? texts.openDay(book.number) : texts.closedDay(last.day.head.number),
      big: last === null ? '' : money(salesOf(last.day.head.totals).sum_minor),
      tone: refused || differs ? 'bad' : 'plain',
      lines: [...trouble, ...(last === null ? [texts.nothingYet] : lastLines)],
      hint: last === null ? texts.hintDone.replace(/^.*· /, '') : texts.hintDone,
    };
  }
  const hint = last === null ? texts.hintClose : texts.hintAgain;
  return {
    title: texts.openDay(book.number),
    big: money(sales.sum_minor),
    tone: refused ? 'bad' : 'plain',
    lines: [...trouble, texts.sales(sales.count), ...lastLines],
    hint: menu.sure ? texts.hintSure : hint,
  };
}

function lastDayLines({ day, receipt }: ClosedDay, texts: DayTexts, stall: Shop): string[] {
  const { count, sum_minor } = salesOf(day.head.totals);
  const sum = formatMoney({ amount_minor: sum_minor, currency: stall.currency });
  return [
    texts.closedLine(day.head.number, texts.sales(count), sum),
    ...statusLines(receipt, texts, stall.currency),
  ];
}
