/**
 * A web order that a card has just paid at this terminal's reader: on disk first, then acknowledged, shown
 * aside, said and printed once. It is no sale of the terminal, and in no day of it.
 */
import type { JournalEntry } from '../messages/journal.ts';
import type { WebPaid } from '../messages/order.ts';
import type { Announcement, Effect, Step, TerminalState } from './state.ts';

/** How many are remembered, for a gateway that has not heard that one was written down. */
const KNOWN_LIMIT = 500;

export interface WebOrders {
  /** On disk; newest last. */
  readonly known: readonly string[];
  /** On their way to it. */
  readonly saving: readonly string[];
}

const seen = (order: string): Effect => ({
  do: 'publish',
  uplink: { kind: 'web_paid_seen', seen: { order } },
});

const without = ({ known, saving }: WebOrders, order: string): WebOrders => ({
  known,
  saving: saving.filter((each) => each !== order),
});

/** The gateway tells of one, now or again. */
export function hearWebPaid(state: TerminalState, paid: WebPaid): Step {
  const { web } = state;
  const { order } = paid;
  // Only its acknowledgement was lost.
  if (web.known.includes(order)) return { state, effects: [seen(order)] };
  if (web.saving.includes(order)) return { state, effects: [] };
  return {
    state: { ...state, web: { ...web, saving: [...web.saving, order] } },
    effects: [{ do: 'journal', entry: { kind: 'web_paid', paid } }],
  };
}

/** It is on disk: now it is told. */
export function stepWebPaidSaved(state: TerminalState, paid: WebPaid): Step {
  const { saving } = without(state.web, paid.order);
  const known = [...state.web.known, paid.order].slice(-KNOWN_LIMIT);
  const announcement: Announcement = { web: paid, earlier: false };
  const toAnnounce = [...state.toAnnounce, announcement];
  return {
    state: { ...state, web: { known, saving }, aside: announcement, toAnnounce },
    effects: [seen(paid.order)],
  };
}

/** The disk took it not: the gateway, which has no acknowledgement, sends it again. */
export const stepWebPaidNotSaved = (state: TerminalState, paid: WebPaid): TerminalState => ({
  ...state,
  web: without(state.web, paid.order),
});

/** Begun to sound, or shown alone: either way it is not announced again. */
export function stepWebPaidSpoken(state: TerminalState, order: string, heard: boolean): Step {
  const announced: Effect = { do: 'journal', entry: { kind: 'web_paid_announced', order } };
  return { state, effects: heard ? [announced] : [announced, { do: 'beep', pattern: 'good' }] };
}

/** What the journal says of them, and those that nobody has heard of yet. */
export function recallWebPaid(entries: readonly JournalEntry[]): {
  readonly web: WebOrders;
  readonly unsaid: readonly Announcement[];
} {
  const known = new Map<string, Announcement | null>();
  for (const entry of entries) {
    if (entry.kind === 'web_paid') known.set(entry.paid.order, { web: entry.paid, earlier: true });
    if (entry.kind === 'web_paid_announced') known.set(entry.order, null);
  }
  return {
    web: { known: [...known.keys()].slice(-KNOWN_LIMIT), saving: [] },
    unsaid: [...known.values()].flatMap((each) => each ?? []),
  };
}

/** Which of them a journal that is cut down still needs: the last, and what nobody has heard of. */
export function neededOfWeb(entries: readonly JournalEntry[]): readonly JournalEntry[] {
  const { web, unsaid } = recallWebPaid(entries);
  const needed = new Set([...web.known, ...unsaid.flatMap((each) => each.web?.order ?? [])]);
  return entries.filter(
    (entry) =>
      (entry.kind === 'web_paid' && needed.has(entry.paid.order)) ||
      (entry.kind === 'web_paid_announced' && needed.has(entry.order)),
  );
}
