/** Programs that are not installed: what needs them is shown with the command, the rest sells. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { TestStall } from './stall.ts';

const KEPT = ['sh', 'socat', 'stty'];

let stall: TestStall;
let bin: string;
before(async () => {
  bin = mkdtempSync(join(tmpdir(), 'hawker-bin-'));
  for (const name of KEPT) {
    const path = execFileSync('/bin/sh', ['-c', `command -v ${name}`])
      .toString()
      .trim();
    symlinkSync(path, join(bin, name));
  }
  stall = await TestStall.openAnyhow('Alice:1', [], { ...process.env, PATH: bin });
});
after(async () => {
  await stall.close();
  rmSync(bin, { recursive: true });
});

test('each missing organ is named with its mend', () => {
  const missing = stall.client.state.organs.filter(({ state }) => state === 'missing');
  const mends = new Map(missing.map(({ wire, mend }) => [wire, mend]));
  assert.match(mends.get('keypad') ?? '', /apt-get install umockdev/);
  assert.match(mends.get('speaker') ?? '', /apt-get install alsa-utils espeak-ng/);
  assert.match(mends.get('reader') ?? '', /apt-get install pcscd vsmartcard-vpcd/);
  assert.ok(mends.has('disk'), 'no mkfs: the terminal writes to an ordinary directory');
  const all = ['disk', 'keypad', 'microphone', 'reader', 'scanner', 'speaker'];
  assert.deepEqual([...mends.keys()].sort(), all);
});

test('a fault of a missing organ is refused with the mend', async () => {
  await assert.rejects(stall.fault('disk', { fault: 'full' }), /as root/);
  await assert.rejects(stall.client.call('POST', 'keys', { text: '1' }), /no keypad here/);
});

test('the terminal names them too, and sells with the matrix and without a voice', async () => {
  await stall.waitForScreen(/Speaker/);
  const pad = { pad: 'pad', per_second: 3 };
  await stall.client.call('POST', 'keys', { text: '4.00', ...pad });
  await stall.waitForScreen(/4\.00/);
  await stall.client.call('POST', 'keys', { text: '\n', ...pad });
  await stall.client.until('a QR', () => stall.client.state.screen.qr);
  await stall.scan('Alice');
  const paid = await stall.pay('Alice');
  assert.equal(paid.opened?.order.state, 'paid');
  await stall.waitForScreen(/Paid/);
  assert.deepEqual(stall.client.state.spoken, [], 'nothing is faked');
});
