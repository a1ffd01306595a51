/** What every advertiser promises, on a simulated controller, on BlueZ's, and on metal. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { hex } from '#device/codecs/bytes.ts';
import type { Advertiser, Broadcast } from '#device/ports/advertiser.ts';
import type { DeviceError } from '#device/ports/device.ts';
import type { PhoneRadio, RadioPhone } from '#simulators/phone/radio.ts';

export interface AdvertiserBench {
  open(lost: (error: DeviceError) => void): Promise<Advertiser>;
  /** A phone within range; on metal there is none to ask. */
  readonly phone: PhoneRadio | RadioPhone | null;
  close(): Promise<void>;
}

/** Distinct manufacturer data of full length, and a URL that takes several reads. */
export function exampleBroadcast(seed: number): Broadcast {
  const manufacturerData = Uint8Array.from({ length: 24 }, (_, at) =>
    at < 2 ? 0xff : (seed * 31 + at * 7) & 255,
  );
  return { manufacturerData, url: `https://pay.example/o/${seed}/${'0123456789'.repeat(30)}` };
}

const HEARS_WITHIN_MS = 5000;

export function describeAdvertiserContract(
  name: string,
  setUp: () => Promise<AdvertiserBench>,
): void {
  describe(`advertiser contract on ${name}`, () => {
    let bench: AdvertiserBench;
    let advertiser: Advertiser;
    const losses: DeviceError[] = [];

    before(async () => {
      bench = await setUp();
      advertiser = await bench.open((error) => losses.push(error));
    });
    after(async () => {
      await advertiser?.close();
      await bench?.close();
    });

    /** Puts it on air and waits until the phone heard it. */
    async function advertise(broadcast: Broadcast): Promise<void> {
      const data = hex(broadcast.manufacturerData);
      const heard = bench.phone?.waitForHeard((packet) => packet.data === data, HEARS_WITHIN_MS);
      await advertiser.advertise(broadcast);
      await heard;
    }

    test('a phone hears what is put on air, byte by byte, and then what replaces it', async () => {
      for (const seed of [1, 2, 3]) await advertise(exampleBroadcast(seed));
    });

    test('a replaced broadcast is never heard again', async () => {
      const [old, next] = [exampleBroadcast(4), exampleBroadcast(5)];
      await advertise(old);
      await advertise(next);
      const from = bench.phone?.heard().length ?? 0;
      await advertise(exampleBroadcast(6));
      const later = bench.phone?.heard().slice(from) ?? [];
      assert.ok(later.every(({ data }) => data !== hex(old.manufacturerData)));
    });

    test('of calls that overlap the latest wins and all are answered', async () => {
      const last = exampleBroadcast(19);
      const data = hex(last.manufacturerData);
      const heard = bench.phone?.waitForHeard((packet) => packet.data === data, HEARS_WITHIN_MS);
      const calls = Array.from({ length: 9 }, (_, at) => [
        advertiser.advertise(exampleBroadcast(10 + at)),
        advertiser.silence(),
      ]);
      await Promise.all([...calls.flat(), advertiser.advertise(last)]);
      await heard;
    });

    test('a browser that connects reads the whole URL, and the new one after a change', async (t) => {
      const { phone } = bench;
      if (phone === null) return t.skip('needs a phone');
      for (const seed of [20, 21]) {
        await advertise(exampleBroadcast(seed));
        assert.equal(await phone.readUrl(), exampleBroadcast(seed).url);
      }
    });

    test('a browser that subscribed is told of a change', async (t) => {
      const { phone } = bench;
      if (phone === null) return t.skip('needs a phone');
      await advertise(exampleBroadcast(27));
      let change: Promise<void> | undefined;
      const url = await phone.readNextUrl(() => {
        change = advertiser.advertise(exampleBroadcast(28));
      });
      await change;
      assert.equal(url, exampleBroadcast(28).url);
    });

    test('it is on air again after someone read', async () => {
      await bench.phone?.readUrl();
      await advertise(exampleBroadcast(22));
    });

    test('silence twice, and on air again', async () => {
      await advertiser.silence();
      await advertiser.silence();
      await advertise(exampleBroadcast(23));
    });

    test('more than 26 bytes of data are refused, and what is on air stays', async () => {
      const manufacturerData = new Uint8Array(27);
      await assert.rejects(advertiser.advertise({ manufacturerData, url: '' }), RangeError);
      await advertise(exampleBroadcast(24));
    });

    test('closed, it can be opened anew; closing twice is fine and tells no loss', async () => {
      await advertiser.close();
      await advertiser.close();
      await assert.rejects(advertiser.advertise(exampleBroadcast(25)), { name: 'DeviceError' });
      advertiser = await bench.open((error) => losses.push(error));
      await advertise(exampleBroadcast(26));
      assert.deepEqual(losses, []);
    });
  });
}
