/** A serial port's end is told, however it ends. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { DeviceError } from '#device/ports/device.ts';
import { openSerial, type Serial } from '#firmware/serial.ts';
import { until } from '#test/until.ts';

describe('serial port', () => {
  let directory: string;
  let socat: ChildProcess;
  let path: string;
  const losses: DeviceError[] = [];
  const received: number[] = [];

  beforeEach(async () => {
    losses.length = 0;
    received.length = 0;
    directory = mkdtempSync(join(tmpdir(), 'serial-'));
    path = join(directory, 'port');
    socat = spawn('socat', [`PTY,raw,echo=0,link=${path}`, 'STDIO'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    // It may be gone before it took all that was written to it.
    socat.stdin?.on('error', () => undefined);
    await until('a port; sudo apt-get install socat', () => existsSync(path));
  });
  afterEach(() => {
    socat.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });

  const open = (): Promise<Serial> =>
    openSerial(
      'probe',
      { port: path, baud: 115_200 },
      { data: (bytes) => received.push(...bytes), lost: (error) => losses.push(error) },
    );

  test('carries bytes both ways', async () => {
    const serial = await open();
    const echoed = once(socat.stdout ?? socat, 'data');
    await serial.write(Uint8Array.of(1, 2, 3));
    assert.deepEqual([...(await echoed)[0]], [1, 2, 3]);
    socat.stdin?.write(Uint8Array.of(4, 5));
    await until('two bytes', () => received.length === 2);
    await serial.close();
    assert.deepEqual(losses, []);
  });

  test('a device that goes away is told once', async () => {
    const serial = await open();
    socat.kill('SIGKILL');
    const lost = await until('a loss', () => losses[0]);
    assert.equal(lost.code, 'lost');
    await serial.close();
    assert.equal(losses.length, 1);
  });

  test('a device that is gone before its end could be read is told as well', async () => {
    const serial = await open();
    // With a full buffer nobody reads or polls: the next read finds the end instead of the error.
    serial.port.pause();
    socat.stdin?.write(new Uint8Array(200_000));
    await until('a full buffer', () => serial.port.readableLength >= 65_536);
    const gone = once(socat, 'exit');
    socat.kill('SIGKILL');
    await gone;
    serial.port.resume();
    assert.equal((await until('a loss', () => losses[0])).code, 'lost');
    await serial.close();
  });
});
