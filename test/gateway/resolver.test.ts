/** What is open is looked after in time, by a clock that may be wrong. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { roundOf, startResolver } from '#gateway/resolver.ts';
import { openSqlite } from '#gateway/store/sqlite/engine.ts';
import { Writer } from '#gateway/store/writer.ts';
import { HandClock } from '#test/flows/stand.ts';

test('what was put off by a clock that was years ahead is taken up when that is set right', async () => {
  const clock = new HandClock();
  const writer = new Writer(openSqlite(':memory:'), (then) => void setImmediate(then));
  let next: number | undefined;
  const settled: number[] = [];
  const stop = startResolver({
    ...{ writer, clock, place: 'test', log: () => undefined, nextAt: () => next },
    settle: async (now) => {
      settled.push(now);
      if (now >= (next ?? Infinity)) next = undefined;
    },
  });
  clock.wall += 3 * 365 * 86_400_000;
  next = clock.now() + 500;
  await writer.run((tx) => tx.note({ about: 'open' }));
  clock.wall -= 3 * 365 * 86_400_000;
  await clock.pass(16_000);
  assert.equal(next, undefined, 'it is settled');
  assert.ok(settled.length <= 3, 'and nothing spins');
  stop();
  writer.close();
});

test('of a hundred that were put off so, none waits until that time comes', async () => {
  const clock = new HandClock();
  const writer = new Writer(openSqlite(':memory:'), (then) => void setImmediate(then));
  clock.wall += 86_400_000;
  let open = Array.from({ length: 100 }, (_, at) => clock.now() + 500 + at);
  clock.wall -= 86_400_000;
  const nextAt = (): number | undefined => (open.length === 0 ? undefined : Math.min(...open));
  const stop = startResolver({
    ...{ writer, clock, place: 'test', log: () => undefined, nextAt },
    settle: async (now) => {
      const due = open.filter((at) => at <= now);
      const most = roundOf(now);
      const taken = new Set(most < 0 ? due : due.slice(0, most));
      open = open.filter((at) => !taken.has(at));
    },
  });
  await clock.pass(100);
  assert.equal(open.length, 0, 'all are taken up as the process starts');
  stop();
  writer.close();
});
