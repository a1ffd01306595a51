/** What a modem keeps for us is read until it reads well; only what never can is deleted. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Inbox } from '#firmware/modem/messages.ts';

const GOLDEN = JSON.parse(readFileSync('test/golden/sms-pdu.json', 'utf8')) as {
  deliver: { pdu: string }[];
};
const [GOOD] = GOLDEN.deliver;

/** A modem that keeps one message and reads it out as `readings` say, the last of them for ever. */
function stand(readings: readonly (readonly string[])[]) {
  const told = { texts: [] as string[], deleted: [] as string[], reads: 0 };
  const inbox = new Inbox(
    async ({ text }) => {
      if (text !== 'AT+CMGL=4') {
        told.deleted.push(text);
        return { is: 'ok', lines: [] };
      }
      const lines =
        told.deleted.length > 0 ? [] : readings[Math.min(told.reads, readings.length - 1)];
      told.reads += 1;
      return { is: 'ok', lines: [...(lines ?? [])] };
    },
    { sms: async ({ text }) => void told.texts.push(text), log: () => undefined },
  );
  return { inbox, told };
}

assert.ok(GOOD !== undefined);
/** The number of the message centre comes before what is counted. */
const length = GOOD.pdu.length / 2 - 1 - Number.parseInt(GOOD.pdu.slice(0, 2), 16);
const header = `+CMGL: 3,1,"",${length}`;
/** The message with one digit hit, another each time. */
const hit = (at: number): string[] => [
  header,
  `${GOOD.pdu.slice(0, at)}!${GOOD.pdu.slice(at + 1)}`,
];

test('a message that a disturbed line spoils again and again is kept, and arrives', async () => {
  const { inbox, told } = stand([
    hit(1),
    hit(2),
    hit(3),
    hit(4),
    hit(5),
    hit(6),
    [header, GOOD.pdu],
  ]);
  await inbox.collect();
  assert.equal(told.texts.length, 1);
  assert.deepEqual([told.deleted, told.reads], [['AT+CMGD=3'], 7]);
});

test('one whose digits never came through is kept', async () => {
  const { inbox, told } = stand([[header], [header], [header], [header], [header, GOOD.pdu]]);
  await inbox.collect();
  assert.equal(told.texts.length, 1);
});

test('one whose header was spoiled is asked for again', async () => {
  const { inbox, told } = stand([
    ['+CMGL: 3,1"",2', GOOD.pdu],
    [header, GOOD.pdu],
  ]);
  await inbox.collect();
  assert.equal(told.texts.length, 1);
});

test('what reads the same each time and is no text makes room', async () => {
  const { inbox, told } = stand([hit(9)]);
  await inbox.collect();
  assert.deepEqual([told.texts, told.deleted, told.reads], [[], ['AT+CMGD=3'], 4]);
});

test('a line that is never quiet is left alone after a while, and nothing is deleted', async () => {
  const { inbox, told } = stand(Array.from({ length: 100 }, (_, at) => hit(at % 20)));
  await inbox.collect();
  assert.deepEqual([told.texts, told.deleted], [[], []]);
  assert.ok(told.reads < 20);
});
