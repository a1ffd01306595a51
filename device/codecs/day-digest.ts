/** What binds a day together: a digest of its lines, and its totals computed from them. */
import { sha256 } from '@noble/hashes/sha2.js';
import type { DayHead, DayLine, DayTotal } from '../messages/day.ts';
import { base64url, utf8 } from './bytes.ts';

/** The digest that the first day has before it. */
export const NO_DAY = base64url(new Uint8Array(32));

/** One line as bytes: its fields in a fixed order, so that both sides digest the same. */
export function writeDayLine(line: DayLine): string {
  switch (line.is) {
    case 'order':
      return `order ${line.order} ${line.way} ${line.outcome} ${line.amount_minor}\n`;
    case 'card':
      return `card ${line.card} ${line.counter} ${line.order} ${line.amount_minor} ${line.sold}\n`;
    case 'refund':
      return `refund ${line.order} ${JSON.stringify(line.refund)} ${line.amount_minor}\n`;
    case 'open':
      return `open ${line.order}\n`;
  }
}

/** SHA-256 over the lines and the digest of the day before, base64url. */
export function digestLines(before: string, lines: readonly DayLine[]): string {
  const hash = sha256.create().update(utf8(`${before}\n`));
  for (const line of lines) hash.update(utf8(writeDayLine(line)));
  return base64url(hash.digest());
}

export type DaySums = Pick<DayHead, 'totals' | 'refunds' | 'cards' | 'open'>;

/** Counts and sums of the lines; totals in the order of their names. */
export function sumLines(lines: readonly DayLine[]): DaySums {
  const totals = new Map<string, DayTotal>();
  const refunds = { count: 0, sum_minor: 0 };
  const cards = { count: 0, sum_minor: 0 };
  let open = 0;
  for (const line of lines) {
    switch (line.is) {
      case 'order': {
        const { outcome, way } = line;
        const name = `${outcome} ${way}`;
        const known = totals.get(name) ?? { outcome, way, count: 0, sum_minor: 0 };
        totals.set(name, { ...known, ...added(known, line.amount_minor) });
        break;
      }
      case 'card':
        Object.assign(cards, added(cards, line.amount_minor));
        break;
      case 'refund':
        Object.assign(refunds, added(refunds, line.amount_minor));
        break;
      case 'open':
        open += 1;
        break;
    }
  }
  const sorted = [...totals].sort(([left], [right]) => (left < right ? -1 : 1));
  return { totals: sorted.map(([, total]) => total), refunds, cards, open };
}

const added = ({ count, sum_minor }: { count: number; sum_minor: number }, minor: number) => ({
  count: count + 1,
  sum_minor: sum_minor + minor,
});

/** Sales and what they brought: orders that were paid. */
export const salesOf = (totals: readonly DayTotal[]): { count: number; sum_minor: number } =>
  totals
    .filter(({ outcome }) => outcome === 'paid')
    .reduce(
      (all, { count, sum_minor }) => ({
        count: all.count + count,
        sum_minor: all.sum_minor + sum_minor,
      }),
      { count: 0, sum_minor: 0 },
    );
