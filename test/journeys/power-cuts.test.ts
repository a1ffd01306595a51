/**
 * Terminal and gateway are killed (−9) at arbitrary moments of a row of sales. Afterwards the books,
 * the phones and what was spoken agree: nothing is lost, doubled or invented.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TestStall } from './stall.ts';

const SALES = 6;

let stall: TestStall;
before(async () => {
  stall = await TestStall.open('Alice:1');
});
after(() => stall.close());

/** Kills a machine after `ms` and starts it again. */
async function cut(name: 'terminal' | 'gateway', ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  await stall.client.call('POST', `${name}/kill`, {});
  await stall.client.call('POST', `${name}/start`, {});
}

/** Scans and pays until the order is paid, as a payer who sees "no answer" tries again. */
async function payThrough(): Promise<void> {
  for (let tries = 0; tries < 12; tries += 1) {
    const { opened } = await stall.client.call<ReturnType<typeof stall.phone>>(
      'GET',
      'phones/Alice',
    );
    if (opened?.order.state === 'paid') return;
    if (opened?.order.state !== 'offered') await stall.scan('Alice').catch(() => undefined);
    await stall.pay('Alice').catch(() => undefined);
  }
  assert.equal(stall.phone('Alice').opened?.order.state, 'paid');
}

/** A sentence that a cut fell into is said again as an earlier one. */
const said = (): string[] =>
  stall.client.state.spoken.map(({ text }) => (text ?? '').replace(/^earlier /, ''));

test('sales with power cuts in between', async (t) => {
  const expected: string[] = [];
  for (let sale = 1; sale <= SALES; sale += 1) {
    const victim = sale % 2 === 0 ? 'gateway' : 'terminal';
    const ms = Math.round(Math.random() * 250);
    t.diagnostic(`sale ${sale}: ${victim} dies ${ms} ms after the payer scanned`);
    await stall.client.call('GET', 'phones/Alice');
    await stall.offer(`${sale}.00`);
    const opened = await stall.scan('Alice');
    assert.equal(opened.opened?.order.amount_minor, sale * 100);
    await Promise.all([cut(victim, ms), payThrough()]);
    expected.push(`received ${['one', 'two', 'three', 'four', 'five', 'six'][sale - 1]} yuan`);
    await stall.client.until(
      `“${expected.at(-1)}”`,
      () => said().includes(expected.at(-1) ?? ''),
      20_000,
    );
  }
  assert.deepEqual([...new Set(said())], expected, 'each sale is announced, none is invented');
  // A sentence that the cut interrupted may be said again from its beginning; it is one payment.
  const books = await stall.trialBalance();
  assert.deepEqual(books.complaints, []);
  assert.equal(books.vendor_minor, (SALES * (SALES + 1) * 100) / 2);
});

test('an order that was only keyed is still there after a power cut', async () => {
  await stall.offer('9.00');
  await stall.client.call('POST', 'terminal/kill', {});
  await stall.client.call('POST', 'terminal/start', {});
  await stall.client.until('the offer again', () => {
    const { qr, text } = stall.client.state.screen;
    return qr !== null && text.includes('9.00');
  });
  await stall.scan('Alice');
  assert.equal((await stall.pay('Alice')).opened?.order.state, 'paid');
});
