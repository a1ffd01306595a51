/** A busy terminal's journal on a real disk: `journal-program.ts DIR SECONDS`. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { mintOrderNumber } from '#device/codecs/order-number.ts';
import { Journal } from '#device/journal.ts';
import { type JournalEntry, journalEntrySchema } from '#device/messages/journal.ts';
import { openFileDisk } from '#firmware/disk.ts';
import { STALL, START } from '#test/flows/stand.ts';
import { promise } from './acknowledged.ts';
import { JOURNAL_KEY } from './journal-check.ts';

const [data = '', seconds = '1'] = process.argv.slice(2);
mkdirSync(data, { recursive: true });
const disk = await openFileDisk(join(data, 'journal'));
const { journal } = await Journal.open(disk, { key: JOURNAL_KEY });
const ends = performance.now() + Number(seconds) * 1000;

function* entriesOf(at: number): Generator<JournalEntry> {
  const number = mintOrderNumber(START + at, new Uint8Array(new Uint32Array([at]).buffer));
  const lines = Array.from({ length: 1 + (at % 12) }, (_, line) => ({
    ...{ name: `Dumplings ${line}`, quantity: 1, unit_minor: 100 },
  }));
  const amount_minor = lines.length * 100;
  const made = { number, terminal: 't-0001', vendor: STALL.vendor, place: STALL.place, lines };
  const order = {
    ...made,
    currency: 'CNY' as const,
    amount_minor,
    made_at: START,
    lifetime_s: 120,
  };
  yield { kind: 'order', order };
  yield { kind: 'receipt', receipt: { order: number, said: 'recorded' } };
  if (at % 3 === 0) yield* debitOf(number, amount_minor, at);
  else {
    const result = { order: number, outcome: 'paid', amount_minor, currency: 'CNY' } as const;
    yield { kind: 'result', result: { ...result, at: START } };
  }
  yield { kind: 'announced', order: number };
}

/** As a card pays it. */
function* debitOf(order: string, amount_minor: number, at: number): Generator<JournalEntry> {
  const card = 'HC0123456789ABCDEF';
  const facts = {
    ...{ order, uid: '04112233445566', card, amount_minor, currency: 'CNY' as const },
    ...{ at: START, offline: true, record: '00'.repeat(32) },
  };
  const before = { counter_before: at, balance_before_minor: 5000 };
  yield { kind: 'card_begun', debit: { ...facts, ...before } };
  const after = { counter: at + 1, balance_after_minor: 5000 - amount_minor, sold: true };
  yield { kind: 'card_done', payment: { ...facts, ...after, mac: 'AAAAAAAAAAA' } };
  yield { kind: 'card_receipt', receipt: { order, card, counter: at + 1, said: 'posted' } };
}

/** One sale after the other; four of them go on at once and share their commits. */
async function sell(from: number): Promise<void> {
  for (let at = from; performance.now() < ends; at += 4) {
    for (const entry of entriesOf(at)) {
      await journal.append([entry]);
      // In the order of the schema's keys, as a journal that is opened gives it.
      promise(data, journalEntrySchema.parse(entry));
    }
  }
}

await Promise.all([0, 1, 2, 3].map(sell));
await disk.close();
