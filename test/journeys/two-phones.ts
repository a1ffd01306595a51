/** Two phones pay one order at the same moment: one payment, one sentence, one bill. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { TestStall } from './stall.ts';

export function tellTwoPhones(open: () => TestStall): void {
  describe('two phones at the same moment', () => {
    let stall: TestStall;
    before(async () => {
      stall = open();
      await stall.begin();
    });

    test('paying twice is impossible', async () => {
      await stall.offer('7.00');
      await Promise.all([stall.scan('Alice'), stall.scan('Bob')]);
      const answers = await Promise.all([stall.pay('Alice', 0), stall.pay('Bob', 1)]);
      assert.equal(answers.filter(({ ok }) => ok).length, 1, 'one of them pays');
      const late = answers.find(({ ok }) => !ok);
      assert.equal(late?.refusal?.code, 'closed');
      assert.equal(late?.opened?.order.state, 'paid', 'the other sees that it is paid');
      assert.deepEqual(await stall.spoken(1), ['received seven yuan']);
      const books = await stall.trialBalance();
      assert.deepEqual(books.complaints, []);
      assert.equal(await stall.earned(), 700);
      assert.equal(stall.papers.length, 1);
    });
  });
}
