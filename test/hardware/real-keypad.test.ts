/** The matrix keeps the keypad contract on the real firmware. */
import { openFirmataMatrix } from '#firmware/firmata/matrix.ts';
import { describeKeypadContract } from '#test/contracts/keypad.ts';
import { MATRIX_RATE, WIRING } from '#test/contracts/panel-bench.ts';
import { atmegaBench } from './atmega-bench.ts';

describeKeypadContract('matrix on the real firmware', async () => {
  const { chip, board, close } = await atmegaBench();
  return {
    open: (events) => openFirmataMatrix(board)('pad', WIRING.matrix, events),
    fingers: chip,
    keys: WIRING.matrix.keys.flat(),
    rate: MATRIX_RATE,
    tries: 40,
    close,
  };
});
