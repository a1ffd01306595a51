/**
 * One journal record is one line: chain, separator, JSON. The chain is a digest over the chain before
 * it and the JSON, cut to 128 bits, so that a torn, changed, missing or reordered line shows at once.
 * Text, because the next person who reads it may have nothing but `less`.
 *
 * Format 1: SHA-256. Format 2: its first line is a header in format 1, which older versions meet as an
 * entry they do not know, and refuse; the lines behind it are chained by HMAC-SHA-256 with the
 * journal's key, so that nobody else can write one. Their separator is a space where the line begins a
 * commit, else a tab: a line that begins one proves that all before it was on the disk.
 */
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { base64url, concat, fromBase64url, fromUtf8, utf8 } from './bytes.ts';

const CHAIN_BYTES = 16;
const CHAIN_CHARACTERS = 22;
const FORMAT = 2;

/** The chain of an empty journal. */
export const FIRST_CHAIN = base64url(new Uint8Array(CHAIN_BYTES));

/** HMAC-SHA-256 under one key, of two byte strings one after the other. */
export type Digest = (before: Uint8Array, text: Uint8Array) => Uint8Array;

/**
 * Makes ready a key. A machine that has its own HMAC brings it: of a long queue it is most of the time
 * that a terminal takes to start.
 */
export type MakeDigest = (key: Uint8Array) => Digest;

/** A key as the lines of one journal use it; `null` chains and does not sign. */
export type LineKey = { readonly name: string; readonly digest: Digest };

const pureDigest: MakeDigest = (key) => {
  const keyed = hmac.create(sha256, key);
  return (before, text) => keyed.clone().update(before).update(text).digest();
};

/** Makes ready 32 secret bytes; its name says nothing of them. */
export function lineKey(secret: Uint8Array, digest: MakeDigest = pureDigest): LineKey {
  const name = base64url(sha256(concat(utf8('hawker journal key\n'), secret)).subarray(0, 6));
  return { name, digest: digest(secret) };
}

/** `text` is what is digested of the line: its JSON, and where there is a key the separator before it. */
function nextChain(chain: string, text: Uint8Array, key: LineKey | null): string {
  const before = fromBase64url(chain) ?? new Uint8Array();
  const digest = key === null ? sha256(concat(before, text)) : key.digest(before, text);
  return base64url(digest.subarray(0, CHAIN_BYTES));
}

export interface JournalLine {
  readonly bytes: Uint8Array;
  readonly chain: string;
}

/** Writes `value` as the line after the one whose chain is `chain`; `begins` a commit or goes on in one. */
export function writeJournalLine(
  chain: string,
  value: unknown,
  key: LineKey | null = null,
  begins = true,
): JournalLine {
  const text = utf8(`${key === null || begins ? ' ' : '\t'}${JSON.stringify(value)}\n`);
  const next = nextChain(chain, text.subarray(key === null ? 1 : 0, -1), key);
  return { bytes: concat(utf8(next), text), chain: next };
}

/** The first line of a signed journal. */
export const writeJournalHead = (key: LineKey): JournalLine =>
  writeJournalLine(FIRST_CHAIN, { kind: 'journal', format: FORMAT, key: key.name });

export interface ReadJournal {
  /** Every value up to the first line that does not hold; without the header. */
  readonly values: readonly unknown[];
  readonly chain: string;
  /** Bytes of the whole lines; what lies behind is torn, unless it is `broken`. */
  readonly length: number;
  readonly signed: boolean;
  /** The header names another key, or there is a header and no key. */
  readonly shut: boolean;
  /** Lines follow that were written after the first bad one was safe on the disk. */
  readonly broken: boolean;
}

/** Reads as far as the chain holds; never throws. */
export function readJournalLines(bytes: Uint8Array, key: LineKey | null = null): ReadJournal {
  const head = lineAt(bytes, 0);
  const first = head === null ? null : readLine(head.line, FIRST_CHAIN, null);
  const signed = first !== null && key !== null && isHead(first.value);
  const values: unknown[] = [];
  let chain = signed ? first.chain : FIRST_CHAIN;
  let length = signed && head !== null ? head.end : 0;
  const shut = signed && (first.value as { key?: unknown }).key !== key.name;
  for (let line = lineAt(bytes, length); line !== null && !shut; line = lineAt(bytes, length)) {
    const read = readLine(line.line, chain, signed ? key : null);
    if (read === null) break;
    values.push(read.value);
    chain = read.chain;
    length = line.end;
  }
  // The header itself may be what was changed.
  const broken = !shut && key !== null && goesOn(bytes, length, key);
  return { values, chain, length, signed, shut, broken };
}

const isHead = (value: unknown): boolean => (value as { kind?: unknown })?.kind === 'journal';

/** Whether a commit was begun somewhere behind the bad line at `from`. */
function goesOn(bytes: Uint8Array, from: number, key: LineKey): boolean {
  let before: string | null = null;
  for (let at = lineAt(bytes, from); at !== null; at = lineAt(bytes, at.end)) {
    const begins = at.line[CHAIN_CHARACTERS] === SPACE;
    if (before !== null && begins && readLine(at.line, before, key) !== null) return true;
    before = chainOf(at.line);
  }
  return false;
}

const SPACE = 0x20;
const TAB = 0x09;

interface Line {
  /** Without its end. */
  readonly line: Uint8Array;
  readonly end: number;
}

function lineAt(bytes: Uint8Array, at: number): Line | null {
  const end = bytes.indexOf(10, at);
  return end < 0 ? null : { line: bytes.subarray(at, end), end: end + 1 };
}

/** The chain that a line says it has; whatever else stands there is no chain of any line. */
const chainOf = (line: Uint8Array): string =>
  String.fromCharCode(...line.subarray(0, CHAIN_CHARACTERS));

function readLine(
  line: Uint8Array,
  chain: string,
  key: LineKey | null,
): { value: unknown; chain: string } | null {
  const separator = line[CHAIN_CHARACTERS];
  if (separator !== SPACE && (separator !== TAB || key === null)) return null;
  const next = nextChain(chain, line.subarray(CHAIN_CHARACTERS + (key === null ? 1 : 0)), key);
  if (chainOf(line) !== next) return null;
  try {
    return { value: JSON.parse(fromUtf8(line.subarray(CHAIN_CHARACTERS + 1))), chain: next };
  } catch {
    return null;
  }
}
