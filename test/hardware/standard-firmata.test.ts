/**
 * The second judge: the real StandardFirmata on a simulated ATmega328P. It answers a recorded
 * exchange as our panel's firmware does; beside this file the drivers keep their contracts on it.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fromHex, hex } from '#device/codecs/bytes.ts';
import { CHIPS } from '#simulators/panel/chips.ts';
import { Circuit } from '#simulators/panel/circuit.ts';
import { VirtualSsd1306 } from '#simulators/panel/ssd1306.ts';
import { StandardFirmata } from '#simulators/panel/standard-firmata.ts';
import { WIRING } from '#test/contracts/panel-bench.ts';
import { until } from '#test/until.ts';
import { Atmega } from './atmega.ts';
import { buildStandardFirmata } from './avr-build.ts';
import { EXCHANGE, type Step } from './exchange.ts';

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
    chip = await Atmega.boot(await buildStandardFirmata(), {
      received: (bytes) => fromChip.push(...bytes),
    });
  });
  after(() => chip?.close());

  /** What the chip answers before it answers a question for its version. */
  const ask = async ({ send = '', contact }: Step): Promise<string> => {
    fromChip.length = 0;
    if (contact !== undefined) await chip.contact(contact);
    chip.send(fromHex(`${send.replaceAll(' ', '')}f9`));
    await until(`the version after ${send}`, () =>
      hex(Uint8Array.from(fromChip)).endsWith('f90205'),
    );
    return hex(Uint8Array.from(fromChip)).slice(0, -'f90205'.length);
  };

  test('say the same at start and in a recorded exchange', async () => {
    await until('the whole banner', () => fromChip.at(-1) === 0xf7);
    const fromOurs: number[] = [];
    const play = ours((bytes) => fromOurs.push(...bytes));
    assert.equal(hex(Uint8Array.from(fromOurs)), hex(Uint8Array.from(fromChip)));
    for (const step of EXCHANGE) {
      console.error(step.what);
      fromOurs.length = 0;
      play(step);
      const answer = await ask(step);
      assert.equal(hex(Uint8Array.from(fromOurs)), answer, step.what);
      if (step.answered === true) assert.notEqual(answer, '', step.what);
    }
  });
});
