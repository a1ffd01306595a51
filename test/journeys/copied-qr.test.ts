/** A photograph of the QR is worth nothing elsewhere, and nothing later. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TestStall } from './stall.ts';

let stall: TestStall;
before(async () => {
  stall = await TestStall.open('Thief:2');
});
after(() => stall.close());

test('a copy shown elsewhere is refused, with the reason', async () => {
  await stall.offer('9.90');
  await stall.client.call('POST', 'phones/Thief/photograph', {});
  await stall.client.call('PATCH', 'phones/Thief', { distance_m: 800 });
  const refused = await stall.open('Thief', { by: 'photo' });
  assert.equal(refused.ok, false);
  assert.equal(refused.refusal?.code, 'elsewhere');
  assert.ok((refused.refusal?.detail.length ?? 0) > 10, 'says it in words');
});

test('without a position the two digits shown now are needed, and guessing ends', async () => {
  const wrong = stall.digits === '00' ? '11' : '00';
  const refused = await stall.open('Thief', { by: 'photo', digits: wrong });
  assert.equal(refused.refusal?.code, 'wrong_digits');
  for (const guess of ['98', '97']) await stall.open('Thief', { by: 'photo', digits: guess });
  const locked = await stall.open('Thief', { by: 'photo', digits: '96' });
  assert.equal(locked.refusal?.code, 'too_many_tries');
});

test('a copy of an order that was paid shows that it is paid, and takes no money', async () => {
  await stall.key('\u001b', /Cancelled/);
  await stall.offer('4.00');
  await stall.client.call('PATCH', 'phones/Thief', { distance_m: 2 });
  await stall.client.call('POST', 'phones/Thief/photograph', {});
  await stall.scan('Thief');
  await stall.pay('Thief');
  await stall.waitForScreen(/Paid/);
  const again = await stall.open('Thief', { by: 'photo' });
  assert.notEqual(again.opened?.order.state, 'offered');
  assert.equal((await stall.trialBalance()).vendor_minor, 400);
});
