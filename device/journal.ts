/**
 * The terminal's memory: an append-only, hash-chained, signed log over a disk of five verbs. Entries
 * that arrive while one commit is under way share the next one.
 */

import {
  FIRST_CHAIN,
  type LineKey,
  lineKey,
  type MakeDigest,
  readJournalLines,
  writeJournalHead,
  writeJournalLine,
} from './codecs/journal-line.ts';
import { type JournalEntry, journalEntrySchema } from './messages/journal.ts';
import type { Disk } from './ports/disk.ts';

export interface OpenedJournal {
  readonly journal: Journal;
  /** All entries that are whole, oldest first. */
  readonly entries: readonly JournalEntry[];
  /** What was cut off the end: a write that a power cut tore. Empty after an orderly stop. */
  readonly torn: Uint8Array;
}

export class JournalError extends Error {}

export interface JournalOptions {
  /** 32 secret bytes that sign each line; without them it is chained alone. */
  readonly key?: Uint8Array;
  /** The machine's own HMAC-SHA-256; without it a pure one, which takes several times as long. */
  readonly digest?: MakeDigest;
  /** What is still needed of what it holds: the same, or some of them in their order. */
  readonly keep?: (entries: readonly JournalEntry[]) => readonly JournalEntry[];
}

interface Waiting {
  readonly entries: readonly JournalEntry[];
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

export class Journal {
  readonly #disk: Disk;
  readonly #key: LineKey | null;
  #chain: string;
  #length: number;
  #waiting: Waiting[] = [];
  #busy = false;
  /** A write failed, and what it left behind the last whole entry is still there. */
  #ragged = false;

  private constructor(disk: Disk, key: LineKey | null, chain: string, length: number) {
    this.#disk = disk;
    this.#key = key;
    this.#chain = chain;
    this.#length = length;
  }

  /**
   * Reads the log, cuts a torn tail off, and drops what is not needed any more. Throws a
   * {@link JournalError} with the mend, and leaves all as it is, where a whole line is no entry that
   * this version knows (a newer one wrote it), where another key signed it, and where it was changed
   * after it was safe on the disk.
   */
  static async open(disk: Disk, options: JournalOptions = {}): Promise<OpenedJournal> {
    const { key, keep, digest } = options;
    const signing = key === undefined ? null : lineKey(key, digest);
    const bytes = await disk.read();
    const { values, chain, length, signed, shut, broken } = readJournalLines(bytes, signing);
    if (shut) throw new JournalError(`the journal was signed with another key; ${MEND_KEY}`);
    const entries = readEntries(values);
    if (broken) {
      const line = values.length + 2;
      throw new JournalError(`journal line ${line} was changed after it was written; ${MEND}`);
    }
    const torn = bytes.slice(length);
    if (torn.length > 0) await disk.truncate(length);
    // What a program that was killed wrote last is read here, and may not be on the disk yet.
    if (bytes.length > 0) await disk.sync();
    const kept = keep === undefined ? entries : keep(entries);
    if (kept.length < entries.length || (signing !== null && !signed)) {
      const whole = writeWhole(kept, signing);
      const done = await disk.replace(whole.bytes).then(
        () => true,
        () => false,
      );
      const journal = new Journal(disk, signing, whole.chain, whole.bytes.length);
      if (done) return { journal, entries: kept, torn };
      // No room, or a bad disk: it goes on as it is, which a look tells.
      const now = readJournalLines(await disk.read(), signing);
      const as = now.signed ? signing : null;
      const all = readEntries(now.values);
      return { journal: new Journal(disk, as, now.chain, now.length), entries: all, torn };
    }
    return { journal: new Journal(disk, signed ? signing : null, chain, length), entries, torn };
  }

  /** Hash over everything written so far; two journals with one head are the same journal. */
  get head(): string {
    return this.#chain;
  }

  /** Resolves when the entries survive a power cut; on failure nothing of them is in the log. */
  append(entries: readonly JournalEntry[]): Promise<void> {
    return new Promise((done, failed) => {
      this.#waiting.push({ entries, done, failed });
      void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0);
      try {
        await this.#commit(batch.flatMap((each) => each.entries));
        for (const each of batch) each.done();
      } catch (error) {
        for (const each of batch) each.failed(error);
      }
    }
    this.#busy = false;
  }

  async #commit(entries: readonly JournalEntry[]): Promise<void> {
    let chain = this.#chain;
    const lines = entries.map((entry, at) => {
      const line = writeJournalLine(chain, entry, this.#key, at === 0);
      chain = line.chain;
      return line.bytes;
    });
    const bytes = joined(lines);
    await this.#mend();
    try {
      this.#ragged = true;
      await this.#disk.append(bytes);
      await this.#disk.sync();
      this.#ragged = false;
    } catch (error) {
      // What can't be mended now is mended before the next entry.
      await this.#mend().catch(() => undefined);
      throw error;
    }
    this.#chain = chain;
    this.#length += bytes.length;
  }

  /** Half a write may be there: whatever was written after it would not be read again. */
  async #mend(): Promise<void> {
    if (!this.#ragged) return;
    await this.#disk.truncate(this.#length);
    this.#ragged = false;
  }
}

const MEND = 'restore the file from a backup, or move it aside and have what it holds reconciled';
const MEND_KEY = 'restore journal.key beside it, which it was written with, or move both aside';

function readEntries(values: readonly unknown[]): JournalEntry[] {
  return values.map((value, at) => {
    const parsed = journalEntrySchema.safeParse(value);
    if (parsed.success) return parsed.data;
    const where = parsed.error.issues[0]?.path.join('.') ?? '';
    throw new JournalError(`journal line ${at + 1}: ${where} is not known to this version`);
  });
}

/** A whole journal with these entries. */
function writeWhole(entries: readonly JournalEntry[], key: LineKey | null) {
  const head = key === null ? null : writeJournalHead(key);
  const parts: Uint8Array[] = head === null ? [] : [head.bytes];
  let chain = head?.chain ?? FIRST_CHAIN;
  for (const entry of entries) {
    const line = writeJournalLine(chain, entry, key);
    chain = line.chain;
    parts.push(line.bytes);
  }
  return { bytes: joined(parts), chain };
}

/** As `concat`, of more parts than a call takes arguments. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
