/** An optional organ that nobody has plugged in is missed by nobody. */
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import type { OrganState } from '#device/flows/state.ts';
import { vendorVocabulary } from '#device/speech/vocabulary.ts';
import type { Profile } from '#firmware/boards.ts';
import { systemClock } from '#firmware/clock.ts';
import { driverContext } from '#firmware/drivers.ts';
import { Organs } from '#firmware/organs.ts';
import { until } from '#test/until.ts';

test('a scanner that is not there is unplugged where it is optional, else missing', async (t) => {
  const ids = { driver: 'evdev-scanner', vendor_id: 'ffff', product_id: 'fffe' } as const;
  const profile: Profile = {
    ...{ about: '', qr: { format: 'url' }, microcontrollers: {} },
    organs: {
      scanner: { ...ids, optional: true },
      wanted: { ...ids, product_id: 'fffd' },
    },
  };
  const told = new Map<string, OrganState>();
  const context = driverContext(profile, tmpdir(), 'en');
  const organs = new Organs(profile, context, vendorVocabulary('CNY', []), systemClock, {
    ...{ key: () => undefined, scan: () => undefined, card: () => undefined },
    log: () => undefined,
    organ: (name, state) => void told.set(name, state),
  });
  t.after(() => organs.close());
  await until('both to be looked for', () => told.size === 2);
  assert.deepEqual(told.get('scanner'), { is: 'unplugged' });
  const wanted = told.get('wanted');
  assert.ok(wanted?.is === 'missing' && wanted.code === 'absent', JSON.stringify(wanted));
  assert.match(wanted.mend ?? '', /lsusb/);
});
