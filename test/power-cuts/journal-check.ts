/** What a terminal's journal must still say after a power cut. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Journal } from '#device/journal.ts';
import { openFileDisk } from '#firmware/disk.ts';

/** What signs the lines; a terminal keeps its own beside the journal, made before the first line. */
export const JOURNAL_KEY = new Uint8Array(32).fill(5);

/** Opens the file that was left, with the code that ships; throws where a promise is broken. */
export async function checkJournal(
  directory: string,
  files: ReadonlyMap<string, Uint8Array>,
  promises: readonly unknown[],
): Promise<void> {
  const path = join(directory, 'journal');
  const left = files.get('journal') ?? new Uint8Array(0);
  writeFileSync(path, left);
  const disk = await openFileDisk(path);
  try {
    const { journal, entries, torn } = await Journal.open(disk, { key: JOURNAL_KEY });
    const read = new Set(entries.map((entry) => JSON.stringify(entry)));
    for (const promise of promises) {
      assert.ok(read.has(JSON.stringify(promise)), `was on disk and is lost: ${promise}`);
    }
    // A half-written entry is cut off, and what is written next is read again.
    await journal.append([{ kind: 'announced', order: '0123456789ABCDEF' }]);
    const again = await Journal.open(disk, { key: JOURNAL_KEY });
    assert.equal(again.entries.length, entries.length + 1);
    assert.equal(again.torn.length, 0, 'something torn is left in the middle');
    assert.equal(again.journal.head, journal.head);
    assert.ok(torn.length <= left.length);
  } finally {
    await disk.close();
  }
}
