/** A receipt printer with faults: each ends on paper or in an error that says what to do. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { DeviceError } from '#device/ports/device.ts';
import type { PrintedReceipt, Printer } from '#device/ports/printer.ts';
import { openEscPos } from '#firmware/printer/escpos.ts';
import { PrinterSimulator, type PrinterSimulatorOptions } from '#simulators/printer/printer.ts';
import { RECEIPT } from '#test/contracts/printer.ts';
import { until } from '#test/until.ts';

/** Long enough to be on its way for half a second. */
const LONG: PrintedReceipt = {
  ...RECEIPT,
  rows: Array.from({ length: 40 }, (_, at) => ({ label: `${at + 1} × Dumplings`, value: '9.00' })),
};

let directory = '';
let number = 0;
const opened: { close(): Promise<void> }[] = [];
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'printer-'));
});
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
});
after(() => rmSync(directory, { recursive: true, force: true }));

interface Bench {
  readonly roll: PrinterSimulator;
  readonly losses: DeviceError[];
  open(): Promise<Printer>;
}

async function bench(options: Partial<PrinterSimulatorOptions> = {}): Promise<Bench> {
  number += 1;
  const port = join(directory, `printer-${number}`);
  const roll = await PrinterSimulator.open({ path: port, bytesPerSecond: 6000, ...options });
  opened.push(roll);
  const losses: DeviceError[] = [];
  const settings = { port, baud: 115200, columns: 32 } as const;
  return {
    roll,
    losses,
    async open() {
      const lost = (error: DeviceError): number => losses.push(error);
      const printer = await openEscPos('printer', settings, { lost });
      opened.push(printer);
      return printer;
    },
  };
}

async function failure(job: Promise<unknown>): Promise<DeviceError> {
  const error = await job.then(
    () => assert.fail('it should have failed'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof DeviceError, String(error));
  return error;
}

/** Waits until the receipt is half on paper. */
const half = (roll: PrinterSimulator): Promise<boolean> =>
  until('half a receipt', () => roll.papers().at(-1)?.text.includes('20 × Dumplings'));

describe('receipt printer', () => {
  test('out of paper: unready with the mend, nothing printed; with paper it prints', async () => {
    const { roll, losses, open } = await bench();
    const printer = await open();
    roll.setState('paper_out');
    const error = await failure(printer.print(RECEIPT));
    assert.deepEqual([error.code, error.cause], ['unready', 'paper_out']);
    assert.match(error.mend ?? '', /new roll/);
    assert.deepEqual(roll.papers(), []);
    roll.setState('ready');
    await printer.print(RECEIPT);
    assert.equal(roll.papers().length, 1);
    assert.deepEqual(losses, []);
  });

  test('paper runs out in mid-print: named, and the next receipt is whole on its own paper', async () => {
    const { roll, losses, open } = await bench();
    const printer = await open();
    const job = failure(printer.print(LONG));
    await half(roll);
    roll.setState('paper_out');
    assert.equal((await job).cause, 'paper_out');
    roll.setState('ready');
    await printer.print(RECEIPT);
    const [torn, whole] = roll.papers();
    assert.equal(torn?.text.includes('Total'), false, 'the half did not go on by itself');
    assert.match(whole?.text ?? '', /^林阿姨饺子\n[\s\S]*Total[\s\S]*Thank you!$/);
    assert.equal(whole?.cut, true);
    assert.deepEqual(losses, []);
  });

  test('an open cover and a jammed cutter are told apart', async () => {
    const { roll, open } = await bench();
    const printer = await open();
    for (const state of ['cover_open', 'cutter_jam'] as const) {
      roll.setState(state);
      assert.equal((await failure(printer.print(RECEIPT))).cause, state);
    }
  });

  test('asked between receipts, it says what keeps it from printing, and prints nothing', async () => {
    const { roll, losses, open } = await bench();
    const printer = await open();
    await printer.check();
    for (const state of ['paper_out', 'cover_open', 'cutter_jam'] as const) {
      roll.setState(state);
      assert.equal((await failure(printer.check())).cause, state);
    }
    roll.setState('ready');
    await printer.check();
    assert.deepEqual([roll.papers(), roll.unknown, losses], [[], [], []]);
  });

  test('a printer without paper opens all the same', async () => {
    const { roll, open } = await bench();
    roll.setState('paper_out');
    const printer = await open();
    roll.setState('ready');
    await printer.print(RECEIPT);
    // It could not show at the opening that it tells when it is done, so nobody waits for that.
    await until('the paper', () => roll.papers().length === 1);
  });

  test('unplugged in mid-print: lost, told once; plugged in again it prints', async () => {
    const { roll, losses, open } = await bench();
    const printer = await open();
    const job = failure(printer.print(LONG));
    await half(roll);
    await roll.apply({ fault: 'unplug' });
    assert.equal((await job).code, 'lost');
    assert.equal((await failure(printer.print(RECEIPT))).code, 'lost');
    assert.deepEqual(
      losses.map(({ code }) => code),
      ['lost'],
    );
    await roll.apply({ fault: 'replug' });
    await (await open()).print(RECEIPT);
    assert.match(roll.papers().at(-1)?.text ?? '', /Thank you!$/);
  });

  test('hung in mid-print: lost with a timeout; hung at the start: it does not open', async () => {
    const { roll, losses, open } = await bench();
    const printer = await open();
    const job = failure(printer.print(LONG));
    await half(roll);
    await roll.apply({ fault: 'hang' });
    const error = await job;
    assert.equal(error.code, 'timeout');
    assert.match(error.mend ?? '', /cable/);
    assert.deepEqual(losses, [error]);
    assert.equal((await failure(open())).code, 'timeout');
    assert.equal(losses.length, 1);
  });

  test('noise on its answers does not invent an empty roll', async () => {
    let seed = 7;
    const chance = (): number => {
      seed = (seed * 48271) % 2147483647;
      return seed / 2147483647;
    };
    const { roll, losses, open } = await bench({ chance });
    const printer = await open();
    await roll.apply({ fault: 'noise', probability: 0.05 });
    for (let at = 0; at < 4; at += 1) await printer.print(RECEIPT);
    await roll.apply({ fault: 'clear' });
    await printer.print(RECEIPT);
    assert.equal(roll.papers().filter(({ cut }) => cut).length, 5);
    assert.deepEqual(losses, []);
  });

  test('a slow head is waited for: no byte is lost in its buffer', async () => {
    const { roll, open } = await bench({ bytesPerSecond: 3000 });
    await (await open()).print(LONG);
    const paper = roll.papers().at(-1);
    assert.equal(paper?.text.match(/× Dumplings/g)?.length, 40);
    assert.equal(paper?.cut, true);
  });
});
