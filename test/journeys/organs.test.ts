/** Each organ is pulled out while sales go on, is named on the screen, and comes back by itself. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { VOCABULARY } from '#device/words/clips.ts';
import { until } from '../until.ts';
import { TestStall } from './stall.ts';

let stall: TestStall;
let sold_minor = 0;
before(async () => {
  stall = await TestStall.open('Alice:1');
});
after(() => stall.close());

async function sell(): Promise<void> {
  await stall.offer('1.00');
  const opened = await stall.scan('Alice');
  assert.equal(opened.opened?.order.amount_minor, 100);
  const paid = await stall.pay('Alice');
  assert.equal(paid.opened?.order.state, 'paid');
  sold_minor += 100;
  await stall.waitForScreen(/Paid/);
}

/** The organ as the screen's warning names it. */
const WIRES: readonly [wire: string, named: RegExp][] = [
  ['panel', /lamp|buzzer|panel/i],
  ['radio', /broadcast|bluetooth|radio/i],
  ['hmi', /customer screen/i],
  ['printer', /printer/i],
  ['speaker', /speaker/i],
  ['scanner', /scanner/i],
];

for (const [wire, named] of WIRES) {
  test(`without ${wire} the terminal says so, sells on, and recovers`, async () => {
    await stall.fault(wire, { fault: 'unplug' });
    await stall.waitForScreen(named);
    await sell();
    await stall.fault(wire, { fault: 'replug' });
    await stall.client.until(`${wire} working again`, () => !named.test(stall.screen), 30_000);
    await sell();
  });
}

test('without the USB keypad the matrix keys the sale, and the keypad comes back', async () => {
  await stall.fault('keypad', { fault: 'unplug' });
  await stall.waitForScreen(/keypad/i);
  const pad = { pad: 'pad', per_second: 3 };
  await stall.client.call('POST', 'keys', { text: '2.00', ...pad });
  await stall.waitForScreen(/2\.00/);
  await stall.client.call('POST', 'keys', { text: '\n', ...pad });
  await stall.client.until('a QR', () => stall.client.state.screen.qr);
  await stall.scan('Alice');
  const paid = await stall.pay('Alice');
  assert.equal(paid.opened?.order.state, 'paid');
  sold_minor += 200;
  await stall.fault('keypad', { fault: 'replug' });
  await stall.client.until('the keypad', () => !/keypad/i.test(stall.screen), 30_000);
  await sell();
});

test('a full disk: the order is not offered before it is safe, and selling goes on after', async () => {
  // A voice that is being rendered, or a sentence that is being said, frees room when it is done.
  const clips = join(stall.directory, 'terminal', 'clips');
  await until('the whole voice', () => wavesIn(clips) >= VOCABULARY.length, 90_000);
  const player = (): string => readFileSync(join(clips, 'playing.pid'), 'utf8');
  await until('silence', () => !existsSync(`/proc/${player()}`));
  await stall.fault('disk', { fault: 'full' });
  const { qr } = stall.client.state.screen;
  // Longer than what is left of the journal's last block, which is its own already.
  await stall.key(`${'1+'.repeat(45)}1`);
  // What anything else gave back since then.
  await stall.fault('disk', { fault: 'full' });
  await stall.key('\n');
  await stall.waitForScreen(/disk|storage|full|space|saved/i);
  assert.ok(stall.client.state.screen.qr === null || stall.client.state.screen.qr === qr);
  await stall.fault('disk', { fault: 'clear' });
  await stall.key('\u001b');
  await sell();
});

test('the books hold exactly what was sold', async () => {
  const books = await stall.trialBalance();
  assert.deepEqual(books.complaints, []);
  assert.equal(books.vendor_minor, sold_minor);
});

const wavesIn = (directory: string): number =>
  readdirSync(directory).filter((name) => name.endsWith('.wav')).length;
