/** A process with an advertiser and nothing else: does it rest while idle, and end when it may? */
import { openHciAdvertiser } from '#firmware/advertiser/advertiser.ts';

const [port = '', then] = process.argv.slice(2);
const IDLE_MS = 500;

const advertiser = await openHciAdvertiser(
  'advertiser',
  { driver: 'hci-uart', port, baud: 1_000_000, range_m: 5 },
  { lost: () => void advertiser.close() },
);
await advertiser.advertise({
  manufacturerData: Uint8Array.of(0xff, 0xff, 1),
  url: 'https://x.example',
});
const before = process.cpuUsage();
await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
const { user, system } = process.cpuUsage(before);
process.send?.(
  { idle_cpu_ms: (user + system) / 1000, sigint_listeners: process.listenerCount('SIGINT') },
  () => process.disconnect(),
);
if (then === 'close') await advertiser.close();
