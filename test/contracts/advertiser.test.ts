/** The advertiser on our own controller and air: its contract, its range and its faults. */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { OPCODE, writePacket } from '#device/codecs/hci.ts';
import type { Advertiser } from '#device/ports/advertiser.ts';
import type { DeviceError } from '#device/ports/device.ts';
import { type HciSettings, openHciAdvertiser } from '#firmware/advertiser/advertiser.ts';
import { readBoard } from '#firmware/boards.ts';
import type { Controller } from '#simulators/radio/controller.ts';
import { describeAdvertiserContract, exampleBroadcast } from '#test/contracts/advertiser.ts';
import { Stall } from '#test/contracts/radio-stall.ts';
import { until } from '#test/until.ts';

type Report = [Record<string, number>];
const CLIENT = fileURLToPath(new URL('./advertiser-client.ts', import.meta.url));

const board = process.env.TERMINAL_BOARD;
if (board !== undefined) {
  describeAdvertiserContract(board, async () => ({
    phone: null,
    open(lost) {
      const read = readBoard(readFileSync('boards.json', 'utf8'), board);
      assert.ok(read.ok, `${board} is a board`);
      const organ = Object.entries(read.profile.organs).find(([, { driver }]) =>
        driver.startsWith('hci-'),
      );
      assert.ok(organ, `${board} has a Bluetooth controller`);
      return openHciAdvertiser(organ[0], organ[1] as HciSettings, { lost });
    },
    async close() {},
  }));
}

describeAdvertiserContract('our controller', async () => {
  const stall = new Stall();
  const controller = await stall.plug();
  const phone = await stall.phone('ann', 2);
  return {
    phone,
    open: async (lost) => {
      const { path: port } = stall;
      const settings = { driver: 'hci-uart', port, baud: 1_000_000, range_m: 5 } as const;
      return openHciAdvertiser('advertiser', settings, { lost });
    },
    async close() {
      await phone.close();
      await stall.close();
      assert.deepEqual([...controller.unknownCommands], [], 'bleno asked for nothing unknown');
    },
  };
});

describe('faults of the controller', () => {
  const stall = new Stall();
  let controller: Controller;
  before(async () => {
    controller = await stall.plug();
  });
  after(() => stall.close());

  async function opened(): Promise<Advertiser> {
    stall.losses.length = 0;
    const advertiser = await stall.open();
    await advertiser.advertise(exampleBroadcast(1));
    return advertiser;
  }
  const loss = (): Promise<DeviceError> => until('a loss', () => stall.losses[0]);

  test('unplugged it is lost once; plugged in again a fresh one works', async () => {
    const advertiser = await opened();
    await controller.apply({ fault: 'unplug' });
    assert.equal((await loss()).code, 'lost');
    await assert.rejects(advertiser.advertise(exampleBroadcast(2)), { name: 'DeviceError' });
    await advertiser.close();
    await assert.rejects(stall.open(), { code: 'absent' });
    await controller.apply({ fault: 'replug' });
    const again = await stall.open();
    await again.advertise(exampleBroadcast(3));
    assert.ok(controller.radio.isAdvertising);
    await again.close();
    assert.equal(controller.radio.isAdvertising, false);
    assert.equal(stall.losses.length, 1);
  });

  test('hung, a change and an opening fail with timeout; cleared, a fresh one works', async () => {
    const advertiser = await opened();
    await controller.apply({ fault: 'hang' });
    await assert.rejects(advertiser.advertise(exampleBroadcast(2)), { code: 'timeout' });
    assert.equal((await loss()).code, 'timeout');
    await advertiser.close();
    await assert.rejects(stall.open(), { code: 'timeout' });
    await controller.apply({ fault: 'clear' });
    await (await opened()).close();
  });

  test('whatever noise does to the wire, calls end and the process lives', async () => {
    for (const probability of [0.02, 0.3]) {
      await controller.apply({ fault: 'noise', probability });
      const calls = stall.open().then(async (advertiser) => {
        for (let seed = 0; seed < 10; seed += 1) await advertiser.advertise(exampleBroadcast(seed));
        await advertiser.close();
      });
      await calls.catch((error) => assert.equal(error.name, 'DeviceError'));
    }
    await controller.apply({ fault: 'clear' });
    await (await opened()).close();
  });

  test('on a slow wire it works, slowly', async () => {
    await controller.apply({ fault: 'slow', bits_per_second: 9600 });
    await (await opened()).close();
    await controller.apply({ fault: 'clear' });
  });

  test('an unknown command is answered as one and counted', async () => {
    const { openSerial } = await import('#firmware/serial.ts');
    const answers: number[] = [];
    const serial = await openSerial(
      'probe',
      { port: stall.path, baud: 1_000_000 },
      { data: (bytes) => answers.push(...bytes), lost: () => undefined },
    );
    const unknown = { kind: 'command', opcode: 0xfd53, parameters: Uint8Array.of(1) } as const;
    await serial.write(writePacket(unknown));
    await until('an answer', () => answers.length >= 7);
    assert.deepEqual(answers, [0x04, 0x0e, 0x04, 0x01, 0x53, 0xfd, 0x01]);
    assert.equal(controller.unknownCommands.get(0xfd53), 1);
    assert.equal(controller.unknownCommands.get(OPCODE.reset), undefined);
    await serial.close();
  });
});

describe('the controller of the operating system', () => {
  test('that is not there is refused with its mend, soon', async () => {
    const settings = { driver: 'hci-native', device: 15, range_m: 5 } as const;
    const error: DeviceError = await openHciAdvertiser('advertiser', settings, {
      lost: () => assert.fail('never opened, never lost'),
    }).then(
      () => assert.fail('hci15 was opened'),
      (reason) => reason,
    );
    assert.ok(error.code === 'absent' || error.code === 'denied', error.message);
    assert.ok((error.mend ?? '').length > 10);
  });
});

describe('the process that has an advertiser', () => {
  const stall = new Stall();
  let controller: Controller;
  before(async () => {
    controller = await stall.plug();
  });
  after(() => stall.close());

  /** Starts advertiser-client.ts; it reports, and then closes or waits to lose its controller. */
  async function start(then: 'close' | 'lose') {
    const child = fork(CLIENT, [stall.path, then], { execArgv: [] });
    const exit = once(child, 'exit');
    const failed = exit.then(([code]) => assert.fail(`it ended with ${code} before it reported`));
    const [report] = (await Promise.race([once(child, 'message'), failed])) as Report;
    failed.catch(() => undefined);
    return { report, exit };
  }

  test('rests while it is idle, keeps its SIGINT, and ends by itself when closed', async () => {
    const { report, exit } = await start('close');
    assert.equal(report.sigint_listeners, 0);
    assert.ok((report.idle_share ?? 1) < 0.05, `${report.idle_share} of a core`);
    assert.deepEqual(await exit, [0, null]);
    assert.equal(controller.radio.isAdvertising, false);
  });

  test('ends by itself when the controller is lost', async () => {
    const { exit } = await start('lose');
    await controller.apply({ fault: 'unplug' });
    assert.deepEqual(await exit, [0, null]);
  });
});
