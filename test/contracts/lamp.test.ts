/** The lamp's and the buzzer's contract on our panel, or on the organs of the board's profile. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { DeviceError } from '#device/ports/device.ts';
import type { Buzzer, Lamp } from '#device/ports/lamp.ts';
import { readBoard } from '#firmware/boards.ts';
import { driverContext, openOrgan, terminalOrgans } from '#firmware/drivers.ts';
import { openFirmataBuzzer } from '#firmware/firmata/buzzer.ts';
import { openFirmataLamp } from '#firmware/firmata/lamp.ts';
import { describeBuzzerContract } from './buzzer.ts';
import { describeLampContract } from './lamp.ts';
import { panelBench, WIRING } from './panel-bench.ts';

const board = process.env.TERMINAL_BOARD;
if (board !== undefined) {
  const read = readBoard(readFileSync('boards.json', 'utf8'), board);
  assert.ok(read.ok, `${board} is a board`);
  const context = driverContext(read.profile, tmpdir(), 'en');
  for (const [name, settings] of terminalOrgans(read.profile)) {
    const organ = async (lost: (error: DeviceError) => void): Promise<Lamp & Buzzer> =>
      (await openOrgan(name, settings, context, { lost, key: () => undefined })) as Lamp & Buzzer;
    const alone = { open: organ, close: async () => undefined };
    if (settings.driver === 'firmata-lamp') {
      describeLampContract(`${board} ${name}`, async () => ({ ...alone, see: null }));
    } else if (settings.driver === 'firmata-buzzer') {
      describeBuzzerContract(`${board} ${name}`, async () => ({ ...alone, hear: null }));
    }
  }
} else {
  describeLampContract('on our panel', async () => {
    const bench = await panelBench();
    return {
      open: (lost) => openFirmataLamp(bench.board)('lamp', WIRING.lamp, { lost }),
      see: () => bench.panel.lamp(),
      close: () => bench.close(),
    };
  });
  describeBuzzerContract('on our panel', async () => {
    const bench = await panelBench();
    return {
      open: (lost) => openFirmataBuzzer(bench.board)('buzzer', WIRING.buzzer, { lost }),
      hear: () => bench.panel.beeps(),
      close: () => bench.close(),
    };
  });
}
