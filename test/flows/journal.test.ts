/** The journal keeps what it promised through every cut, and says what it can't keep. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { lineKey, writeJournalHead, writeJournalLine } from '#device/codecs/journal-line.ts';
import { Journal, JournalError } from '#device/journal.ts';
import type { JournalEntry } from '#device/messages/journal.ts';
import { journalDigest } from '#firmware/journal-key.ts';
import { MemoryDisk, STALL, START } from './stand.ts';

const announced = (at: number): JournalEntry => ({
  kind: 'announced',
  order: String(at).padStart(16, '0'),
});

async function written(count: number): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const { journal } = await Journal.open(disk);
  for (let at = 0; at < count; at += 1) await journal.append([announced(at)]);
  return disk;
}

describe('journal', () => {
  test('opens with what was written, and goes on', async () => {
    const disk = await written(3);
    const { journal, entries, torn } = await Journal.open(disk);
    assert.deepEqual(entries, [0, 1, 2].map(announced));
    assert.equal(torn.length, 0);
    await journal.append([announced(3)]);
    assert.equal((await Journal.open(disk)).entries.length, 4);
    assert.equal((await Journal.open(disk)).journal.head, journal.head);
  });

  test('what it opens with survives a power cut, also where the program was killed before it synced', async () => {
    const disk = await written(1);
    await disk.append((await written(2)).durable.subarray(disk.durable.length));
    const { entries } = await Journal.open(disk);
    assert.equal(entries.length, 2);
    disk.crash();
    assert.deepEqual((await Journal.open(disk)).entries, entries);
  });

  test('what a failed write left behind is cut off before the next, also where that fails at first', async () => {
    const disk = await written(1);
    const { journal } = await Journal.open(disk);
    const { truncate } = disk;
    disk.full = true;
    disk.truncate = () => Promise.reject(new Error('input/output error'));
    await assert.rejects(journal.append([announced(1)]), /no space left/);
    disk.full = false;
    await assert.rejects(journal.append([announced(2)]), /input/);
    disk.truncate = truncate;
    await journal.append([announced(3)]);
    const { entries } = await Journal.open(disk);
    assert.deepEqual(entries, [announced(0), announced(3)]);
  });

  test('cut at any byte, it opens with the whole lines before the cut and goes on', async () => {
    const whole = (await written(4)).durable;
    for (let length = 0; length <= whole.length; length += 1) {
      const disk = new MemoryDisk();
      await disk.append(whole.subarray(0, length));
      await disk.sync();
      const lines = whole.subarray(0, length).filter((byte) => byte === 10).length;
      const { journal, entries, torn } = await Journal.open(disk);
      assert.equal(entries.length, lines, `cut at ${length}`);
      assert.equal(torn.length > 0, !(length === 0 || whole[length - 1] === 10));
      await journal.append([announced(9)]);
      assert.equal((await Journal.open(disk)).entries.length, lines + 1);
    }
  });

  test('with any bit flipped, nothing from there on is believed', async () => {
    const whole = (await written(3)).durable;
    for (let bit = 0; bit < whole.length * 8; bit += 1) {
      const disk = new MemoryDisk();
      await disk.append(
        whole.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)),
      );
      const before = whole.subarray(0, bit >> 3).filter((byte) => byte === 10).length;
      assert.equal((await Journal.open(disk)).entries.length, before, `bit ${bit}`);
    }
  });

  test('entries that arrive together share a commit, in their order', async () => {
    const disk = new MemoryDisk();
    const { journal } = await Journal.open(disk);
    await Promise.all(Array.from({ length: 50 }, (_, at) => journal.append([announced(at)])));
    const { entries } = await Journal.open(disk);
    assert.deepEqual(
      entries,
      Array.from({ length: 50 }, (_, at) => announced(at)),
    );
  });

  test('what a full disk refused is not there, and the next write is whole', async () => {
    const disk = await written(1);
    const { journal } = await Journal.open(disk);
    disk.full = true;
    await assert.rejects(journal.append([announced(1)]), { code: 'ENOSPC' });
    disk.full = false;
    await journal.append([announced(2)]);
    assert.deepEqual((await Journal.open(disk)).entries, [announced(0), announced(2)]);
  });

  test('an entry of a newer version is named, and nothing is dropped', async () => {
    const disk = await written(1);
    const length = disk.durable.length;
    const { writeJournalLine } = await import('#device/codecs/journal-line.ts');
    const { journal } = await Journal.open(disk);
    const { bytes } = writeJournalLine(journal.head, { kind: 'voucher', number: 1 });
    await disk.append(bytes);
    await assert.rejects(Journal.open(disk), (error: Error) => {
      assert.ok(error instanceof JournalError);
      assert.match(error.message, /line 2/);
      return true;
    });
    assert.ok((await disk.read()).length > length);
  });
});

describe('a signed journal', () => {
  const key = new Uint8Array(32).fill(5);
  const signed = async (count: number): Promise<MemoryDisk> => {
    const disk = new MemoryDisk();
    const { journal } = await Journal.open(disk, { key });
    for (let at = 0; at < count; at += 1) await journal.append([announced(at), announced(at + 50)]);
    return disk;
  };

  test('one of an older version is read whole, signed from then on, and refused by that version', async () => {
    const disk = await written(3);
    const { journal, entries } = await Journal.open(disk, { key });
    assert.deepEqual(entries, [0, 1, 2].map(announced));
    await journal.append([announced(3)]);
    const before = disk.text;
    await assert.rejects(Journal.open(disk), /line 1: kind is not known to this version/);
    assert.equal(disk.text, before, 'and nothing of it is dropped');
    assert.equal((await Journal.open(disk, { key })).entries.length, 4);
  });

  test('with another key, or changed where it was safe, it is refused as it is', async () => {
    const disk = await signed(5);
    const before = disk.text;
    await assert.rejects(Journal.open(disk, { key: new Uint8Array(32) }), /another key; restore/);
    assert.equal(disk.text, before);
    // All but the last two commits: a torn end looks the same.
    const last = before.split('\n').slice(0, 7).join('\n').length;
    for (let at = 0; at < last; at += 7) {
      const spoilt = new MemoryDisk();
      await spoilt.append(disk.durable.map((byte, place) => (place === at ? byte ^ 1 : byte)));
      await assert.rejects(Journal.open(spoilt, { key }), JournalError, `byte ${at}`);
      assert.equal((await spoilt.read()).length, disk.durable.length);
    }
  });

  test('cut at any byte, it opens with the whole lines before the cut', async () => {
    const whole = (await signed(3)).durable;
    for (let length = 0; length <= whole.length; length += 1) {
      const disk = new MemoryDisk();
      await disk.append(whole.subarray(0, length));
      const lines = whole.subarray(0, length).filter((byte) => byte === 10).length;
      const { journal, entries } = await Journal.open(disk, { key });
      assert.equal(entries.length, Math.max(0, lines - 1), `cut at ${length}`);
      await journal.append([announced(9)]);
      assert.equal((await Journal.open(disk, { key })).entries.length, entries.length + 1);
    }
  });

  test('a full disk leaves it as it was, and what is over goes when there is room', async () => {
    const disk = await written(4);
    disk.full = true;
    const keep = (entries: readonly JournalEntry[]) => entries.slice(-1);
    const full = await Journal.open(disk, { key, keep });
    assert.equal(full.entries.length, 4);
    disk.full = false;
    await full.journal.append([announced(4)]);
    const { entries } = await Journal.open(disk, { key, keep });
    assert.deepEqual(entries, [announced(4)]);
    assert.deepEqual((await Journal.open(disk, { key })).entries, [announced(4)]);
  });
});

describe('a long journal', () => {
  const COUNT = 20_000;
  const KEY = new Uint8Array(32).fill(5);

  /** As a terminal without network leaves it. */
  async function queue(): Promise<MemoryDisk> {
    const key = lineKey(KEY, journalDigest);
    const head = writeJournalHead(key);
    const lines = [head.bytes];
    let { chain } = head;
    for (let at = 0; at < COUNT; at += 1) {
      const line = writeJournalLine(chain, { kind: 'order', order: orderOf(at) }, key);
      lines.push(line.bytes);
      ({ chain } = line);
    }
    const disk = new MemoryDisk();
    await disk.append(Buffer.concat(lines));
    await disk.sync();
    return disk;
  }
  const orderOf = (at: number) => ({
    number: String(at).padStart(16, '0'),
    ...{ terminal: 't-0001', vendor: 'Lin', place: STALL.place, currency: 'CNY' as const },
    ...{ amount_minor: 1250, made_at: START, lifetime_s: 120 },
    lines: [{ name: 'Dumplings', quantity: 1, unit_minor: 1250 }],
  });

  test('is read at 50,000 entries a second of a core, and each is checked', async () => {
    const disk = await queue();
    const before = process.cpuUsage();
    const { entries } = await Journal.open(disk, { key: KEY, digest: journalDigest });
    const { user, system } = process.cpuUsage(before);
    assert.equal(entries.length, COUNT);
    const ms = (user + system) / 1000;
    assert.ok(ms < (COUNT / 50_000) * 1000, `${ms} ms of a core`);
    const changed = disk.durable.slice();
    changed[Math.floor(changed.length / 2)] = 0x58;
    const broken = new MemoryDisk();
    await broken.append(changed);
    await assert.rejects(
      Journal.open(broken, { key: KEY, digest: journalDigest }),
      /was changed after it was written/,
    );
  });

  test('takes more entries at once than a call takes arguments', async () => {
    const disk = new MemoryDisk();
    const { journal } = await Journal.open(disk, { key: KEY, digest: journalDigest });
    await journal.append(Array.from({ length: 130_000 }, (_, at) => announced(at)));
    assert.equal(disk.durable.at(-1), 10);
  });
});
