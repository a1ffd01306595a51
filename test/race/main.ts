/** `npm run race:vouchers [vouchers] [parties] [seed]`: both constellations, one after the other. */
import { type Race, race } from './voucher-race.ts';

const [vouchers = 1000, parties = 200, seed = 1] = process.argv.slice(2).map(Number);
if (![vouchers, parties, seed].every((each) => Number.isSafeInteger(each) && each > 0)) {
  process.stderr.write('Usage: npm run race:vouchers [vouchers] [parties] [seed]\n');
  process.exit(2);
}
for (const kind of ['together', 'apart'] as const) {
  const asked: Race = { kind, vouchers, parties, seed };
  const begun = performance.now();
  const raced = await race(asked);
  const seconds = Number(((performance.now() - begun) / 1000).toFixed(1));
  process.stdout.write(`${JSON.stringify({ ...asked, seconds, ...raced })}\n`);
  if (raced.complaints.length > 0) process.exitCode = 1;
}
