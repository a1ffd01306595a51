/** The PN532 reader on a simulated chip: its contract and its wire's faults. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { hex } from '#device/codecs/bytes.ts';
import { INS, wrap } from '#device/codecs/desfire.ts';
import { PN532, SYNTAX_ERROR, TO_CHIP, writePn532 } from '#device/codecs/pn532.ts';
import type { Reader } from '#device/ports/reader.ts';
import { driverContext, openOrgan } from '#firmware/drivers.ts';
import { openPn532Reader } from '#firmware/reader/pn532.ts';
import { openSerial } from '#firmware/serial.ts';
import { Pn532 } from '#simulators/card/pn532.ts';
import { purse } from '#test/card/bench.ts';
import { describeReaderContract, Ear } from '#test/contracts/reader.ts';
import { until } from '#test/until.ts';

async function chipAt(): Promise<{ chip: Pn532; port: string; close: () => Promise<void> }> {
  const directory = mkdtempSync(join(tmpdir(), 'pn532-'));
  const port = join(directory, 'pn532');
  const chip = await Pn532.open({ path: port });
  return {
    chip,
    port,
    async close() {
      await chip.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

const profile = { about: '', qr: { format: 'url' }, microcontrollers: {}, organs: {} } as const;
const context = driverContext(profile, tmpdir(), 'en');
const settingsOf = (port: string) => ({ driver: 'pn532-uart', port, baud: 115_200 }) as const;

describeReaderContract('a simulated PN532', async () => {
  const { chip, port, close } = await chipAt();
  return {
    stand: chip,
    // As a terminal opens it: by the driver's name in boards.json.
    open: async (events) => {
      const cards = { ...events, key: () => undefined, cards: events };
      return (await openOrgan('reader', settingsOf(port), context, cards)) as Reader;
    },
    async close() {
      assert.deepEqual([...chip.unknownCommands], [], 'the driver asked for nothing unknown');
      await close();
    },
  };
});

describe('faults of a PN532', () => {
  let bench: Awaited<ReturnType<typeof chipAt>>;
  let ear = new Ear();
  before(async () => {
    bench = await chipAt();
  });
  after(() => bench.close());

  async function open(): Promise<Reader> {
    ear = new Ear();
    return openPn532Reader('reader', settingsOf(bench.port), ear);
  }

  test('unplugged it is lost once; plugged in again a fresh one works', async () => {
    const reader = await open();
    await bench.chip.present(purse());
    const card = await ear.arrival(0);
    await bench.chip.apply({ fault: 'unplug' });
    assert.equal((await until('a loss', () => ear.losses[0])).code, 'lost');
    const result = await reader.transmit(card, wrap(INS.getVersion));
    assert.deepEqual(result, { ok: false, gone: 'reader' });
    await reader.close();
    await assert.rejects(open(), { code: 'absent' });
    await bench.chip.apply({ fault: 'replug' });
    const again = await open();
    await ear.arrival(0);
    await again.close();
    assert.equal(ear.losses.length, 0);
  });

  test('a chip that does not answer is refused in time', async () => {
    await bench.chip.apply({ fault: 'hang' });
    await assert.rejects(open(), { code: 'timeout' });
    await bench.chip.apply({ fault: 'clear' });
    await (await open()).close();
  });

  test('whatever noise does to the wire, calls end and a fresh reader works', async () => {
    await bench.chip.present(purse());
    for (const probability of [0.01, 0.2]) {
      await bench.chip.apply({ fault: 'noise', probability });
      const talk = open().then(async (reader) => {
        const card = await ear.arrival(0).catch(() => null);
        for (let round = 0; card !== null && round < 10; round += 1) {
          await reader.transmit(card, wrap(INS.getVersion), 200);
        }
        await reader.close();
      });
      await talk.catch((error) => assert.equal(error.name, 'DeviceError'));
    }
    await bench.chip.apply({ fault: 'clear' });
    const reader = await open();
    await ear.arrival(0);
    await reader.close();
  });

  test('an unknown command is a syntax error and counted', async () => {
    const said: number[] = [];
    const settings = { port: bench.port, baud: 115_200 };
    const serial = await openSerial('probe', settings, {
      data: (bytes) => said.push(...bytes),
      lost: () => undefined,
    });
    await serial.write(writePn532(TO_CHIP, 0x99, new Uint8Array(0)));
    await until('a syntax error', () => hex(Uint8Array.from(said)).endsWith(hex(SYNTAX_ERROR)));
    assert.equal(bench.chip.unknownCommands.get(0x99), 1);
    assert.equal(bench.chip.unknownCommands.get(PN532.samConfiguration), undefined);
    await serial.close();
  });
});
