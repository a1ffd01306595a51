/** A slice of the fuzzer at the doors that open at once; all of it is `npm run fuzz`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { utf8 } from '#device/codecs/bytes.ts';
import { downlinkSchema, type Order, uplinkSchema } from '#device/messages/order.ts';
import { SeededChance } from '#simulators/simulation/chance.ts';
import { STALL, START } from '#test/flows/stand.ts';
import type { Door } from './door.ts';
import { DOORS } from './doors.ts';
import { downlinksOf, uplinksOf } from './messages.ts';
import { mutateBytes, mutateJson } from './mutate.ts';
import { runDoor, takeCase } from './run.ts';

const SLICE_MS = 60;
const LATER = new Set(['http', 'mqtt']);
const seed = String(Math.floor(Math.random() * 2 ** 32));

describe(`any input is taken or refused (seed ${seed})`, () => {
  for (const [name, open] of DOORS) {
    if (LATER.has(name)) continue;
    test(name, async () => {
      const door = await open();
      const { failure } = await runDoor(door, seed, { until: performance.now() + SLICE_MS });
      await door.close?.();
      const line = failure && `--case ${name}:${Buffer.from(failure.input).toString('hex')}`;
      assert.equal(failure, null, `${failure?.why}\nnpm run fuzz -- ${line}`);
    });
  }
});

test('there is a good message of every kind', () => {
  const order: Order = {
    ...{ number: '0123456789ABCDEF', terminal: 't-0001', vendor: 'Lin', amount_minor: 1250 },
    ...{ place: STALL.place, currency: 'CNY', made_at: START, lifetime_s: 120 },
    lines: [{ name: 'Dumplings', quantity: 1, unit_minor: 1250 }],
  };
  const known = [
    [downlinksOf(order.number), downlinkSchema],
    [uplinksOf(order, order), uplinkSchema],
  ] as const;
  for (const [messages, schema] of known) {
    for (const message of messages) schema.parse(message);
    const kinds: string[] = schema.options.map(({ shape }) => shape.kind.value);
    assert.deepEqual([...new Set(messages.map(({ kind }): string => kind))].sort(), kinds.sort());
  }
});

describe('the fuzzer', () => {
  const text = utf8('{"order":{"lines":[{"quantity":1}]},"kind":"order"}');

  test('makes the same inputs of the same seed, and changes them', () => {
    const draw = (): string[] => {
      const chance = new SeededChance('7');
      return Array.from({ length: 200 }, (_, at) => {
        const mutate = at % 2 === 0 ? mutateBytes : mutateJson;
        return Buffer.from(mutate(text, chance, text)).toString('hex');
      });
    };
    assert.deepEqual(draw(), draw());
    assert.ok(new Set(draw()).size > 150);
  });

  test('finds what throws, and what takes too long, and names the input', async () => {
    const door = (take: Door['take']): Door => ({
      name: 'x',
      shape: 'bytes',
      golden: [text],
      take,
    });
    const throws = door((input) => assert.ok(input[0] !== 0x7b || input.length !== 1));
    const found = await takeCase(throws, utf8('{'), false);
    assert.deepEqual(found?.input, utf8('{'));
    assert.equal(await takeCase(throws, utf8('['), false), null);
    const late = door(() => {
      const until = performance.now() + 30;
      while (performance.now() < until);
    });
    assert.match((await takeCase(late, utf8('{'), false, 20))?.why ?? '', /took \d+ ms/);
  });
});
