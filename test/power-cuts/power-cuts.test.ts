/** A slice of `npm run power-cuts`; and that a store that does not sync would be found out. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { SeededChance } from '#simulators/simulation/chance.ts';
import { Platter } from './platter.ts';
import { cutStore, recordStore, STORES } from './run.ts';

const seed = String(Math.floor(Math.random() * 2 ** 32));
const file = 'file';
const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);

describe(`the power goes (seed ${seed})`, () => {
  for (const store of STORES) {
    test(`${store.name}: what was promised is there, nothing is half there`, async () => {
      const directory = mkdtempSync(join(tmpdir(), 'hawker-power-'));
      try {
        const events = await recordStore(store, directory, 0.15);
        const cutting = { many: 12, until: performance.now() + 800 };
        const chance = new SeededChance(seed);
        const told = await cutStore(store, events, { chance, ...cutting });
        assert.equal(told.failure, null, JSON.stringify(told.failure));
        assert.ok(told.promises > 0 && told.syncs > 0);
        const unsynced = events.filter(({ is }) => is !== 'synced');
        const lost = await cutStore(store, unsynced, { chance, ...cutting });
        assert.notEqual(lost.failure, null, 'a store that never syncs is believed');
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    });
  }
});

describe('a disk whose power goes', () => {
  const chance = new SeededChance('1');
  const write = (place: number | 'end', value: number, length = 1024) =>
    ({ is: 'write', file, place, bytes: bytes(length, value) }) as const;
  const size = (platter: Platter, loss: 'dropped' | 'kept'): number =>
    platter.cut(loss, chance).get(file)?.length ?? -1;

  test('has what was synced, whatever became of the rest', () => {
    const platter = new Platter();
    platter.take(write('end', 1));
    platter.take({ is: 'synced', file });
    platter.take(write('end', 2));
    assert.equal(size(platter, 'dropped'), 1024);
    assert.equal(size(platter, 'kept'), 2048);
    platter.take({ is: 'length', file, length: 10 });
    assert.equal(size(platter, 'kept'), 10);
    assert.equal(size(platter, 'dropped'), 1024);
  });

  test('tears a write by sectors', () => {
    const platter = new Platter();
    platter.take(write('end', 1, 4096));
    platter.take({ is: 'synced', file });
    platter.take(write(0, 2, 4096));
    const seen = new Set<string>();
    for (let round = 0; round < 200; round += 1) {
      const found = platter.cut('torn', chance).get(file) ?? new Uint8Array(0);
      const sectors = Array.from({ length: 8 }, (_, at) =>
        found.subarray(at * 512, at * 512 + 512),
      );
      for (const sector of sectors) assert.equal(new Set(sector).size, 1, 'half a sector');
      seen.add(sectors.map(([value]) => value).join(''));
    }
    assert.ok(seen.size > 50);
  });

  test('has a file under its old name or its new one until its directory was synced', () => {
    const platter = new Platter();
    platter.take(write('end', 1));
    platter.take({ is: 'synced', file });
    platter.take({ ...write('end', 2, 2048), file: 'next' });
    platter.take({ is: 'synced', file: 'next' });
    platter.take({ is: 'renamed', file, from: 'next' });
    assert.deepEqual([size(platter, 'dropped'), size(platter, 'kept')], [1024, 2048]);
    platter.take({ is: 'synced', file: '' });
    assert.equal(size(platter, 'dropped'), 2048);
  });

  test('brings a removed file back unless its directory was synced', () => {
    const platter = new Platter();
    platter.take(write('end', 1));
    platter.take({ is: 'synced', file });
    platter.take({ is: 'removed', file });
    assert.equal(size(platter, 'dropped'), 1024);
    platter.take({ is: 'synced', file: '' });
    assert.equal(size(platter, 'dropped'), 0);
  });
});
