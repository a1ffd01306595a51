/**
 * How long a card takes. The figures model a DESFire EV2 in a good field; they are settings because
 * cards, readers and antennas differ, and a test that measures nothing takes none.
 */

/** What one command cost the card. */
export interface Work {
  /** AES blocks of messaging and authentication. */
  blocks: number;
  /** Memory pages that were programmed. */
  pages: number;
}

export interface CardTiming {
  /** Either direction (ISO/IEC 14443-3 and -4): 106, 212, 424 or 848. */
  readonly kbit_per_s: 106 | 212 | 424 | 848;
  /** Command decoding, and the guard times of a frame in each direction. */
  readonly command_ms: number;
  readonly aes_block_ms: number;
  /** Erasing and programming one page. */
  readonly page_ms: number;
}

export const REAL_TIMING: CardTiming = {
  kbit_per_s: 424,
  command_ms: 1,
  aes_block_ms: 0.08,
  page_ms: 2.2,
};

/** Bytes of data in one block of the transmission protocol, and what each block adds to them. */
const BLOCK_DATA = 61;
const BLOCK_EXTRA = 3;
/** Eight bits and their parity. */
const BITS = 9;

/** Milliseconds on the air for one APDU in either direction. */
export function airMs(timing: CardTiming, bytes: number): number {
  const blocks = Math.max(1, Math.ceil(bytes / BLOCK_DATA));
  return ((bytes + blocks * BLOCK_EXTRA) * BITS) / timing.kbit_per_s;
}

/** Milliseconds from the first bit of a command to the last bit of its answer. */
export function durationMs(
  timing: CardTiming,
  command: Uint8Array,
  answer: Uint8Array,
  work: Work,
): number {
  const inside =
    timing.command_ms + work.blocks * timing.aes_block_ms + work.pages * timing.page_ms;
  return airMs(timing, command.length) + inside + airMs(timing, answer.length);
}
