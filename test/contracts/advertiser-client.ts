/** A process with an advertiser and nothing else: does it rest while idle, and end when it may? */

import { openHciAdvertiser } from '#firmware/advertiser/advertiser.ts';
import { ownMs, shareAtRest } from '#test/at-rest.ts';

const [port = '', then] = process.argv.slice(2);
/** Share of a core. */
const ENOUGH = 0.05;

const advertiser = await openHciAdvertiser(
  'advertiser',
  { driver: 'hci-uart', port, baud: 1_000_000, range_m: 5 },
  { lost: () => void advertiser.close() },
);
await advertiser.advertise({
  manufacturerData: Uint8Array.of(0xff, 0xff, 1),
  url: 'https://x.example',
});
const idle_share = await shareAtRest(ownMs, ENOUGH);
process.send?.({ idle_share, sigint_listeners: process.listenerCount('SIGINT') }, () =>
  process.disconnect(),
);
if (then === 'close') await advertiser.close();
