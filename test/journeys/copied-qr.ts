/** A photograph of the QR is worth nothing elsewhere, and nothing later. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { TestStall } from './stall.ts';

export function tellCopiedQr(open: () => TestStall): void {
  describe('a photograph of the QR', () => {
    let stall: TestStall;
    before(async () => {
      stall = open();
      await stall.begin();
    });

    test('a copy shown elsewhere is refused, with the reason', async () => {
      await stall.offer('9.90');
      await stall.client.call('POST', 'phones/Bob/photograph', {});
      await stall.client.call('PATCH', 'phones/Bob', { distance_m: 800 });
      const refused = await stall.open('Bob', { by: 'photo' });
      assert.equal(refused.ok, false);
      assert.equal(refused.refusal?.code, 'elsewhere');
      assert.ok((refused.refusal?.detail.length ?? 0) > 10, 'says it in words');
    });

    /** Guesses that are none of the digits shown; what the refusals say, or `null` where one was lucky. */
    async function guess(): Promise<(string | undefined)[] | null> {
      const codes: (string | undefined)[] = [];
      for (const digits of ['00', '98', '97', '96'].filter((each) => each !== stall.digits)) {
        const { ok, refusal } = await stall.open('Bob', { by: 'photo', digits });
        if (ok) return null;
        codes.push(refusal?.code);
      }
      return codes;
    }

    test('without a position the two digits shown now are needed, and guessing ends', async () => {
      let codes = await guess();
      // One guess in fifty is right: then another order is guessed at.
      for (let orders = 1; codes === null && orders < 4; orders += 1) {
        await stall.key('\u001b', /Cancelled/);
        await stall.offer('9.90');
        await stall.client.call('PATCH', 'phones/Bob', { distance_m: 2 });
        await stall.client.call('POST', 'phones/Bob/photograph', {});
        await stall.client.call('PATCH', 'phones/Bob', { distance_m: 800 });
        codes = await guess();
      }
      assert.equal(codes?.[0], 'wrong_digits');
      assert.equal(codes?.at(-1), 'too_many_tries');
    });

    test('a copy of an order that was paid shows that it is paid, and takes no money', async () => {
      await stall.key('\u001b', /Cancelled/);
      await stall.offer('4.00');
      await stall.client.call('PATCH', 'phones/Bob', { distance_m: 2 });
      await stall.client.call('POST', 'phones/Bob/photograph', {});
      await stall.scan('Bob');
      await stall.pay('Bob');
      await stall.waitForScreen(/Paid/);
      const again = await stall.open('Bob', { by: 'photo' });
      assert.notEqual(again.opened?.order.state, 'offered');
      assert.equal(await stall.earned(), 400);
    });
  });
}
