/** Two phones pay one order at the same moment: one payment, one sentence, one bill. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TestStall } from './stall.ts';

let stall: TestStall;
before(async () => {
  stall = await TestStall.open('One:1,Two:2');
});
after(() => stall.close());

test('paying twice is impossible', async () => {
  await stall.offer('7.00');
  await Promise.all([stall.scan('One'), stall.scan('Two')]);
  const answers = await Promise.all([stall.pay('One', 0), stall.pay('Two', 1)]);
  assert.equal(answers.filter(({ ok }) => ok).length, 1, 'one of them pays');
  const late = answers.find(({ ok }) => !ok);
  assert.equal(late?.refusal?.code, 'closed');
  assert.equal(late?.opened?.order.state, 'paid', 'the other sees that it is paid');
  assert.deepEqual(await stall.spoken(1), ['received seven yuan']);
  const books = await stall.trialBalance();
  assert.deepEqual(books.complaints, []);
  assert.equal(books.vendor_minor, 700);
  assert.equal(stall.client.state.papers.length, 1);
});
