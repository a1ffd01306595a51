/** What every scanner promises (device/ports/scanner.ts), on any wire. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { DeviceError } from '#device/ports/device.ts';
import type { Scan, Scanner, ScannerEvents } from '#device/ports/scanner.ts';
import type { ScanFault, ScannerSetup } from '#simulators/scanner/usb-scanner.ts';
import type { Fault } from '#simulators/wire.ts';
import { until } from '#test/until.ts';

/** Whoever holds codes before it: a simulator; nobody in front of a terminal on metal. */
export interface Trigger {
  scan(text: string, symbology?: string): Promise<void>;
  apply(fault: Fault | ScanFault): Promise<void>;
  setup: ScannerSetup;
}

export interface ScannerBench {
  open(events: ScannerEvents): Promise<Scanner>;
  readonly trigger: Trigger | null;
  close(): Promise<void>;
}

/** What a scanner told, as it told it. */
class Listener implements ScannerEvents {
  readonly scans: Scan[] = [];
  readonly losses: DeviceError[] = [];

  scanned(scan: Scan): void {
    this.scans.push(scan);
  }

  lost(error: DeviceError): void {
    this.losses.push(error);
  }

  async hears(...expected: readonly Scan[]): Promise<void> {
    const seen = (): boolean => this.scans.length >= expected.length;
    await until(`${expected.length} scans`, seen).catch(() => undefined);
    assert.deepEqual(this.scans.splice(0), expected);
  }
}

const code = (text: string, ended = true): Scan => ({ is: 'code', text, ended });

/** Every character that a keyboard writes. */
const PRINTABLE = Array.from({ length: 95 }, (_each, at) => String.fromCharCode(32 + at)).join('');

export function describeScannerContract(name: string, open: () => Promise<ScannerBench>): void {
  describe(`scanner contract: ${name}`, () => {
    let bench: ScannerBench;
    let scanner: Scanner;
    let listener: Listener;
    before(async () => {
      bench = await open();
      listener = new Listener();
      scanner = await bench.open(listener);
    });
    after(async () => {
      await scanner?.close();
      await bench?.close();
    });

    test('tells a code whole, whatever it types behind it', async (t) => {
      const { trigger } = bench;
      if (trigger === null) return t.skip('nobody scans');
      await trigger.scan(PRINTABLE);
      await listener.hears(code(PRINTABLE));
      const usual = trigger.setup;
      trigger.setup = { ...usual, suffix: 'tab', aim: true };
      await trigger.scan('4006381333931', 'E0');
      await listener.hears(code(']E04006381333931'));
      trigger.setup = { ...usual, suffix: 'none', keys: 'caps_lock' };
      await trigger.scan('HTTPS://a.Example/V/$*+-:');
      await listener.hears(code('HTTPS://a.Example/V/$*+-:', false));
      trigger.setup = usual;
    });

    test('tells two scans as two, and loses no character of long ones', async (t) => {
      const { trigger } = bench;
      if (trigger === null) return t.skip('nobody scans');
      const usual = trigger.setup;
      trigger.setup = { ...usual, key_ms: 0.2 };
      const long = (PRINTABLE + PRINTABLE.toLowerCase()).repeat(5);
      await Promise.all([trigger.scan(long), trigger.scan('second')]);
      await listener.hears(code(long), code('second'));
      trigger.setup = usual;
    });

    test('tells what is too long or garbled as that, once, and the next scan whole', async (t) => {
      const { trigger } = bench;
      if (trigger === null) return t.skip('nobody scans');
      const usual = trigger.setup;
      trigger.setup = { ...usual, key_ms: 0.1 };
      await trigger.scan('9'.repeat(4400));
      trigger.setup = usual;
      await listener.hears({ is: 'unreadable', why: 'too_long' });
      await trigger.apply({ fault: 'garbage' });
      await trigger.scan('abc');
      await listener.hears({ is: 'unreadable', why: 'garbled' });
      await trigger.apply({ fault: 'clear' });
      await trigger.apply({ fault: 'half' });
      await trigger.scan('123456');
      await listener.hears(code('123', false));
      await trigger.apply({ fault: 'clear' });
      await trigger.scan('abc');
      await listener.hears(code('abc'));
    });

    test('is lost when it is unplugged, absent until it is back, and works anew', async (t) => {
      const { trigger } = bench;
      if (trigger === null) return t.skip('nobody unplugs');
      await trigger.apply({ fault: 'unplug' });
      await until('the loss', () => listener.losses.length > 0);
      const [loss, ...more] = listener.losses;
      assert.equal(loss?.code, 'lost');
      assert.deepEqual(more, []);
      await scanner.close();
      await assert.rejects(bench.open(new Listener()), { name: 'DeviceError', code: 'absent' });
      await trigger.apply({ fault: 'replug' });
      listener = new Listener();
      scanner = await bench.open(listener);
      await trigger.scan('after');
      await listener.hears(code('after'));
    });

    test('is silent once closed, and can be opened again', async () => {
      await scanner.close();
      await scanner.close();
      await bench.trigger?.scan('unheard');
      scanner = await bench.open(listener);
      await bench.trigger?.scan('heard');
      if (bench.trigger !== null) await listener.hears(code('heard'));
      assert.deepEqual(listener.losses, []);
    });
  });
}
