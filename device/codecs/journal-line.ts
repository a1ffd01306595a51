/**
 * One journal record is one line: chain, space, JSON. The chain is SHA-256 over the chain before it
 * and the JSON, cut to 128 bits, so that a torn, changed, missing or reordered line shows at once.
 * Text, because the next person who reads it may have nothing but `less`.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { base64url, concat, fromBase64url, fromUtf8, utf8 } from './bytes.ts';

const CHAIN_BYTES = 16;
const CHAIN_CHARACTERS = 22;

/** The chain of an empty journal. */
export const FIRST_CHAIN = base64url(new Uint8Array(CHAIN_BYTES));

function nextChain(chain: string, json: string): string {
  const before = fromBase64url(chain) ?? new Uint8Array();
  return base64url(sha256(concat(before, utf8(json))).subarray(0, CHAIN_BYTES));
}

export interface JournalLine {
  readonly bytes: Uint8Array;
  readonly chain: string;
}

/** Writes `value` as the line after the one whose chain is `chain`. */
export function writeJournalLine(chain: string, value: unknown): JournalLine {
  const json = JSON.stringify(value);
  const next = nextChain(chain, json);
  return { bytes: utf8(`${next} ${json}\n`), chain: next };
}

export interface ReadJournal {
  /** Every value up to the first line that does not hold. */
  readonly values: readonly unknown[];
  readonly chain: string;
  /** Bytes of the whole lines; what lies behind is torn. */
  readonly length: number;
}

/** Reads as far as the chain holds; never throws. */
export function readJournalLines(bytes: Uint8Array): ReadJournal {
  const values: unknown[] = [];
  let chain = FIRST_CHAIN;
  let length = 0;
  for (;;) {
    const end = bytes.indexOf(10, length);
    if (end < 0) break;
    const line = readLine(bytes.subarray(length, end), chain);
    if (line === null) break;
    values.push(line.value);
    chain = line.chain;
    length = end + 1;
  }
  return { values, chain, length };
}

function readLine(bytes: Uint8Array, chain: string): { value: unknown; chain: string } | null {
  try {
    const text = fromUtf8(bytes);
    const json = text.slice(CHAIN_CHARACTERS + 1);
    const next = nextChain(chain, json);
    if (text.slice(0, CHAIN_CHARACTERS + 1) !== `${next} `) return null;
    return { value: JSON.parse(json), chain: next };
  } catch {
    return null;
  }
}
