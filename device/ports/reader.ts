import type { Device, DeviceEvents } from './device.ts';

/** One stay of one card on the reader; a card that comes back is another presence. */
export interface CardPresence {
  /** Grows with each arrival at this reader. */
  readonly number: number;
  /** As the reader tells it, 4 to 10 bytes; empty where it does not. Anyone can fake it. */
  readonly uid: Uint8Array;
  /** Historical bytes of its answer to reset or to select (ISO/IEC 7816-4 §12.1.1). */
  readonly historical: Uint8Array;
}

/**
 * What became of a command. Whatever is not `ok`, the card may have done it or not: only the card
 * itself can tell, at its next arrival.
 */
export type TransmitResult =
  | { readonly ok: true; readonly response: Uint8Array }
  | {
      readonly ok: false;
      /**
       * `card`: pulled away, or another one lies there now. `silent`: no answer in time; the reader is
       * lost with it. `reader`: unplugged or closed. `daemon`: the system's card service ended.
       */
      readonly gone: 'card' | 'silent' | 'reader' | 'daemon';
    };

/** Cards at one reader. */
export interface CardEvents {
  arrived(card: CardPresence): void;
  /** Once for each that arrived, unless the reader is lost. */
  left(card: CardPresence): void;
  /** Something lies there that can't be read: several cards at once, or none that answers. */
  unreadable(): void;
}

export interface ReaderEvents extends DeviceEvents, CardEvents {}

export interface Reader extends Device {
  /**
   * Sends one command to the card of `card` and answers what came back, at least two bytes. Calls
   * are carried out one by one in their order. To a presence that is over nothing is sent.
   *
   * A card that is swapped within milliseconds, with no command under way, may go unnoticed: only
   * secure messaging tells for certain which card answered.
   */
  transmit(card: CardPresence, apdu: Uint8Array, timeoutMs?: number): Promise<TransmitResult>;
}

/** Longest wait for an answer where the caller names none. */
export const ANSWER_TIMEOUT_MS = 2000;
