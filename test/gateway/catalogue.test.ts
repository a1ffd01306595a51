import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { applySeed, seedSchema } from '#gateway/seed.ts';
import { AGENT, type Bench, openBench, PRODUCTS, place, stockOf } from './centre-bench.ts';
import { call, freshKey, SEED } from './harness.ts';

describe('products', () => {
  let bench: Bench;
  const find = async (query: string) => {
    const { body } = await call(`${bench.url}/v1/centre/products?${query}`, { bearer: AGENT });
    return (body.products as { code: string }[]).map(({ code }) => code);
  };
  before(async () => {
    bench = await openBench();
  });
  after(() => bench.close());

  test('are found by words in either language, by code, and in stock', async () => {
    assert.deepEqual(await find('words=DUMPLINGS'), ['1', '2']);
    assert.deepEqual(await find('words=egg+dumplings'), ['2']);
    assert.deepEqual(await find(`words=${encodeURIComponent('水饺')}`), ['1', '2']);
    assert.deepEqual(await find('words=%25'), []);
    assert.deepEqual(await find('code=3'), ['3']);
    assert.deepEqual(await find('in_stock=true'), ['1', '2']);
    assert.deepEqual(await find('merchant=other'), []);
    assert.deepEqual(await find('limit=1'), ['1']);
  });

  test('of the seed are added once, and belong to a vendor that is there', async () => {
    const { core } = bench;
    const seed = { ...SEED, products: PRODUCTS };
    const before = stockOf(bench, '2');
    await place(bench, { lines: [{ code: '2', quantity: 1 }] });
    await applySeed(core, seedSchema.parse(seed));
    assert.equal(stockOf(bench, '2'), before - 1);
    const [first] = PRODUCTS;
    const other = seedSchema.safeParse({ ...seed, products: [{ ...first, merchant: 'nobody' }] });
    assert.deepEqual(other.error?.issues[0]?.path, ['products', 0, 'merchant']);
  });

  test('get new stock, once a key', async () => {
    const url = `${bench.url}/v1/centre/products/lin/3/stock`;
    const key = freshKey();
    for (let time = 0; time < 2; time += 1) {
      const answer = await call(url, { body: { quantity: 20 }, key, bearer: AGENT });
      assert.equal(answer.status, 201);
      assert.equal(answer.body.stock, 20);
    }
    const other = `${bench.url}/v1/centre/products/lin/9/stock`;
    const unknown = await call(other, { body: { quantity: 20 }, key: freshKey(), bearer: AGENT });
    assert.deepEqual([unknown.status, unknown.body.code], [422, 'unknown_product']);
  });
});
