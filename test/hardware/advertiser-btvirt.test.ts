/** The advertiser and the phone on BlueZ's controllers: our radio does not mark its own work. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openHciAdvertiser } from '#firmware/advertiser/advertiser.ts';
import { PhoneRadio } from '#simulators/phone/radio.ts';
import { describeAdvertiserContract } from '#test/contracts/advertiser.ts';
import { Btvirt, withTransmitPower } from './btvirt.ts';

describeAdvertiserContract("BlueZ's btvirt", async () => {
  const directory = mkdtempSync(join(tmpdir(), 'btvirt-'));
  const btvirt = await Btvirt.start(directory);
  const powers: number[] = [];
  const port = await btvirt.open(
    'radio',
    withTransmitPower((dbm) => powers.push(dbm)),
  );
  const phone = await PhoneRadio.open(await btvirt.open('phone'));
  return {
    phone,
    async open(lost) {
      const settings = { driver: 'hci-uart', port, baud: 1_000_000, range_m: 5 } as const;
      const advertiser = await openHciAdvertiser('advertiser', settings, { lost });
      assert.equal(powers.at(-1), -16);
      return advertiser;
    },
    async close() {
      await phone.close();
      await btvirt.stop();
      rmSync(directory, { recursive: true });
    },
  };
});
