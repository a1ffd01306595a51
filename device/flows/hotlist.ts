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

/** The list after a message: whole, or the next change. `known` itself where it is not for us. */
export function applyHotlist(known: Blocked | null, told: Hotlist): Blocked | null {
  // A newer version counts though it seems to be issued earlier: the gateway's clock was ahead before.
  if (known !== null && told.issued_at < known.issuedAt && told.version <= known.version) {
    return known;
  }
  const { version, issued_at: issuedAt } = told;
  if (told.full) return { version, cards: new Set(told.entries), issuedAt };
  if (known?.version !== version - 1) return known;
  const cards = new Set([...known.cards, ...told.entries]);
  for (const card of told.removed) cards.delete(card);
  return { version, cards, issuedAt };
}

/** Whether the journal must have it: something changed, or what it has grows old. */
export const isNews = (known: Blocked | null, told: Hotlist): boolean =>
  known === null || told.version !== known.version || told.issued_at - known.issuedAt >= REFRESH_MS;

export function recallHotlist(entries: readonly JournalEntry[]): Blocked | null {
  return entries.reduce<Blocked | null>(
    (known, entry) => (entry.kind === 'hotlist' ? applyHotlist(known, entry.hotlist) : known),
    null,
  );
}
