/** What every receipt printer promises, with a simulated roll of paper and on metal. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { DeviceError } from '#device/ports/device.ts';
import type { PrintedReceipt, Printer } from '#device/ports/printer.ts';
import type { PrinterSimulator } from '#simulators/printer/printer.ts';
import { readQr } from '#test/eyes.ts';

export interface PrinterBench {
  open(lost: (error: DeviceError) => void): Promise<Printer>;
  readonly columns: number;
  /** On metal a person looks at the paper. */
  readonly roll: PrinterSimulator | null;
  close(): Promise<void>;
}

export const RECEIPT: PrintedReceipt = {
  title: '林阿姨饺子',
  rows: [
    { label: '2 × Dumplings with pork, leek and a very long list of spices', value: '¥9.00' },
    { label: '1 × 豆浆', value: '¥3.50' },
    { label: 'Order 01JD-3Z8K-4M2Q-7R5T' },
    { label: 'Paid by •••• 5678' },
  ],
  total: { label: 'Total 合计', value: '¥12.50' },
  footer: ['谢谢惠顾', 'Thank you!'],
  qr: 'https://pay.stall.example/b/AZqk3mH0b1xYd5cQe8fRg7hSi6jT',
};

/** Columns that a printed line takes: two for each character outside ASCII. */
const width = (line: string): number =>
  [...line].reduce((sum, each) => sum + (each > '~' ? 2 : 1), 0);

export function describePrinterContract(name: string, setUp: () => Promise<PrinterBench>): void {
  describe(`printer contract on ${name}`, () => {
    let bench: PrinterBench;
    let printer: Printer;
    const losses: DeviceError[] = [];

    before(async () => {
      bench = await setUp();
      printer = await bench.open((error) => losses.push(error));
    });
    after(async () => {
      await printer?.close();
      await bench?.close();
    });

    test('a receipt has title, rows, total, footer and QR, in its columns, and is cut', async () => {
      await printer.print(RECEIPT);
      const { roll, columns } = bench;
      if (roll === null) return;
      const paper = roll.papers().at(-1);
      assert.ok(paper?.cut);
      const lines = paper.text.split('\n');
      assert.equal(lines[0], '林阿姨饺子');
      for (const line of lines) assert.ok(width(line) <= columns, line);
      const ends = (label: RegExp, value: string): void => {
        const line = lines.find((each) => label.test(each)) ?? '';
        assert.ok(line.endsWith(value), `${label} ends in ${value}: ${line}`);
      };
      ends(/^1 × 豆浆/, '￥3.50');
      ends(/^Total 合计/, '￥12.50');
      assert.ok(lines.some((line) => line.endsWith(' ￥9.00') && width(line) === columns));
      assert.deepEqual(lines.slice(-2), ['谢谢惠顾', 'Thank you!']);
      assert.deepEqual(paper.qr, [RECEIPT.qr]);
      assert.deepEqual(roll.unknown, []);
    });

    test('a phone reads the QR off the paper', async (t) => {
      const { roll } = bench;
      if (roll === null) return t.skip('a person does that');
      assert.equal(await readQr(roll.pixels(roll.papers().length - 1)), RECEIPT.qr);
    });

    test('receipts asked for at once come out one after the other, each on its paper', async () => {
      const before = bench.roll?.papers().length ?? 0;
      const titles = ['First', 'Second', 'Third'];
      await Promise.all(titles.map((title) => printer.print({ ...RECEIPT, title })));
      if (bench.roll === null) return;
      const papers = bench.roll.papers().slice(before);
      assert.deepEqual(
        papers.map(({ text, cut }) => [text.split('\n')[0], cut]),
        titles.map((title) => [title, true]),
      );
    });

    test('hostile words are printed, never obeyed', async () => {
      const title = '\u001b@\u001dV\u0000Cut\u0010\u0004\u0001';
      await printer.print({ title, rows: [], total: RECEIPT.total, footer: ['\u001bE😀'] });
      const paper = bench.roll?.papers().at(-1);
      if (paper === undefined) return;
      assert.match(paper.text, /^@VCut\n/);
      assert.match(paper.text, /\nE\?$/);
      assert.deepEqual(bench.roll?.unknown, []);
    });

    test('it was never lost', () => assert.deepEqual(losses, []));
  });
}
