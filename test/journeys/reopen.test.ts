/** The stall itself is killed and opened again: an order that was offered still is, and is paid once. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TestStall } from './stall.ts';

let stall: TestStall;
before(async () => {
  stall = await TestStall.open('Alice:1');
});
after(() => stall.close());

test('a second stall with the same data is refused, and the first one does not notice', async () => {
  await assert.rejects(TestStall.openAnyhow('', [], process.env, stall.directory), /did not open/);
  await stall.offer('5.50');
});

test('after a kill −9 of everything it opens with the order on the screen', async () => {
  const { directory } = stall;
  await stall.abandon();
  const began = performance.now();
  stall = await TestStall.openAnyhow('Alice:1', [], process.env, directory);
  const ms = Math.round(performance.now() - began);
  await stall.client.until('the offer', () => {
    const { qr, text } = stall.client.state.screen;
    return qr !== null && text.includes('5.50');
  });
  assert.ok(ms < 45_000, `open again, browser and radios included, after ${ms} ms`);
  assert.equal((await stall.scan('Alice')).opened?.order.amount_minor, 550);
  assert.equal((await stall.pay('Alice')).opened?.order.state, 'paid');
  assert.deepEqual(await stall.spoken(1), ['received five yuan fifty']);
  assert.equal((await stall.trialBalance()).vendor_minor, 550);
});
