/** The modem contract on the profile's modem, and what only a simulated one can be made to do. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { dtmfTone } from '#device/codecs/dtmf.ts';
import { DeviceError } from '#device/ports/device.ts';
import type { Modem } from '#device/ports/modem.ts';
import { readBoard } from '#firmware/boards.ts';
import { modemsOf, openModem } from '#firmware/drivers.ts';
import { ModemSimulator } from '#simulators/modem/modem.ts';
import { until } from '#test/until.ts';
import {
  ALICE,
  BOB,
  describeModemContract,
  Ear,
  holds,
  joined,
  type ModemBench,
  tone,
} from './modem.ts';

const board = process.env.TERMINAL_BOARD ?? 'simulated';
const isSimulated = board === 'simulated';
const read = readBoard(readFileSync('boards.json', 'utf8'), board);
assert.ok(read.ok, read.ok ? '' : read.complaints.join('\n'));
const [[name, settings] = []] = modemsOf(read.profile);

interface SimulatedBench extends ModemBench {
  readonly network: ModemSimulator;
}

async function simulated(
  options: { chatty?: boolean; keys?: 'tones' } = {},
  keys: 'modem' | 'tones' = 'modem',
): Promise<SimulatedBench> {
  const directory = mkdtempSync(join(tmpdir(), 'modem-'));
  const network = await ModemSimulator.open({
    atPath: join(directory, 'wires', 'modem-at'),
    audioPath: join(directory, 'wires', 'modem-audio'),
    ...options,
  });
  assert.ok(settings !== undefined);
  return {
    network,
    open: (events) => openModem('modem', { ...settings, keys }, directory, events),
    async close() {
      await network.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

if (name !== undefined && settings !== undefined) {
  describeModemContract(`${board}.${name}`, async () =>
    isSimulated
      ? simulated({ chatty: true })
      : {
          open: (events) => openModem(name, settings, tmpdir(), events),
          network: null,
          close: async () => undefined,
        },
  );
}

describe('a modem that fails', { skip: !isSimulated, concurrency: true }, () => {
  type Work = (bench: SimulatedBench, modem: Modem, ear: Ear) => Promise<void>;
  const failing = (what: string, work: Work): void => {
    test(what, async (t) => {
      const bench = await simulated();
      t.after(() => bench.close());
      const ear = new Ear();
      const modem = await bench.open(ear);
      t.after(() => modem.close());
      await work(bench, modem, ear);
    });
  };
  const talking = async ({ network }: Pick<SimulatedBench, 'network'>, modem: Modem, ear: Ear) => {
    const rings = ear.rang.length;
    network.phone(ALICE).dial();
    const call = await until('it rings', () => ear.rang[rings]);
    assert.ok(await modem.answer(call));
    const frames = ear.heard.length;
    await until('sound', () => ear.heard.length > frames + 2);
    return call;
  };

  test('a modem that knows no keys: they are read in the sound, or its refusal names the mend', async (t) => {
    const deaf = await simulated({ keys: 'tones' });
    t.after(() => deaf.close());
    await assert.rejects(deaf.open(new Ear()), (error: unknown) => {
      assert.ok(error instanceof DeviceError);
      assert.match(error.mend ?? '', /"keys": "tones"/);
      return true;
    });
    const bench = await simulated({ keys: 'tones' }, 'tones');
    t.after(() => bench.close());
    const ear = new Ear();
    const modem = await bench.open(ear);
    t.after(() => modem.close());
    await talking(bench, modem, ear);
    bench.network.phone(ALICE).press('1380#*');
    await until('the keys', () => ear.keys.length >= 6);
    assert.equal(ear.keys.join(''), '1380#*');
  });

  test('where tones are read, what the modem reports all the same is no second key', async (t) => {
    const bench = await simulated({}, 'tones');
    t.after(() => bench.close());
    const ear = new Ear();
    const modem = await bench.open(ear);
    t.after(() => modem.close());
    await talking(bench, modem, ear);
    const phone = bench.network.phone(ALICE);
    phone.press('5');
    await phone.speak(Int16Array.from([...dtmfTone('7'), ...new Int16Array(800)]));
    await until('the tone', () => ear.keys.length >= 1);
    assert.equal(ear.keys.join(''), '7');
  });

  failing(
    'no carrier in mid-word ends the call as dropped, and the next one is taken',
    async (bench, modem, ear) => {
      const call = await talking(bench, modem, ear);
      const word = modem.say(call, tone(500, 5000));
      await bench.network.apply({ fault: 'no_carrier' });
      assert.equal(await word, false);
      await until('the end', () => ear.ends.length === 1);
      assert.equal(ear.ends[0]?.how, 'dropped');
      await talking(bench, modem, ear);
      assert.deepEqual(ear.losses, []);
    },
  );

  failing(
    'without a network nothing is sent; with it again everything goes',
    async ({ network }, modem, ear) => {
      await network.apply({ fault: 'unregistered' });
      await until('the loss', () => ear.registrations.at(-1) === 'none');
      assert.deepEqual(await modem.sendSms(ALICE, 'x'), {
        ok: false,
        why: 'unregistered',
        code: null,
      });
      network.phone(ALICE).dial();
      assert.equal(network.phone(ALICE).call, 'unreachable');
      await network.apply({ fault: 'registered' });
      await until('the network', () => ear.registrations.at(-1) === 'home');
      network.phone(ALICE);
      assert.ok((await modem.sendSms(ALICE, 'y')).ok);
    },
  );

  failing('a refused message says whether asking again helps', async ({ network }, modem) => {
    await network.apply({ fault: 'sms_refused', code: 1 });
    assert.deepEqual(await modem.sendSms(ALICE, 'x'), { ok: false, why: 'refused', code: 1 });
    await network.apply({ fault: 'sms_refused', code: 42 });
    assert.deepEqual(await modem.sendSms(ALICE, 'x'), { ok: false, why: 'busy', code: 42 });
  });

  failing(
    'lost results: it finds its way back, and a call is still taken',
    async (bench, modem, ear) => {
      await bench.network.apply({ fault: 'lose_results', count: 2 });
      const call = await talking(bench, modem, ear);
      await modem.hangUp(call);
      assert.deepEqual(ear.losses, []);
    },
  );

  failing(
    'a caller who hangs up makes room for the one who waits, whose audio is on',
    async (bench, modem, ear) => {
      const first = await talking(bench, modem, ear);
      bench.network.phone(BOB).dial();
      await until('it waits', () => ear.waited.length === 1);
      const rings = ear.rang.length;
      bench.network.phone(ALICE).hangUp();
      const second = await until('it rings', () => ear.rang[rings]);
      assert.ok(await modem.answer(second));
      const words = tone(550, 200);
      await bench.network.phone(BOB).speak(words);
      await until('it is heard', () => holds(joined(ear.heard), words));
      assert.deepEqual(ear.ends, [{ call: first, how: 'caller' }]);
    },
  );

  failing('garbage on the line is survived', async ({ network }, modem, ear) => {
    await network.apply({ fault: 'noise', probability: 0.01 });
    for (const text of ['one', 'two']) network.phone(BOB).text(text);
    await until(
      'some work amid it',
      () => network.commands.filter((c) => /CMGL/.test(c)).length > 1,
    );
    await network.apply({ fault: 'clear' });
    // Where the noise took the news of one, the modem is looked through once a minute.
    await until('the messages', () => ear.messages.length >= 2, 90_000);
    const call = await talking({ network }, modem, ear);
    await modem.hangUp(call);
    assert.deepEqual(ear.losses, []);
  });

  failing(
    'a modem that hangs, restarts or is unplugged is lost once, and its calls with it',
    async (bench, modem, ear) => {
      const call = await talking(bench, modem, ear);
      const word = modem.say(call, tone(500, 60_000));
      await bench.network.apply({ fault: 'unplug' });
      assert.equal(await word, false);
      await until('the loss', () => ear.losses.length > 0);
      assert.deepEqual(
        ear.losses.map(({ code }) => code),
        ['lost'],
      );
      await bench.network.apply({ fault: 'replug' });
      const next = new Ear();
      const again = await bench.open(next);
      await talking(bench, again, next);
      await bench.network.apply({ fault: 'restart' });
      await until('the loss', () => next.losses.length > 0);
      assert.match(next.losses[0]?.message ?? '', /started anew/);
      await again.close();
    },
  );

  failing(
    'audio that stops is asked for again, and given up at last',
    async (bench, modem, ear) => {
      await talking(bench, modem, ear);
      await bench.network.apply({ fault: 'mute' });
      await until('the loss', () => ear.losses.length > 0, 12_000);
      assert.match(ear.losses[0]?.message ?? '', /audio/);
    },
  );

  const unready: ['absent' | 'pin', RegExp][] = [
    ['absent', /no SIM/],
    ['pin', /PIN/],
  ];
  for (const [sim, message] of unready) {
    test(`SIM ${sim}: named with its mend`, async (t) => {
      const bench = await simulated();
      t.after(() => bench.close());
      bench.network.insertSim(sim);
      const error = await bench.open(new Ear()).then(
        () => null,
        (caught: unknown) => caught,
      );
      assert.ok(error instanceof DeviceError && error.code === 'unready');
      assert.match(error.message, message);
      assert.ok(error.mend !== undefined);
    });
  }

  test('a port without a modem is a timeout, one that is not there is absent', async (t) => {
    const bench = await simulated();
    t.after(() => bench.close());
    await bench.network.apply({ fault: 'hang' });
    const silent = await bench.open(new Ear()).then(
      () => null,
      (caught: unknown) => caught,
    );
    assert.ok(silent instanceof DeviceError && silent.code === 'timeout');
    await bench.network.apply({ fault: 'unplug' });
    const absent = await bench.open(new Ear()).then(
      () => null,
      (caught: unknown) => caught,
    );
    assert.ok(absent instanceof DeviceError && absent.code === 'absent');
  });

  test('a call that was left over by a crash is ended, and messages of meanwhile are read', async (t) => {
    const bench = await simulated();
    t.after(() => bench.close());
    const ear = new Ear();
    const first = await bench.open(ear);
    await talking(bench, first, ear);
    const next = new Ear();
    // The first one is not closed: as after a crash.
    bench.network.phone(BOB).text('meanwhile');
    await until('it is kept', () => ear.messages.length === 1 || bench.network.storedCount === 1);
    await first.close();
    bench.network.phone(BOB).text('and later');
    const modem = await bench.open(next);
    t.after(() => modem.close());
    assert.notEqual(bench.network.phone(ALICE).call, 'talking');
    await until('the message', () => next.messages.some(({ text }) => text === 'and later'));
    const low = tone(400, 200);
    await talking(bench, modem, next);
    await bench.network.phone(ALICE).speak(low);
    await until('it is heard', () => holds(joined(next.heard), low));
  });
});
