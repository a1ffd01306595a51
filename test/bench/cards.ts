/**
 * Taps of a card, by where their time went, and a load through a slow network.
 * `node test/bench/cards.ts [taps] [directory]` prints this table alone; the directory says which disk.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { REAL_TIMING } from '#simulators/card/work.ts';
import { measureLoad } from '#test/card/load-time.ts';
import { WholeHouse } from '#test/card/whole-house.ts';
import { tableOf } from './figures.ts';
import { measureTaps, type TapTimes } from './taps.ts';

/** `count` taps on the disk of `directory`, and three loads, as a table in Markdown. */
export async function cardsTable(directory: string, count: number): Promise<string> {
  const taps = await measureTaps(directory, count);
  const column = (name: keyof TapTimes): number[] => taps.map((tap) => tap[name]);
  const house = await WholeHouse.open();
  const { id, card } = await house.card(0);
  card.timing = REAL_TIMING;
  const loads: number[] = [];
  for (let at = 0; at < 3; at += 1) loads.push(await measureLoad(house, id, card));
  await house.close();
  return tableOf([
    { what: 'tap: in field → committed and journalled', samples: column('tap'), target: 200 },
    { what: '· the card', samples: column('card') },
    { what: '· wire: driver, its process, daemon', samples: column('wire') },
    { what: '· disk: appended and synced twice', samples: column('disk') },
    { what: '· own', samples: column('own'), target: 15 },
    { what: 'put there → in field: the reader’s polling', samples: column('poll') },
    { what: 'load at 200 ms each way, to its end', samples: loads, target: 1500 },
  ]);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const directory = mkdtempSync(join(process.argv[3] ?? tmpdir(), 'hawker-taps-'));
  process.stdout.write(`${await cardsTable(directory, Number(process.argv[2] ?? 20))}\n`);
  rmSync(directory, { recursive: true, force: true });
}
