/** Orders that end without money: cancelled by the vendor, declined, expired. Each ends clearly. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TestStall } from './stall.ts';

let stall: TestStall;
before(async () => {
  stall = await TestStall.open('Alice:1', '--order-lifetime', '10');
});
after(() => stall.close());

test('declined: the screen, the voice and the phone say so', async () => {
  await stall.offer('5.00');
  await stall.scan('Alice');
  const poor = stall.client.state.payers.findIndex(({ label }) => label.includes('3.00'));
  const declined = await stall.pay('Alice', poor);
  assert.equal(declined.opened?.order.state, 'declined');
  assert.equal(declined.opened?.order.reason, 'insufficient_funds');
  await stall.waitForScreen(/Not paid/);
  const [said] = await stall.spoken(1);
  assert.match(said ?? '', /not paid|declined|balance/i);
});

test('cancelled by the vendor: a phone that has it open can no longer pay', async () => {
  await stall.offer('6.00');
  await stall.scan('Alice');
  await stall.key('\u001b', /Cancelled/);
  await stall.client.until('the close at the gateway', () =>
    stall.client.wires.some(({ text }) => /result: .* cancelled/.test(text)),
  );
  const late = await stall.pay('Alice');
  assert.equal(late.ok, false);
  assert.equal(late.refusal?.code, 'closed');
  assert.equal(late.opened?.order.state, 'cancelled');
});

test('expired: the terminal shows it by itself, and a late payer is refused', async () => {
  await stall.offer('3.00');
  await stall.scan('Alice');
  await stall.client.until('the expiry', () => /expired|time/i.test(stall.screen), 40_000);
  await stall.client.until(
    'the expiry at the gateway',
    () => stall.client.wires.some(({ text }) => /result: .* expired/.test(text)),
    40_000,
  );
  const late = await stall.pay('Alice');
  assert.equal(late.opened?.order.state, 'expired');
  assert.equal((await stall.trialBalance()).vendor_minor, 0);
});
