/** What business days need of a journal that is cut down. */
import type { DayLine } from '../messages/day.ts';
import type { JournalEntry } from '../messages/journal.ts';
import { isOf, recallDays } from './day-book.ts';

/**
 * The entries that days need of a journal that is cut down to `kept` and these, in their order: whatever
 * stands in no closed day yet, and each closed day that is not agreed to, is the last, or holds
 * something of `kept`, so that it is not counted again.
 */
export function neededByDays(
  entries: readonly JournalEntry[],
  kept: ReadonlySet<JournalEntry>,
): ReadonlySet<JournalEntry> {
  const { pending, last, doubts } = recallDays(entries);
  const closed = entries.flatMap((entry) => (entry.kind === 'day_closed' ? [entry.day] : []));
  const stated = new Set(closed.flatMap(({ lines }) => lines.map(nameOfLine)));
  const isOpen = (name: string): boolean => !stated.has(name);
  const found = new Set(
    entries.flatMap((entry) => (entry.kind === 'card_verdict' ? namesOf(entry) : [])),
  );
  const needed = new Set<JournalEntry>(
    entries.filter((entry) => {
      if (entry.kind !== 'card_begun') return namesOf(entry).some(isOpen);
      // The amount of one that settlement found is in no other entry.
      const name = `card ${entry.debit.card} ${entry.debit.counter_before + 1}`;
      return doubts.has(entry.debit.order) || (found.has(name) && isOpen(name));
    }),
  );
  const begun = entries.find(
    (entry, at) => entry.kind === 'order' && at > entries.findLastIndex(isClose),
  );
  if (begun !== undefined) needed.add(begun);
  const names = new Set([...kept, ...needed].flatMap(namesOf));
  const days = new Set(
    closed.filter(
      (day) =>
        day === last?.day ||
        pending.some((each) => each.day === day) ||
        day.lines.some((line) => names.has(nameOfLine(line))),
    ),
  );
  for (const entry of entries) {
    if (entry.kind === 'day_closed' && days.has(entry.day)) needed.add(entry);
    if (entry.kind !== 'day_receipt') continue;
    if ([...days].some((day) => isOf(day, entry.receipt))) needed.add(entry);
  }
  return needed;
}

const isClose = ({ kind }: JournalEntry): boolean => kind === 'day_closed';

const nameOfLine = (line: DayLine): string =>
  line.is === 'card' ? `card ${line.card} ${line.counter}` : lineName(line);

const lineName = (line: Exclude<DayLine, { is: 'card' }>): string =>
  line.is === 'refund' ? `refund ${line.refund}` : `${line.is} ${line.order}`;

/** Names of the lines that an entry is, or may become, the cause of. */
function namesOf(entry: JournalEntry): string[] {
  switch (entry.kind) {
    case 'result':
      return [`order ${entry.result.order}`];
    case 'receipt':
      return entry.receipt.said === 'conflicts' ? [`order ${entry.receipt.order}`] : [];
    case 'card_done': {
      const { card, counter, order, sold } = entry.payment;
      return [`card ${card} ${counter}`, ...(sold ? [`order ${order}`] : [])];
    }
    case 'card_verdict': {
      const { card, counter_before, committed } = entry.verdict;
      return committed ? [`card ${card} ${counter_before + 1}`] : [];
    }
    case 'refund':
      return [`refund ${entry.refund.refund}`];
    default:
      return [];
  }
}
