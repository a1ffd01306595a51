/** What becomes of the PC/SC reader when the card service, its reader or its own process goes away. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { INS, wrap } from '#device/codecs/desfire.ts';
import type { DeviceError } from '#device/ports/device.ts';
import type { Reader } from '#device/ports/reader.ts';
import { openPcscReader } from '#firmware/reader/pcsc.ts';
import { shareAtRest } from '#test/at-rest.ts';
import { purse } from '#test/card/bench.ts';
import { openPcscBench, type PcscBench, SETTINGS } from '#test/contracts/pcsc-bench.ts';
import { Ear } from '#test/contracts/reader.ts';
import { until } from '#test/until.ts';

const VERSION = wrap(INS.getVersion);

describe('faults of the card service', () => {
  let bench: PcscBench;
  let ear = new Ear();
  before(async () => {
    bench = await openPcscBench();
  });
  after(() => bench.close());

  async function open(): Promise<Reader> {
    ear = new Ear();
    return openPcscReader('reader', SETTINGS, ear);
  }
  const refused = (): Promise<DeviceError> =>
    open().then(
      () => assert.fail('it opened'),
      (error: DeviceError) => error,
    );

  test('killed amid a talk it is lost once; absent it is refused; back, a fresh one works', async () => {
    const reader = await open();
    await bench.stand.present(purse());
    const card = await ear.arrival(0);
    await bench.stand.stopDaemon('SIGKILL');
    const { code, mend } = await until('a loss', () => ear.losses[0]);
    assert.equal(code, 'lost');
    assert.match(mend ?? '', /pcscd/);
    assert.deepEqual(await reader.transmit(card, VERSION), { ok: false, gone: 'daemon' });
    await reader.close();
    const error = await refused();
    assert.equal(error.code, 'absent');
    assert.match(error.mend ?? '', /pcscd/);
    await bench.stand.startDaemon();
    const again = await open();
    await bench.stand.present(purse());
    const answer = await again.transmit(await ear.arrival(0), VERSION);
    assert.ok(answer.ok);
    await again.close();
    assert.equal(ear.losses.length, 0);
  });

  test('a card that lay there before it was opened arrives', async () => {
    await bench.stand.present(purse());
    const reader = await open();
    await ear.arrival(0);
    await reader.close();
  });

  test('without its reader it is refused with another mend; plugged in, it opens', async () => {
    await bench.stand.apply({ fault: 'unplug' });
    const error = await refused();
    assert.equal(error.code, 'absent');
    assert.match(error.mend ?? '', /plug the card reader in/);
    await bench.stand.apply({ fault: 'replug' });
    const reader = await open();
    await ear.arrival(0);
    await reader.close();
  });

  test('at rest it takes no processor time', async () => {
    const reader = await open();
    await ear.arrival(0);
    const [pid = 0] = children();
    const share = await shareAtRest(() => 10 * ticks(pid), 0.06);
    assert.ok(share <= 0.06, `${share} of a core`);
    await reader.close();
  });

  test('its process killed, it is lost with a typed error', async () => {
    const reader = await open();
    await bench.stand.present(purse());
    await ear.arrival(0);
    for (const pid of children()) process.kill(pid, 'SIGKILL');
    assert.equal((await until('a loss', () => ear.losses[0])).code, 'lost');
    await reader.close();
  });
});

/** Processes of readers that this one started. */
function children(): number[] {
  const own = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8');
  return own
    .trim()
    .split(' ')
    .map(Number)
    .filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('pcsc-process'));
}

/** Processor time of a process so far, in hundredths of a second. */
function ticks(pid: number): number {
  const [, after = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const fields = after.split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
