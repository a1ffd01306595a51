/** The lamp's and the buzzer's contract on our panel, or on the organs of the board's profile. */
import type { DeviceError } from '#device/ports/device.ts';
import type { Buzzer, Lamp } from '#device/ports/lamp.ts';
import { openFirmataBuzzer } from '#firmware/firmata/buzzer.ts';
import { openFirmataLamp } from '#firmware/firmata/lamp.ts';
import { BOARD, boardOrgans } from './board-organs.ts';
import { describeBuzzerContract } from './buzzer.ts';
import { describeLampContract } from './lamp.ts';
import { panelBench, WIRING } from './panel-bench.ts';

if (BOARD !== undefined) {
  for (const { title, driver, open } of boardOrgans(BOARD)) {
    const organ = async (lost: (error: DeviceError) => void): Promise<Lamp & Buzzer> =>
      (await open({ lost, key: () => undefined })) as Lamp & Buzzer;
    const alone = { open: organ, close: async () => undefined };
    if (driver === 'firmata-lamp') {
      describeLampContract(title, async () => ({ ...alone, see: null }));
    } else if (driver === 'firmata-buzzer') {
      describeBuzzerContract(title, async () => ({ ...alone, hear: null }));
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
