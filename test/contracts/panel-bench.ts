/** A panel with keys, lamp, buzzer and OLED, and a Firmata board as the terminal's profile names it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Key } from '#device/ports/keypad.ts';
import { type FirmataBoard, openFirmataBoard } from '#firmware/firmata/board.ts';
import { type PanelOptions, VirtualPanel } from '#simulators/panel/panel.ts';

/** Wired as in boards.json. */
export const WIRING = {
  matrix: {
    rows: [2, 3, 4, 5],
    columns: [6, 7, 8, 9],
    keys: [
      ['1', '2', '3', 'back'],
      ['4', '5', '6', '+'],
      ['7', '8', '9', 'cancel'],
      ['.', '0', '/', 'enter'],
    ] satisfies Key[][],
  },
  lamp: { red: 12, green: 13 },
  buzzer: { pin: 11 },
  oled: { address: 0x3c },
};

/** Presses a second that a matrix at 57600 baud promises. */
export const MATRIX_RATE = 25;

export interface PanelBench {
  readonly panel: VirtualPanel;
  readonly board: FirmataBoard;
  close(): Promise<void>;
}

export async function panelBench(options: Partial<PanelOptions> = {}): Promise<PanelBench> {
  const directory = mkdtempSync(join(tmpdir(), 'panel-'));
  const path = join(directory, 'panel');
  const panel = await VirtualPanel.open({ ...WIRING, path, ...options });
  return {
    panel,
    board: openFirmataBoard({ name: 'panel', kind: 'arduino-uno', port: path, baud: 57600 }),
    async close() {
      await panel.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
