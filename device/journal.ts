/**
 * The terminal's memory: an append-only, hash-chained log over a disk of four verbs. Entries that
 * arrive while one commit is under way share the next one.
 */

import { concat } from './codecs/bytes.ts';
import { readJournalLines, writeJournalLine } from './codecs/journal-line.ts';
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

interface Waiting {
  readonly entries: readonly JournalEntry[];
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

export class Journal {
  readonly #disk: Disk;
  #chain: string;
  #length: number;
  #waiting: Waiting[] = [];
  #busy = false;
  /** A write failed, and what it left behind the last whole entry is still there. */
  #ragged = false;

  private constructor(disk: Disk, chain: string, length: number) {
    this.#disk = disk;
    this.#chain = chain;
    this.#length = length;
  }

  /**
   * Reads the log and cuts a torn tail off. Throws a {@link JournalError} where a whole line is no
   * entry that this version knows: it was written by a newer one, and nothing of it may be dropped.
   */
  static async open(disk: Disk): Promise<OpenedJournal> {
    const bytes = await disk.read();
    const { values, chain, length } = readJournalLines(bytes);
    const entries = values.map((value, at) => {
      const parsed = journalEntrySchema.safeParse(value);
      if (parsed.success) return parsed.data;
      const where = parsed.error.issues[0]?.path.join('.') ?? '';
      throw new JournalError(`journal line ${at + 1}: ${where} is not known to this version`);
    });
    if (length < bytes.length) await disk.truncate(length);
    // What a program that was killed wrote last is read here, and may not be on the disk yet.
    if (bytes.length > 0) await disk.sync();
    return { journal: new Journal(disk, chain, length), entries, torn: bytes.slice(length) };
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
    const lines = entries.map((entry) => {
      const line = writeJournalLine(chain, entry);
      chain = line.chain;
      return line.bytes;
    });
    const bytes = concat(...lines);
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
