/** What a terminal knows of cards at its readers, and the steps that change it. */
import type { CardOutcome } from '../card-work.ts';
import type { LogRecord } from '../codecs/purse.ts';
import type { OpenPurse } from '../codecs/purse-talks.ts';
import type { CardKeysKept, CardPayment, OfflineLimits } from '../messages/card.ts';
import type { JournalEntry } from '../messages/journal.ts';
import type { CardPresence } from '../ports/reader.ts';
import type { CardProblem } from '../words/cards.ts';
import { sayCardProblem } from '../words/clips.ts';
import { type Blocked, recallHotlist } from './hotlist.ts';
import { ofLastDay } from './menu.ts';
import type { SaleEvent } from './sale-state.ts';
import type { Effect, Moment, Settings, TerminalState } from './state.ts';

/** What the customer is told of a card. */
export type CardNotice =
  | { readonly is: 'balance'; readonly minor: number; readonly card: string }
  | { readonly is: 'problem'; readonly problem: CardProblem; readonly minor?: number };

export interface Lying {
  readonly reader: string;
  readonly card: CardPresence;
  /** It was asked what the moment wants of it. */
  readonly asked: boolean;
  /** It has paid: whoever forgets it here does not pay the next order. */
  readonly spent: boolean;
  /** Its log was read in this stay: what that left in doubt, reading it again does not tell. */
  readonly read: boolean;
  /** `outdated`: there are newer keys for it; `renewing`: the gateway was asked to give it them. */
  readonly keys?: 'outdated' | 'renewing';
}

export interface Work {
  readonly number: number;
  readonly reader: string;
  readonly card: CardPresence;
  /** The order that it is to pay. */
  readonly order: string | null;
  /** The card is open, and the journal is writing down what it will be asked. */
  readonly saving?: { readonly purse: OpenPurse; readonly record: LogRecord };
}

export interface Cards {
  /** This terminal holds the keys of the house's cards. */
  readonly taken: boolean;
  readonly lying: Lying | null;
  readonly work: Work | null;
  /** Of the next work. */
  readonly next: number;
  readonly notice: CardNotice | null;
  /** Monotonic ms until which the notice stands. */
  readonly noticeUntil: number;
  readonly blocked: Blocked | null;
  readonly limits: OfflineLimits;
  /** A payment that settlement has just refused, until a key is pressed. */
  readonly refused: CardPayment | null;
  /** Of the last 24 hours, oldest first. */
  readonly day: readonly CardPayment[];
}

export type CardInput =
  | { readonly is: 'card'; readonly reader: string; readonly event: CardEvent }
  /** Keys of the house's cards have come, and are on disk. */
  | { readonly is: 'card_keys'; readonly kept: CardKeysKept }
  | { readonly is: 'card_work'; readonly work: number; readonly outcome: CardOutcome };

export type CardEvent =
  | { readonly is: 'arrived'; readonly card: CardPresence }
  | { readonly is: 'left'; readonly card: CardPresence }
  | { readonly is: 'unreadable' };

/** `sales`: what it means for which sale, to be taken before `effects`. */
export interface CardStep {
  readonly state: TerminalState;
  readonly effects: readonly Effect[];
  readonly sales: readonly { readonly order: string; readonly event: SaleEvent }[];
}

/** How long a notice stays where nobody presses a key. */
export const NOTICE_MS = 12_000;

/** What the journal left of cards; none lies anywhere yet. */
export function beginCards(
  entries: readonly JournalEntry[],
  { takesCards, stall }: Pick<Settings, 'takesCards' | 'stall'>,
  now: number,
): Cards {
  const set = entries.findLast((entry) => entry.kind === 'card_limits');
  const paid = entries.flatMap((entry) => (entry.kind === 'card_done' ? [entry.payment] : []));
  return {
    taken: takesCards,
    lying: null,
    work: null,
    next: 1,
    notice: null,
    noticeUntil: Infinity,
    refused: null,
    blocked: recallHotlist(entries),
    limits: set?.kind === 'card_limits' ? set.limits : stall.card_limits,
    day: ofLastDay(paid, now),
  };
}

/** Nothing comes of it. */
export const stay = (state: TerminalState): CardStep => ({ state, effects: [], sales: [] });

/** The state with some of it changed. */
export const withCards = (state: TerminalState, change: Partial<Cards>): TerminalState => ({
  ...state,
  cards: { ...state.cards, ...change },
});

/** A reader that is lost takes its card along. */
export const loseReader = (state: TerminalState, reader: string): TerminalState =>
  state.cards.lying?.reader === reader ? withCards(state, { lying: null }) : state;

/** Nobody has to read it any more. */
export const clearNotice = (state: TerminalState): TerminalState =>
  state.cards.notice === null ? state : withCards(state, { notice: null, noticeUntil: Infinity });

/** A key was pressed: whoever stands there has read what stood there, also of a refused payment. */
export const readNotices = (state: TerminalState): TerminalState => {
  const read = clearNotice(state);
  return read.cards.refused === null ? read : withCards(read, { refused: null });
};

/** The card that lies there has paid: it does not pay the next order. */
export const spend = (state: TerminalState): TerminalState => {
  const { lying } = state.cards;
  return lying === null ? state : withCards(state, { lying: { ...lying, spent: true } });
};

/** Shows and says why a card did not pay; `minor` is what is on it. */
export function tell(
  state: TerminalState,
  problem: CardProblem,
  { monotonic }: Moment,
  minor?: number,
): CardStep {
  const notice: CardNotice = {
    is: 'problem',
    problem,
    ...(minor === undefined ? {} : { minor }),
  };
  const clips = sayCardProblem(problem, state.settings.stall.language);
  return {
    state: withCards(state, { notice, noticeUntil: monotonic + NOTICE_MS }),
    effects: [
      { do: 'beep', pattern: 'bad' },
      { do: 'say', clips },
    ],
    sales: [],
  };
}
