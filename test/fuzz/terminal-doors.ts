/** What the gateway tells a terminal, and what its disk tells it. */
import { utf8 } from '#device/codecs/bytes.ts';
import { seal } from '#device/codecs/jws.ts';
import { Journal, JournalError } from '#device/journal.ts';
import type { JournalEntry } from '#device/messages/journal.ts';
import { readDownlink } from '#device/messages/signed.ts';
import { GATEWAY_KEY, GATEWAY_SECRET, MemoryDisk, STALL, START, Stand } from '#test/flows/stand.ts';
import { broken, type Door } from './door.ts';

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

const money = { amount_minor: 100, currency: 'CNY' };
const head = { terminal: 't-0001', gateway_time: START };

function downlinks(order: string): Uint8Array[] {
  const card = { order, card: 'HC0123456789ABCDEF', counter: 3 };
  return [
    { kind: 'receipt', ...head, receipt: { order, said: 'recorded' } },
    { kind: 'receipts', ...head, receipts: [{ order, said: 'already_recorded' }] },
    { kind: 'result', ...head, result: { order, outcome: 'paid', ...money, at: START } },
    {
      kind: 'refund',
      ...head,
      refund: { order, refund: 'R-1', ...money, refunded_minor: 100, at: START },
    },
    { kind: 'time', ...head },
    { kind: 'attempt', ...head, attempt: { order, attempt: 1, state: 'asked', payer: '•••• 1' } },
    {
      kind: 'pairing',
      ...head,
      pairing: { number: '123456', paired: { pairing: 'p', payer: '1' } },
    },
    { kind: 'card_receipt', ...head, receipt: { ...card, said: 'posted' } },
    { kind: 'card_verdict', ...head, verdict: { ...card, said: 'not_debited' } },
    { kind: 'hotlist', ...head, hotlist: { version: 1, issued_at: START, cards: [] } },
    {
      kind: 'relay',
      ...head,
      group: { relay: 'relay-0001', step: 1, apdus: ['905a000003e01cf500'], timeout_ms: 1000 },
    },
  ].map(json);
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
    golden: downlinks(order),
    async take(input) {
      const text = new TextDecoder().decode(input).replaceAll(first, order);
      const token = seal('EdDSA', GATEWAY_SECRET, payloadOf(utf8(text)));
      const spoken = stand.spoken.length;
      const read = readDownlink(token, 't-0001', GATEWAY_KEY);
      if (!read.ok) return;
      await stand.told(read.downlink);
      const { downlink } = read;
      const said = stand.spoken.slice(spoken);
      const about =
        downlink.kind === 'result'
          ? downlink.result.order
          : downlink.kind === 'refund'
            ? downlink.refund.order
            : null;
      if (said.length > 1 || (said.length === 1 && about !== order)) broken(`says ${said}`);
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
];

/** A spoilt journal is its whole beginning, or is refused as a newer one; the rest is kept aside. */
export async function journalDoor(): Promise<Door> {
  const disk = new MemoryDisk();
  const { journal } = await Journal.open(disk);
  for (const entry of entries) await journal.append([entry]);
  const whole = (await Journal.open(disk)).entries.map((entry) => JSON.stringify(entry));
  const file = disk.text;
  return {
    name: 'journal',
    shape: 'bytes',
    golden: [utf8(file)],
    async take(input) {
      const spoilt = new MemoryDisk();
      await spoilt.append(input);
      await spoilt.sync();
      try {
        const opened = await Journal.open(spoilt);
        const read = opened.entries.map((entry) => JSON.stringify(entry));
        if (read.some((entry, at) => entry !== whole[at])) broken(`reads ${read}`);
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
