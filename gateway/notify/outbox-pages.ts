/**
 * Which of a terminal's undelivered messages are looked at: the newest, because somebody waits for
 * them, and, where those are many and stay unacknowledged (an older terminal does not know their
 * kind), the earlier ones page by page, round and round, so that each of them is told in the end.
 */
import type { OutboxRow, OutboxTable } from '../store/tables.ts';

/** The newest, told with back-off. */
export const WINDOW = 100;
/** Earlier ones that are told together, once each time their turn comes. */
export const PAGE = 50;
const FIRST_PAGE_MS = 5000;
const LONGEST_PAGE_MS = 600_000;

/** The page whose turn it is. */
export interface Page {
  /** The lowest id of the page before it. */
  readonly below: number;
  /** Monotonic ms at which the next one has its turn; `null` where it has not been told. */
  readonly until: number | null;
  /** How often all of them were told: whoever has not answered is asked less and less. */
  readonly rounds: number;
}

export const FIRST_PAGE: Page = { below: Infinity, until: null, rounds: 0 };

export interface Looked {
  /** In the order in which they were added. */
  readonly newest: readonly OutboxRow[];
  readonly earlier: readonly OutboxRow[];
  readonly page: Page;
}

/** What is to be told of a terminal's outbox at `now`, monotonic ms. */
export function lookAt(
  outbox: Pick<OutboxTable, 'pending'>,
  terminal: string,
  page: Page,
  now: number,
): Looked {
  const newest = outbox.pending(terminal, WINDOW);
  const first = newest[0];
  if (first === undefined || newest.length < WINDOW)
    return { newest, earlier: [], page: FIRST_PAGE };
  const here = { ...page, below: Math.min(page.below, first.id) };
  const earlier = outbox.pending(terminal, PAGE, here.below);
  const isOver = page.until !== null && page.until <= now;
  if (earlier.length > 0 && !isOver) {
    return { newest, earlier, page: { ...here, until: here.until ?? now + lengthOf(page) } };
  }
  const next = earlier[0] === undefined ? [] : outbox.pending(terminal, PAGE, earlier[0].id);
  if (next.length > 0) {
    const turned = { ...here, below: earlier[0]?.id ?? here.below, until: now + lengthOf(page) };
    return { newest, earlier: next, page: turned };
  }
  const rounds = page.rounds + 1;
  const again = { below: first.id, rounds, until: now + lengthOf({ ...page, rounds }) };
  return { newest, earlier: outbox.pending(terminal, PAGE, first.id), page: again };
}

const lengthOf = ({ rounds }: Page): number =>
  Math.min(FIRST_PAGE_MS * 2 ** Math.min(rounds, 20), LONGEST_PAGE_MS);
