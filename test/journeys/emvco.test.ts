/**
 * With `qr.format` emvco the same sale goes by an EMVCo merchant-presented payload, in Chinese; and an
 * order that nobody pays in time.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { TestStall } from './stall.ts';

let stall: TestStall;
let directory: string;
before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'hawker-boards-'));
  const file = join(import.meta.dirname, '..', '..', 'boards.json');
  const boards = JSON.parse(readFileSync(file, 'utf8'));
  boards.profiles.simulated.qr.format = 'emvco';
  writeFileSync(join(directory, 'boards.json'), JSON.stringify(boards));
  const more = ['--boards', join(directory, 'boards.json'), '--language', 'zh-CN'];
  more.push('--order-lifetime', '15');
  stall = await TestStall.open('Alice:1', ...more);
});
after(async () => {
  await stall.close();
  rmSync(directory, { recursive: true });
});

test('a wallet reads the payload off the screen and pays', async () => {
  const payload = await stall.offer('12.50');
  assert.match(payload, /^000201010212.*5303156540512\.505802CN.*6304[0-9A-F]{4}$/);
  const opened = await stall.scan('Alice');
  assert.equal(opened.opened?.order.amount_minor, 1250);
  assert.equal((await stall.pay('Alice')).opened?.order.state, 'paid');
  assert.deepEqual(await stall.spoken(1), ['收款十二元五角']);
  assert.match(stall.screen, /已收款|收款成功|已付|已支付/);
});

test('expired: the terminal shows it by itself, and a late payer is refused', async () => {
  await stall.begin();
  await stall.offer('3.00');
  await stall.scan('Alice');
  await stall.waitForScreen(/已过期/);
  await stall.client.until('the expiry at the gateway', () =>
    stall.wires.some(({ text }) => /result: .* expired/.test(text)),
  );
  const late = await stall.pay('Alice');
  assert.equal(late.opened?.order.state, 'expired');
  assert.equal(await stall.earned(), 0);
});
