/** The lamp keeps its contract on the real firmware. */
import { openFirmataLamp } from '#firmware/firmata/lamp.ts';
import { describeLampContract } from '#test/contracts/lamp.ts';
import { WIRING } from '#test/contracts/panel-bench.ts';
import { atmegaBench } from './atmega-bench.ts';

describeLampContract('on the real firmware', async () => {
  const { chip, board, close } = await atmegaBench();
  return {
    open: (lost) => openFirmataLamp(board)('lamp', WIRING.lamp, { lost }),
    see: () => chip.lamp(),
    close,
  };
});
