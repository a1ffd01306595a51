/** A card at a terminal, as settlement sees it: something that takes commands and answers them. */
import type { RelayEnd, RelayEnded, RelayPurpose } from '#device/messages/relay.ts';

/** What came back of a group, in the order of its commands. */
export interface Relayed {
  /** Up to the first that the card did not accept, which is among them. */
  readonly answers: readonly Uint8Array[];
  /**
   * Where the group did not come to its end: the card may have done the command after the last
   * answer. `network`: the terminal did not answer in time, and the card may have done all.
   */
  readonly ended?: RelayEnded | 'network';
}

/** One stay of one card at one terminal, from when the terminal told of it. */
export interface RelayedCard {
  readonly relay: string;
  readonly terminal: string;
  /** As the reader tells it: only the secure channel proves it. */
  readonly uid: Uint8Array;
  readonly purpose: RelayPurpose;
  /** The payment that the vendor gives back, where that was asked for. */
  readonly order?: string;
  /**
   * Has the terminal send these to the card and resolves with what came back; never rejects. What
   * the terminal had sent by itself as the card arrived is answered without asking it again. One
   * at a time; after an `ended` every further group ends at once in the same way.
   */
  readonly transport: (apdus: readonly Uint8Array[]) => Promise<Relayed>;
}

/** How it ended, for the terminal's screen. */
export type RelayOutcome = Omit<RelayEnd, 'relay' | 'purpose'> & {
  /** Which card it was, for whoever asked for it; no screen shows it. */
  readonly card?: string;
};

/** Drives one card; what it throws is logged, and the terminal is told that it failed. */
export type RelayWork = (card: RelayedCard) => Promise<RelayOutcome>;
