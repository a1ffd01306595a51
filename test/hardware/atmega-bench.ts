/** The terminal's Firmata board on a chip that runs the real StandardFirmata. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FirmataBoard, openFirmataBoard } from '#firmware/firmata/board.ts';
import { Atmega } from './atmega.ts';
import { buildStandardFirmata } from './avr-build.ts';

export interface AtmegaBench {
  readonly chip: Atmega;
  readonly board: FirmataBoard;
  close(): Promise<void>;
}

export async function atmegaBench(): Promise<AtmegaBench> {
  const directory = mkdtempSync(join(tmpdir(), 'atmega-'));
  const path = join(directory, 'panel');
  const chip = await Atmega.boot(await buildStandardFirmata(), { path });
  return {
    chip,
    board: openFirmataBoard({ name: 'panel', kind: 'arduino-uno', port: path, baud: 57600 }),
    async close() {
      await chip.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
