/** The printer contract on the profile's printer, and on paper of each width. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readBoard, type SettingsOf } from '#firmware/boards.ts';
import { openEscPos } from '#firmware/printer/escpos.ts';
import { PrinterSimulator } from '#simulators/printer/printer.ts';
import { describePrinterContract, type PrinterBench } from './printer.ts';

const board = process.env.TERMINAL_BOARD ?? 'simulated';
const isSimulated = board === 'simulated';

async function setUp(settings: SettingsOf<'escpos'>): Promise<PrinterBench> {
  const { columns } = settings;
  const directory = mkdtempSync(join(tmpdir(), 'printer-'));
  const port = isSimulated ? join(directory, 'printer') : settings.port;
  const roll = isSimulated ? await PrinterSimulator.open({ path: port, columns }) : null;
  return {
    open: (lost) => openEscPos('printer', { ...settings, port }, { lost }),
    columns,
    roll,
    async close() {
      await roll?.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

const read = readBoard(readFileSync('boards.json', 'utf8'), board);
assert.ok(read.ok, read.ok ? '' : read.complaints.join('\n'));
for (const [name, organ] of Object.entries(read.profile.organs)) {
  if (organ.driver !== 'escpos') continue;
  describePrinterContract(`${board}.${name}, ${organ.columns} columns`, () => setUp(organ));
  if (!isSimulated) continue;
  const wide = { ...organ, columns: 48 } as const;
  describePrinterContract(`${board}.${name}, 48 columns`, () => setUp(wide));
}
