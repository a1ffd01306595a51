/** The blocked cards that a terminal knows, out of what the gateway told. */
import type { Hotlist } from '../messages/card.ts';
import type { JournalEntry } from '../messages/journal.ts';

export interface Blocked {
  readonly version: number;
  readonly cards: ReadonlySet<string>;
  /** Gateway's clock, ms since 1970. */
  readonly issuedAt: number;
}

/** How much younger a list must be to be worth writing down where it says nothing new. */
const REFRESH_MS = 600_000;

/**
 * The list after a message: whole, or the next change. `known` itself where it is not for us. `now` is
 * the gateway's clock, ms, as far as the terminal knows it.
 */
export function applyHotlist(known: Blocked | null, told: Hotlist, now: number): Blocked | null {
  // A newer version counts though it seems to be issued earlier: the gateway's clock was ahead before.
  const newer = known === null || told.version > known.version;
  // So does the same one where the date that is kept has not come yet: it would never grow old.
  const righted = told.version === known?.version && known.issuedAt > now + REFRESH_MS;
  // What such a clock said of an earlier list, and is heard again, would undo a newer one.
  const undoes =
    known !== null && told.version < known.version && told.issued_at > now + REFRESH_MS;
  const younger = known === null || told.issued_at >= known.issuedAt;
  return (newer || righted || younger) && !undoes ? takeHotlist(known, told) : known;
}

function takeHotlist(known: Blocked | null, told: Hotlist): Blocked | null {
  const { version, issued_at: issuedAt } = told;
  if (told.full) return { version, cards: new Set(told.entries), issuedAt };
  if (known?.version !== version - 1) return known;
  const cards = new Set([...known.cards, ...told.entries]);
  for (const card of told.removed) cards.delete(card);
  return { version, cards, issuedAt };
}

/** Whether the journal must have it: something changed, what it has grows old, or has a wrong date. */
export const isNews = (known: Blocked | null, told: Hotlist): boolean =>
  known === null ||
  told.version !== known.version ||
  Math.abs(told.issued_at - known.issuedAt) >= REFRESH_MS;

/** What the journal holds was taken when it was written. */
export function recallHotlist(entries: readonly JournalEntry[]): Blocked | null {
  return entries.reduce<Blocked | null>(
    (known, entry) => (entry.kind === 'hotlist' ? takeHotlist(known, entry.hotlist) : known),
    null,
  );
}
