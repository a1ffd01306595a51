/**
 * The second judge: the real StandardFirmata on a simulated ATmega328P. It answers a recorded
 * exchange as our panel's firmware does, and the drivers keep their contracts on it.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fromHex, hex } from '#device/codecs/bytes.ts';
import type { Key } from '#device/ports/keypad.ts';
import { type FirmataBoard, openFirmataBoard } from '#firmware/firmata/board.ts';
import { openFirmataBuzzer } from '#firmware/firmata/buzzer.ts';
import { openFirmataLamp } from '#firmware/firmata/lamp.ts';
import { openFirmataMatrix } from '#firmware/firmata/matrix.ts';
import { openFirmataSsd1306 } from '#firmware/firmata/ssd1306.ts';
import { CHIPS } from '#simulators/panel/chips.ts';
import { Circuit } from '#simulators/panel/circuit.ts';
import { VirtualSsd1306 } from '#simulators/panel/ssd1306.ts';
import { StandardFirmata } from '#simulators/panel/standard-firmata.ts';
import { scanPixels } from '#simulators/picture.ts';
import { describeKeypadContract } from '#test/contracts/keypad.ts';
import { describeLampContract } from '#test/contracts/lamp.ts';
import { MATRIX_RATE, WIRING } from '#test/contracts/panel-bench.ts';
import { until } from '#test/until.ts';
import { Atmega } from './atmega.ts';
import { buildStandardFirmata } from './avr-build.ts';
import { EXCHANGE, type Step } from './exchange.ts';

const program = buildStandardFirmata();

/** Our firmware with the same things wired to it. */
function ours(received: (bytes: Uint8Array) => void): (step: Step) => void {
  const circuit = new Circuit(WIRING.matrix);
  const oled = new VirtualSsd1306();
  let levels = new Map<number, 0 | 1>();
  const settle = (): void => {
    levels = circuit.levels((pin) => firmata.drive(pin));
  };
  const firmata = new StandardFirmata(CHIPS['arduino-uno'], {
    send: received,
    level: (pin) => levels.get(pin) ?? 0,
    driven: settle,
    i2c: (address) => (address === WIRING.oled.address ? oled : null),
    unknown: () => undefined,
  });
  firmata.boot();
  return ({ send = '', contact }) => {
    if (contact !== undefined) {
      circuit.connect(contact.row, contact.column, contact.closed);
      settle();
      firmata.look();
    }
    firmata.receive(fromHex(send.replaceAll(' ', '')));
  };
}

describe('the real firmware and ours', () => {
  let chip: Atmega;
  const fromChip: number[] = [];
  before(async () => {
    chip = await Atmega.boot(await program, { received: (bytes) => fromChip.push(...bytes) });
  });
  after(() => chip?.close());

  /** What the chip answers before it answers a question for its version. */
  const ask = async ({ send = '', contact }: Step): Promise<string> => {
    fromChip.length = 0;
    if (contact !== undefined) chip.contact(contact);
    chip.send(fromHex(`${send.replaceAll(' ', '')}f9`));
    await until('the version', () => hex(Uint8Array.from(fromChip)).endsWith('f90205'));
    return hex(Uint8Array.from(fromChip)).slice(0, -'f90205'.length);
  };

  test('say the same at start and in a recorded exchange', async () => {
    await until('the whole banner', () => fromChip.at(-1) === 0xf7);
    const fromOurs: number[] = [];
    const play = ours((bytes) => fromOurs.push(...bytes));
    assert.equal(hex(Uint8Array.from(fromOurs)), hex(Uint8Array.from(fromChip)));
    for (const step of EXCHANGE) {
      fromOurs.length = 0;
      play(step);
      const answer = await ask(step);
      assert.equal(hex(Uint8Array.from(fromOurs)), answer, step.what);
      if (step.answered === true) assert.notEqual(answer, '', step.what);
    }
  });
});

interface Bench {
  readonly chip: Atmega;
  readonly board: FirmataBoard;
  close(): Promise<void>;
}

async function bench(): Promise<Bench> {
  const directory = mkdtempSync(join(tmpdir(), 'atmega-'));
  const path = join(directory, 'panel');
  const chip = await Atmega.boot(await program, { path });
  return {
    chip,
    board: openFirmataBoard({ name: 'panel', kind: 'arduino-uno', port: path, baud: 57600 }),
    async close() {
      await chip.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

describeKeypadContract('matrix on the real firmware', async () => {
  const { chip, board, close } = await bench();
  return {
    open: (events) => openFirmataMatrix(board)('pad', WIRING.matrix, events),
    fingers: chip,
    keys: WIRING.matrix.keys.flat(),
    rate: MATRIX_RATE,
    close,
  };
});

describeLampContract('on the real firmware', async () => {
  const { chip, board, close } = await bench();
  return {
    open: (lost) => openFirmataLamp(board)('lamp', WIRING.lamp, { lost }),
    see: () => chip.lamp(),
    close,
  };
});

describe('buzzer and OLED on the real firmware', () => {
  let real: Bench;
  const lost = (error: Error): void => assert.fail(error);
  before(async () => {
    real = await bench();
  });
  after(() => real?.close());

  test('the buzzer sounds at the pitch of the board, and falls silent', async () => {
    const buzzer = await openFirmataBuzzer(real.board)('buzzer', WIRING.buzzer, { lost });
    const before = real.chip.edges;
    buzzer.beep('bad');
    // 490 Hz for 0.7 s by the host's clock: two edges a wave, fewer where the chip runs slowly.
    await until('200 waves', () => real.chip.edges - before > 400);
    let last = -1;
    await until('silence', async () => {
      const still = last === real.chip.edges;
      last = real.chip.edges;
      await new Promise((resolve) => setTimeout(resolve, 40));
      return still;
    });
    await buzzer.close();
  });

  test('the OLED shows a QR that a phone reads, while keys are pressed', async () => {
    const keys: Key[] = [];
    const pad = await openFirmataMatrix(real.board)('pad', WIRING.matrix, {
      lost,
      key: (key) => keys.push(key),
    });
    const oled = await openFirmataSsd1306(real.board)('oled', WIRING.oled, {
      lost,
      key: () => undefined,
    });
    const qr = 'https://pay.example/o/K7Q2M9X4?m=A1B2C3D4E5';
    const [title, big, hint] = ['Scan to pay', '¥12.50', ''];
    const screen = {
      title,
      big,
      tone: 'plain',
      lines: [],
      hint,
      missing: [],
      online: true,
    } as const;
    const shown = oled.show({ ...screen, qr });
    await real.chip.press('5', { hold_ms: 80 });
    await shown;
    const { pixels, lit, unknown } = await real.chip.oled();
    assert.equal(scanPixels(pixels), qr);
    assert.ok(lit);
    assert.deepEqual(unknown, []);
    await until('the key', () => keys.length > 0);
    assert.deepEqual(keys, ['5']);
    await oled.close();
    await pad.close();
  });

  test('the OLED is absent at another address', async () => {
    const opened = openFirmataSsd1306(real.board)(
      'oled',
      { address: 0x3d },
      { lost, key: () => undefined },
    );
    await assert.rejects(opened, { name: 'DeviceError', code: 'absent', organ: 'oled' });
  });
});
