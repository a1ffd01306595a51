/** What every keypad promises (device/ports/keypad.ts), on any wire. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { DeviceError } from '#device/ports/device.ts';
import type { Key, Keypad, KeypadEvents } from '#device/ports/keypad.ts';
import type { Fault } from '#simulators/wire.ts';
import { until } from '#test/until.ts';

/** Whoever presses the keys: a simulator; nobody in front of a terminal on metal. */
export interface Fingers {
  press(key: Key, options?: { readonly hold_ms?: number }): Promise<void>;
  pressAll(keys: readonly Key[], perSecond: number): Promise<void>;
  down(key: Key): void;
  up(key: Key): void;
  /** Whether the driver has seen every key released; absent where it is told of each in turn. */
  readonly atRest?: boolean;
  apply(fault: Fault): Promise<void>;
}

export interface KeypadBench {
  open(events: KeypadEvents): Promise<Keypad>;
  readonly fingers: Fingers | null;
  /** Every key this keypad has. */
  readonly keys: readonly Key[];
  /** Presses a second that it promises. */
  readonly rate: number;
  /** In how many tries: 1 where nothing between key and driver hangs on this machine's timing. */
  readonly tries: number;
  close(): Promise<void>;
}

/** What a keypad told, as it told it. */
class Listener implements KeypadEvents {
  readonly keys: Key[] = [];
  readonly losses: DeviceError[] = [];

  key(key: Key): void {
    this.keys.push(key);
  }

  lost(error: DeviceError): void {
    this.losses.push(error);
  }

  /** Resolves when so many keys were told; throws where they are others or more. */
  async hears(expected: readonly Key[]): Promise<void> {
    const seen = (): boolean => this.keys.length >= expected.length;
    await until(`${expected.length} keys, of which came ${this.keys.join(' ')}`, seen).catch(
      () => undefined,
    );
    assert.equal(this.keys.splice(0).join(' '), expected.join(' '));
  }
}

/** What a quick hand types, and how much of it at a time. */
const ROW = Array.from({ length: 60 }, (_each, at) => String((at * 7) % 10) as Key);
const BURST = 8;

export function describeKeypadContract(name: string, open: () => Promise<KeypadBench>): void {
  describe(`keypad contract: ${name}`, () => {
    let bench: KeypadBench;
    let keypad: Keypad;
    let listener: Listener;
    before(async () => {
      bench = await open();
      listener = new Listener();
      keypad = await bench.open(listener);
    });
    after(async () => {
      await keypad?.close();
      await bench?.close();
    });

    const rests = (fingers: Fingers): boolean => fingers.atRest !== false;
    /** Holds a key until it is told, and lets go of it. */
    const tap = async (fingers: Fingers, key: Key): Promise<void> => {
      const [before, alone] = [listener.keys.length, rests(fingers)];
      fingers.down(key);
      await until(`key ${key}`, () => listener.keys.length > before);
      fingers.up(key);
      if (alone) await until('rest', () => rests(fingers));
    };

    test('tells nothing while nothing is pressed', async () => {
      const fingers = bench.fingers;
      if (fingers === null) return assert.deepEqual(listener.keys, []);
      await tap(fingers, '1');
      await listener.hears(['1']);
    });

    test('tells every key it has, each once', async (t) => {
      const fingers = bench.fingers;
      if (fingers === null) return t.skip('nobody presses');
      for (const key of bench.keys) await tap(fingers, key);
      await listener.hears(bench.keys);
    });

    test('tells a held key once, and the keys pressed meanwhile in their order', async (t) => {
      const fingers = bench.fingers;
      if (fingers === null) return t.skip('nobody presses');
      fingers.down('1');
      await until('the held key', () => listener.keys.length === 1);
      for (const key of ['5', '9', '4'] as const) await tap(fingers, key);
      fingers.up('1');
      await until('rest', () => rests(fingers));
      await tap(fingers, '1');
      await listener.hears(['1', '5', '9', '4', '1']);
    });

    test('tells keys that overlap, as a quick hand presses them', async (t) => {
      const fingers = bench.fingers;
      if (fingers === null) return t.skip('nobody presses');
      const told = async (key: Key): Promise<void> => {
        await until(`key ${key}`, () => listener.keys.at(-1) === key);
      };
      fingers.down('1');
      await told('1');
      fingers.down('2');
      await told('2');
      fingers.up('1');
      fingers.down('5');
      await told('5');
      fingers.up('2');
      fingers.up('5');
      await listener.hears(['1', '2', '5']);
      await until('rest', () => rests(fingers));
    });

    test('loses none at its full rate', async (t) => {
      const fingers = bench.fingers;
      if (fingers === null) return t.skip('nobody presses');
      for (let at = 0; at < ROW.length; at += BURST)
        await types(fingers, ROW.slice(at, at + BURST));
    });

    /**
     * A busy machine may take a short press's time away, the likelier the more are typed at a time; it
     * may not swap or invent one.
     */
    const types = async (fingers: Fingers, keys: readonly Key[]): Promise<void> => {
      for (let left = bench.tries - 1; ; left -= 1) {
        await fingers.pressAll(keys, bench.rate);
        const seen = (): boolean => listener.keys.length >= keys.length;
        await until('every key', seen, 1000).catch(() => undefined);
        const told = listener.keys.splice(0);
        if (told.join() === keys.join()) return;
        assert.ok(isPartOf(told, keys), `told ${told.join(' ')}`);
        assert.ok(left > 0, `told ${told.length} of ${keys.length}`);
        const half = keys.length >> 1;
        if (half >= 2 && left % 4 === 0) {
          await types(fingers, keys.slice(0, half));
          return types(fingers, keys.slice(half));
        }
      }
    };

    test('is lost when it is unplugged, absent until it is back, and works anew', async (t) => {
      const fingers = bench.fingers;
      if (fingers === null) return t.skip('nobody unplugs');
      await fingers.apply({ fault: 'unplug' });
      await until('the loss', () => listener.losses.length > 0);
      assert.deepEqual(
        listener.losses.map((error) => error.code),
        ['lost'],
      );
      await keypad.close();
      await assert.rejects(bench.open(new Listener()), { name: 'DeviceError', code: 'absent' });
      await fingers.apply({ fault: 'replug' });
      listener = new Listener();
      keypad = await bench.open(listener);
      await fingers.press('7');
      await listener.hears(['7']);
    });

    test('is silent once closed, and can be opened again', async () => {
      await keypad.close();
      await keypad.close();
      await bench.fingers?.press('8');
      keypad = await bench.open(listener);
      await bench.fingers?.press('9');
      if (bench.fingers !== null) await listener.hears(['9']);
      assert.deepEqual(listener.losses, []);
    });
  });
}

/** Whether `told` is what is left of `keys` when some are taken out. */
function isPartOf(told: readonly Key[], keys: readonly Key[]): boolean {
  let at = 0;
  for (const key of keys) if (key === told[at]) at += 1;
  return at === told.length;
}
