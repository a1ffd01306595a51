/** What every organ on a Firmata board goes through when the board does not do what it should. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import five from 'johnny-five';
import type { Device, DeviceError } from '#device/ports/device.ts';
import type { Key } from '#device/ports/keypad.ts';
import { openFirmataBoard } from '#firmware/firmata/board.ts';
import { openFirmataBuzzer } from '#firmware/firmata/buzzer.ts';
import { openFirmataLamp } from '#firmware/firmata/lamp.ts';
import { openFirmataMatrix } from '#firmware/firmata/matrix.ts';
import { openFirmataSsd1306 } from '#firmware/firmata/ssd1306.ts';
import { FramingCheck } from '#firmware/firmata/transport.ts';
import { ownMs, shareAtRest } from '#test/at-rest.ts';
import { until } from '#test/until.ts';
import { type PanelBench, panelBench, WIRING } from './panel-bench.ts';

interface Everything {
  readonly organs: readonly Device[];
  readonly keys: Key[];
  readonly losses: DeviceError[];
}

async function openAll({ board }: PanelBench): Promise<Everything> {
  const keys: Key[] = [];
  const losses: DeviceError[] = [];
  const events = {
    lost: (error: DeviceError) => void losses.push(error),
    key: (key: Key) => void keys.push(key),
  };
  const organs = await Promise.all([
    openFirmataMatrix(board)('pad', WIRING.matrix, events),
    openFirmataLamp(board)('lamp', WIRING.lamp, events),
    openFirmataBuzzer(board)('buzzer', WIRING.buzzer, events),
    openFirmataSsd1306(board)('oled', WIRING.oled, events),
  ]);
  return { organs, keys, losses };
}

const closeAll = ({ organs }: Everything): Promise<unknown> =>
  Promise.all(organs.map((organ) => organ.close()));

/** Each organ is told once, with its own name and this code; then all of them can be had again. */
async function recovers(bench: PanelBench, before: Everything, codes: RegExp): Promise<void> {
  await until('four losses', () => before.losses.length >= 4);
  assert.deepEqual(before.losses.map((error) => error.organ).sort(), [
    'buzzer',
    'lamp',
    'oled',
    'pad',
  ]);
  for (const error of before.losses) assert.match(error.code, codes);
  await closeAll(before);
  await bench.panel.apply({ fault: 'clear' });
  const after = await openAll(bench);
  await bench.panel.press('5');
  await until('a key', () => after.keys.length > 0);
  assert.deepEqual(after.keys, ['5']);
  assert.equal(before.losses.length, 4);
  await closeAll(after);
  assert.deepEqual(after.losses, []);
}

describe('a panel that fails', { concurrency: true }, () => {
  test('unplugged: every organ is lost, and is back when it is', async (t) => {
    const bench = await panelBench({ baud: 1_000_000 });
    t.after(() => bench.close());
    const all = await openAll(bench);
    await bench.panel.apply({ fault: 'unplug' });
    await recovers(bench, all, /^lost$/);
  });

  test('hung: every organ is lost within seconds, idle as it is', async (t) => {
    const bench = await panelBench({ baud: 1_000_000 });
    t.after(() => bench.close());
    const all = await openAll(bench);
    await bench.panel.apply({ fault: 'hang' });
    await recovers(bench, all, /^timeout$/);
  });

  test('noise: no key is invented, and every organ is lost', async (t) => {
    let seed = 7;
    const chance = (): number => {
      seed = (seed * 48271) % 0x7fffffff;
      return seed / 0x7fffffff;
    };
    const bench = await panelBench({ chance, baud: 1_000_000 });
    t.after(() => bench.close());
    const all = await openAll(bench);
    await bench.panel.apply({ fault: 'noise', probability: 0.05 });
    const pressed = (async () => {
      while (all.losses.length === 0) await bench.panel.press('8', { hold_ms: 80 });
    })();
    await pressed;
    await recovers(bench, all, /^(protocol|timeout)$/);
    assert.ok(
      all.keys.every((key) => key === '8'),
      all.keys.join(' '),
    );
  });

  test('hung from the start: a timeout that says what to load onto it', async (t) => {
    const bench = await panelBench({ baud: 1_000_000 });
    t.after(() => bench.close());
    await bench.panel.apply({ fault: 'hang' });
    const opened = openFirmataLamp(bench.board)('lamp', WIRING.lamp, { lost: assert.fail });
    await assert.rejects(opened, { code: 'timeout', organ: 'lamp', mend: /StandardFirmata/ });
  });

  test('no such port: absent, in the name of the organ that asked', async () => {
    const settings = { name: 'panel', kind: 'arduino-uno', baud: 57600 } as const;
    const board = openFirmataBoard({ ...settings, port: '/dev/no-such-port' });
    const opened = openFirmataLamp(board)('lamp', WIRING.lamp, { lost: assert.fail });
    await assert.rejects(opened, { code: 'absent', organ: 'lamp' });
  });
});

describe('a panel that works', () => {
  test('twenty openings leave no timer and no board of the library behind', async (t) => {
    const bench = await panelBench({ baud: 1_000_000 });
    t.after(() => bench.close());
    const timers = (): number =>
      process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    const before = timers();
    for (let round = 0; round < 20; round += 1) await closeAll(await openAll(bench));
    await until('all timers to be gone', () => timers() <= before);
    const { cache } = five.Board as unknown as { cache: unknown[] };
    assert.equal(cache.length, 0);
  });

  test('one organ closes, the others stay', async (t) => {
    const bench = await panelBench({ baud: 1_000_000 });
    t.after(() => bench.close());
    const all = await openAll(bench);
    await all.organs[1]?.close();
    await bench.panel.press('5', { bounce_ms: 4 });
    await until('a key', () => all.keys.length > 0);
    await closeAll(all);
    assert.deepEqual(all.keys, ['5']);
    assert.deepEqual(all.losses, []);
  });

  test('a key that is down when the keypad opens is not told again', async (t) => {
    const bench = await panelBench({ baud: 1_000_000 });
    t.after(() => bench.close());
    bench.panel.down('8');
    const all = await openAll(bench);
    await bench.panel.press('5');
    await until('a key', () => all.keys.length > 0);
    bench.panel.up('8');
    // A release is told to nobody.
    await until('rest', () => bench.panel.atRest);
    await bench.panel.press('8');
    await until('the key pressed anew', () => all.keys.length > 1);
    await closeAll(all);
    assert.deepEqual(all.keys, ['5', '8']);
  });

  test('the third corner of a rectangle invents no fourth, and is told when it is certain', async (t) => {
    const bench = await panelBench({ baud: 1_000_000 });
    t.after(() => bench.close());
    const all = await openAll(bench);
    const { panel } = bench;
    for (const [nth, key] of (['1', '2'] as const).entries()) {
      panel.down(key);
      await until(`key ${key}`, () => all.keys.length > nth);
    }
    panel.down('4');
    // Nothing is told of it: there is only time to wait for, more than several scans take.
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.deepEqual(all.keys, ['1', '2']);
    panel.up('2');
    await until('the certain key', () => all.keys.length === 3);
    assert.deepEqual(all.keys, ['1', '2', '4']);
    panel.up('1');
    panel.up('4');
    await closeAll(all);
    assert.equal(panel.shorts, 0);
  });

  test('rests: no byte and next to no time is spent while nothing is pressed', async (t) => {
    const wires: string[] = [];
    const bench = await panelBench({
      baud: 1_000_000,
      watch: ({ text }) => wires.push(text),
    });
    t.after(() => bench.close());
    const all = await openAll(bench);
    await bench.panel.press('5');
    await until('a key', () => all.keys.length > 0);
    await until('rest', () => bench.panel.atRest);
    const share = await shareAtRest(() => {
      wires.length = 0;
      return ownMs();
    }, 0.02);
    assert.ok(share < 0.02, `${(share * 100).toFixed(1)} % of a core`);
    assert.ok(wires.length <= 4, wires.join('; '));
    await closeAll(all);
  });
});

test('framing: what is no Firmata is told apart from what is', () => {
  const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
  const wrong = (...chunks: string[]): string | null => {
    const check = new FramingCheck();
    return chunks.reduce<string | null>(
      (fault, chunk) => fault ?? check.inspect(bytes(chunk)),
      null,
    );
  };
  assert.equal(wrong('f9', '0205', 'f0790205f7', '904001e00000'), null);
  assert.match(wrong('9040', '81') ?? '', /where a data byte is due/);
  assert.match(wrong('f06e', '90') ?? '', /inside a sysex/);
  assert.match(wrong('904001', '01') ?? '', /where a message begins/);
  assert.match(wrong('f0', '00'.repeat(3000)) ?? '', /without an end/);
});
