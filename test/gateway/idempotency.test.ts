import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { systemChance } from '#gateway/clock.ts';
import { deriveGatewayKeys } from '#gateway/keys.ts';
import { openSqlite } from '#gateway/store/sqlite/engine.ts';
import type { Engine } from '#gateway/store/tables.ts';
import { Writer } from '#gateway/store/writer.ts';
import { canonical, Idempotency, type Keep } from '#gateway/web/idempotency.ts';
import { type Bench, openBench, place, stockOf } from './centre-bench.ts';
import { freshKey } from './harness.ts';

describe('an Idempotency-Key', () => {
  let engine: Engine;
  let writer: Writer;
  let idempotency: Idempotency;
  let done = 0;
  const request = { scope: 'gifts', key: 'k', content: 'a' };
  const give = (keep: Keep<number>): Promise<number> =>
    writer.run((tx) => {
      done += 1;
      tx.settings.set('gifts', String(done));
      return keep(tx, done);
    });

  beforeEach(() => {
    done = 0;
    engine = openSqlite(':memory:');
    writer = new Writer(engine, (then) => setImmediate(then));
    idempotency = new Idempotency({
      tables: engine.tables,
      clock: { now: () => 1 },
      keys: deriveGatewayKeys(systemChance.bytes(32)),
    });
  });

  test('does the work once and gives the kept answer again', async () => {
    assert.equal(idempotency.recall(request), null);
    const first = await idempotency.once(request, give);
    assert.deepEqual(first, { ok: true, answer: 1, replayed: false });
    const again = await idempotency.once(request, give);
    assert.deepEqual(again, { ok: true, answer: 1, replayed: true });
    assert.equal(done, 1);
    writer.close();
  });

  test('of other content is reused; of another scope or name it is another key', async () => {
    await idempotency.once(request, give);
    const other = await idempotency.once({ ...request, content: 'b' }, give);
    assert.deepEqual(other, { ok: false, code: 'reused' });
    assert.equal((await idempotency.once({ ...request, scope: 'loans' }, give)).ok, true);
    assert.equal((await idempotency.once({ ...request, key: 'l' }, give)).ok, true);
    assert.equal(done, 3);
    writer.close();
  });

  test('that is being worked on is in flight, for one of many callers at once', async () => {
    const all = await Promise.all(
      Array.from({ length: 10 }, () => idempotency.once(request, give)),
    );
    assert.equal(all.filter(({ ok }) => ok).length, 1);
    for (const each of all) {
      if (!each.ok) assert.equal(each.code, 'in_flight');
    }
    assert.equal(done, 1);
    writer.close();
  });

  test('whose work fails is free again, and what the work did is undone', async () => {
    const fail = idempotency.once(request, (keep) =>
      writer.run((tx) => {
        tx.settings.set('gifts', 'half');
        keep(tx, 9);
        throw new Error('broken');
      }),
    );
    await assert.rejects(fail, /broken/);
    assert.equal(engine.tables.settings.get('gifts'), undefined);
    assert.deepEqual(await idempotency.once(request, give), {
      ...{ ok: true, answer: 1, replayed: false },
    });
    writer.close();
  });

  test('whose work keeps no answer is a fault that is told', async () => {
    await assert.rejects(
      idempotency.once(request, async () => 1),
      /keeps the answer/,
    );
    writer.close();
  });

  test('stores neither content nor anything to guess it by', async () => {
    await idempotency.once({ ...request, content: 'pin 246810' }, give);
    const kept = engine.tables.answers.find('gifts', 'k');
    assert.match(kept?.fingerprint ?? '', /^[\w-]{43}$/);
    assert.equal(JSON.stringify(kept).includes('246810'), false);
    writer.close();
  });

  test('compares content whatever the order of its fields', () => {
    assert.equal(
      canonical({ b: [1, { d: 2, c: 3 }], a: null }),
      canonical({ a: null, b: [1, { c: 3, d: 2 }] }),
    );
    assert.notEqual(canonical({ a: [1, 2] }), canonical({ a: [2, 1] }));
    assert.notEqual(canonical({ a: '1' }), canonical({ a: 1 }));
    assert.equal(canonical({ a: undefined }), '{}');
  });
});

describe('twenty calls at once with one key', () => {
  let bench: Bench;
  before(async () => {
    bench = await openBench();
  });
  after(() => bench.close());

  test('make one order', async () => {
    const key = freshKey();
    const before = stockOf(bench, '2');
    const lines = [{ code: '2', quantity: 1 }];
    const all = await Promise.all(Array.from({ length: 20 }, () => place(bench, { lines }, key)));
    const numbers = new Set(
      all.filter(({ status }) => status === 201).map(({ body }) => body.number),
    );
    assert.equal(numbers.size, 1);
    for (const { status, body } of all) {
      if (status !== 201) assert.deepEqual([status, body.code], [409, 'request_in_flight']);
    }
    assert.equal(stockOf(bench, '2'), before - 1);
  });
});
