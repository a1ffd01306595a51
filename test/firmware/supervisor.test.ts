/** An organ that goes comes back by itself; what could not be printed is printed later. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DeviceError } from '#device/ports/device.ts';
import type { PrintedReceipt } from '#device/ports/printer.ts';
import { PrintQueue } from '#firmware/print-queue.ts';
import { supervise } from '#firmware/supervisor.ts';
import { HandClock, settled } from '#test/flows/stand.ts';

interface Opened {
  close(): Promise<void>;
  readonly id: number;
}

/** A supervised organ whose openings the test answers. */
function organ() {
  const clock = new HandClock();
  const seen: string[] = [];
  const losses: ((error: DeviceError) => void)[] = [];
  let works = true;
  let opened = 0;
  let closed = 0;
  const supervised = supervise<Opened>(
    'lamp',
    async (lost) => {
      if (!works) throw new DeviceError('absent', 'lamp', 'not there', { mend: 'plug it in' });
      losses.push(lost);
      opened += 1;
      return {
        id: opened,
        close: async () => {
          closed += 1;
        },
      };
    },
    {
      working: (device) => seen.push(`working ${device.id}`),
      missing: (error) => seen.push(`missing ${error.code}`),
    },
    clock,
  );
  return {
    clock,
    seen,
    supervised,
    set works(value: boolean) {
      works = value;
    },
    get closed() {
      return closed;
    },
    lose: () => losses.at(-1)?.(new DeviceError('lost', 'lamp', 'gone')),
  };
}

describe('supervisor', () => {
  test('opens again after a loss, with a new object, and closes the old one', async () => {
    const lamp = organ();
    await settled();
    lamp.lose();
    lamp.lose();
    await lamp.clock.pass(1000);
    assert.deepEqual(lamp.seen, ['working 1', 'missing lost', 'working 2']);
    assert.equal(lamp.closed, 1);
  });

  test('goes on trying, less and less often, and finds it when it is there', async () => {
    const lamp = organ();
    lamp.works = false;
    lamp.lose();
    await settled();
    lamp.lose();
    await lamp.clock.pass(60_000);
    const tries = lamp.seen.filter((each) => each.startsWith('missing')).length;
    assert.ok(tries > 10 && tries < 25, `${tries} tries in a minute`);
    lamp.works = true;
    await lamp.clock.pass(5000);
    assert.match(lamp.seen.at(-1) ?? '', /^working/);
  });

  test('after closing, nothing is opened and nothing is told', async () => {
    const lamp = organ();
    await settled();
    await lamp.supervised.close();
    lamp.lose();
    await lamp.clock.pass(10_000);
    assert.deepEqual(lamp.seen, ['working 1']);
    assert.equal(lamp.closed, 1);
  });
});

const receipt = (title: string): PrintedReceipt => ({
  title,
  rows: [],
  total: { label: 'Total', value: '1' },
  footer: [],
});

describe('print queue', () => {
  test('keeps receipts while there is no paper, tells once, and prints them in order', async () => {
    const clock = new HandClock();
    const printed: string[] = [];
    const told: string[] = [];
    let paper = false;
    const printer = {
      async print({ title }: PrintedReceipt) {
        if (!paper) throw new DeviceError('unready', 'printer', 'no paper', { mend: 'load paper' });
        printed.push(title);
      },
      check: async () => undefined,
      async close() {},
    };
    const queue = new PrintQueue(printer, clock, {
      unready: (error) => told.push(error.mend ?? ''),
      ready: () => told.push('ready'),
      failed: () => told.push('failed'),
    });
    for (let at = 1; at <= 25; at += 1) queue.add(receipt(`${at}`));
    await settled();
    await clock.pass(10_000);
    assert.deepEqual(told, ['load paper']);
    paper = true;
    await clock.pass(2_000);
    assert.deepEqual(told, ['load paper', 'ready']);
    assert.deepEqual(
      printed,
      Array.from({ length: 20 }, (_, at) => String(at + 6)),
      'the newest twenty',
    );
  });

  test('a receipt that fails for good does not hold up the next', async () => {
    const printed: string[] = [];
    const failures: unknown[] = [];
    const printer = {
      async print({ title }: PrintedReceipt) {
        if (title === 'bad') throw new DeviceError('timeout', 'printer', 'no answer');
        printed.push(title);
      },
      check: async () => undefined,
      async close() {},
    };
    const queue = new PrintQueue(printer, new HandClock(), {
      unready: () => assert.fail('it is not out of paper'),
      ready: () => undefined,
      failed: (error) => failures.push(error),
    });
    queue.add(receipt('bad'));
    queue.add(receipt('good'));
    await settled();
    assert.deepEqual(printed, ['good']);
    assert.equal(failures.length, 1);
  });

  test('an idle printer is asked how it is: each trouble is told once, and its end', async () => {
    const clock = new HandClock();
    const told: string[] = [];
    let trouble: string | null = null;
    let asked = 0;
    const answer = async (): Promise<void> => {
      asked += 1;
      if (trouble !== null) throw new DeviceError('unready', 'printer', trouble);
    };
    const queue = new PrintQueue({ print: answer, check: answer, close: async () => {} }, clock, {
      unready: (error) => told.push(error.message),
      ready: () => told.push('ready'),
      failed: () => told.push('failed'),
    });
    await settled();
    await clock.pass(60_000);
    assert.ok(asked > 8 && asked < 15, `asked ${asked} times in a minute`);
    assert.deepEqual(told, []);
    trouble = 'no paper';
    await clock.pass(5000);
    assert.deepEqual(told, ['no paper']);
    trouble = 'cover open';
    await clock.pass(60_000);
    assert.deepEqual(told, ['no paper', 'cover open']);
    queue.add(receipt('waits'));
    await settled();
    trouble = null;
    await clock.pass(5000);
    assert.deepEqual(told, ['no paper', 'cover open', 'ready']);
    queue.close();
    const before = asked;
    await clock.pass(60_000);
    assert.equal(asked, before, 'a closed one is left alone');
  });

  test('a receipt that comes while the printer is asked is printed at once', async () => {
    const printed: string[] = [];
    const held = Promise.withResolvers<void>();
    const printer = {
      print: async ({ title }: PrintedReceipt) => void printed.push(title),
      check: () => held.promise,
      close: async () => {},
    };
    const queue = new PrintQueue(printer, new HandClock(), {
      unready: () => assert.fail('it has paper'),
      ready: () => undefined,
      failed: () => assert.fail('it prints'),
    });
    queue.add(receipt('first'));
    queue.add(receipt('second'));
    held.resolve();
    await settled();
    assert.deepEqual(printed, ['first', 'second']);
  });
});
