/** What the gateway tells a terminal, and what its disk tells it. */
import { utf8 } from '#device/codecs/bytes.ts';
import { seal } from '#device/codecs/jws.ts';
import { Journal, JournalError } from '#device/journal.ts';
import type { CardDebit } from '#device/messages/card.ts';
import type { JournalEntry } from '#device/messages/journal.ts';
import { readDownlink } from '#device/messages/signed.ts';
import { GATEWAY_KEY, GATEWAY_SECRET, MemoryDisk, STALL, START, Stand } from '#test/flows/stand.ts';
import { broken, type Door } from './door.ts';
import { downlinksOf } from './messages.ts';

const json = (value: unknown): Uint8Array => utf8(JSON.stringify(value));

/** JSON as it stands; what is no JSON is sealed as text. */
function payloadOf(input: Uint8Array): unknown {
  const text = new TextDecoder().decode(input);
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Signed by the gateway and for this terminal: whatever stands in it, the loop goes on. */
export async function downlinkDoor(): Promise<Door> {
  let stand = await Stand.start();
  let order = (await stand.sell('1')).number;
  const first = order;
  let cases = 0;
  return {
    name: 'downlink',
    shape: 'json',
    golden: downlinksOf(order).map(json),
    async take(input) {
      const text = new TextDecoder().decode(input).replaceAll(first, order);
      const token = seal('EdDSA', GATEWAY_SECRET, payloadOf(utf8(text)));
      const spoken = stand.spoken.length;
      const read = readDownlink(token, 't-0001', GATEWAY_KEY);
      if (!read.ok) return;
      await stand.told(read.downlink);
      const { downlink } = read;
      // What is said of no order (a day, a card) has no mark, and is not said of money.
      const said = stand.marks.slice(spoken).filter((mark) => mark !== '');
      const about =
        downlink.kind === 'result'
          ? downlink.result.order
          : downlink.kind === 'refund'
            ? downlink.refund.order
            : downlink.kind === 'web_paid'
              ? downlink.paid.order
              : null;
      const right = about === order || downlink.kind === 'web_paid';
      if (said.length > 1 || (said.length === 1 && !right)) broken(`says ${said}`);
      cases += 1;
      if (cases % 20 !== 0) return;
      // What it wrote down meanwhile is what the next start reads.
      stand = await Stand.start({ disk: stand.disk });
      stand.key('cancel', 'cancel');
      order = (await stand.sell('1')).number;
    },
  };
}

const ORDER = '0123456789ABCDEF';
const DEBIT: Omit<CardDebit, 'counter_before' | 'balance_before_minor'> = {
  ...{ order: ORDER, uid: '04112233445566', card: 'HC0123456789ABCDEF', amount_minor: 100 },
  ...{ currency: 'CNY', at: START, offline: true, record: '00'.repeat(32) },
};
const entries: JournalEntry[] = [
  {
    kind: 'order',
    order: {
      ...{ number: ORDER, terminal: 't-0001', vendor: STALL.vendor, place: STALL.place },
      ...{ amount_minor: 100, currency: 'CNY', made_at: START, lifetime_s: 120 },
      lines: [{ name: '豆腐', quantity: 1, unit_minor: 100 }],
    },
  },
  { kind: 'receipt', receipt: { order: ORDER, said: 'recorded' } },
  {
    kind: 'result',
    result: { order: ORDER, outcome: 'paid', amount_minor: 100, currency: 'CNY', at: START },
  },
  { kind: 'announced', order: ORDER },
  { kind: 'card_begun', debit: { ...DEBIT, counter_before: 2, balance_before_minor: 5000 } },
  {
    kind: 'card_done',
    payment: { ...DEBIT, counter: 3, mac: 'AAAAAAAAAAA', balance_after_minor: 4900, sold: true },
  },
  { kind: 'card_receipt', receipt: { order: ORDER, card: DEBIT.card, counter: 3, said: 'posted' } },
];
export const KEY = new Uint8Array(32).fill(4);

/** A spoilt journal is its whole beginning, or is refused as a newer one; the rest is kept aside. */
export async function journalDoor(key?: Uint8Array): Promise<Door> {
  const options = key === undefined ? {} : { key };
  const disk = new MemoryDisk();
  const { journal } = await Journal.open(disk, options);
  for (const entry of entries) await journal.append([entry]);
  const whole = (await Journal.open(disk, options)).entries.map((entry) => JSON.stringify(entry));
  const file = disk.text;
  return {
    name: key === undefined ? 'journal' : 'journal-signed',
    shape: 'bytes',
    golden: [utf8(file)],
    async take(input) {
      const spoilt = new MemoryDisk();
      await spoilt.append(input);
      await spoilt.sync();
      try {
        const opened = await Journal.open(spoilt, options);
        const read = opened.entries.map((entry) => JSON.stringify(entry));
        if (read.some((entry, at) => entry !== whole[at])) broken(`reads ${read}`);
        // One that lost its head as well is begun anew, under the key.
        if (key !== undefined) return;
        const left = spoilt.text;
        if (!file.startsWith(left)) broken('keeps what is not whole');
        if (left + fromUtf8Lossy(opened.torn) !== fromUtf8Lossy(input)) broken('drops bytes');
        await Stand.start({ disk: spoilt });
      } catch (error) {
        if (!(error instanceof JournalError)) throw error;
        if (fromUtf8Lossy(await spoilt.read()) !== fromUtf8Lossy(input))
          broken('refused, and changed');
      }
    },
  };
}

const fromUtf8Lossy = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
