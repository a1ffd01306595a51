/** Card keys at rest: they open here, nowhere else, and no file or log shows them. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { keepCardKeys, readCardKeys, storeCardKeys } from '#firmware/card-keys.ts';

const SECRET = Buffer.alloc(32, 7).toString('base64url');
const key = (fill: number): string => Buffer.alloc(16, fill).toString('base64url');
const KEYS = { debit: key(1), read: key(2), key_version: 3, set_at: 1000 };

let data: string;
before(() => {
  data = mkdtempSync(join(tmpdir(), 'hawker-keys-'));
});
after(() => rmSync(data, { recursive: true }));

const machine = (name: string): string[] => {
  const file = join(data, name);
  writeFileSync(file, name);
  return [file];
};

test('what was sealed opens on the same machine, with the same secret', async () => {
  assert.deepEqual(readCardKeys(data, SECRET), { is: 'none' });
  await storeCardKeys(data, SECRET, KEYS, machine('here'));
  const read = readCardKeys(data, SECRET, machine('here'));
  assert.equal(read.is, 'keys');
  assert.deepEqual(read.is === 'keys' && read.keys, KEYS);
});

test('the file shows nothing of them', () => {
  const text = readFileSync(join(data, 'card-keys.json'), 'utf8');
  for (const secret of [KEYS.debit, KEYS.read, SECRET]) assert.ok(!text.includes(secret));
});

test('on another machine, with another secret, or with a byte changed they stay shut', () => {
  const file = join(data, 'card-keys.json');
  const text = readFileSync(file, 'utf8');
  const other = Buffer.alloc(32, 8).toString('base64url');
  assert.equal(readCardKeys(data, SECRET, machine('elsewhere')).is, 'shut');
  assert.equal(readCardKeys(data, other, machine('here')).is, 'shut');
  for (const damaged of [text.replace(/.{6}"}$/, 'AAAAAA"}'), text.slice(0, 40), '{}', '']) {
    writeFileSync(file, damaged);
    const read = readCardKeys(data, SECRET, machine('here'));
    assert.equal(read.is, 'shut');
    assert.ok(read.is === 'shut' && !/AAAA|debit/.test(read.why), 'it quotes nothing of them');
  }
  writeFileSync(file, text);
});

test('a terminal that can’t open them says what mends it, and takes newer ones at once', async () => {
  const said: string[] = [];
  const kept = keepCardKeys(data, SECRET, (what) => said.push(what));
  assert.equal(kept.current(), null);
  assert.match(said.join(), /no cards are taken: .*another machine.*--enrol CODE/);
  await kept.keep({ ...KEYS, debit: key(9), key_version: 4 });
  assert.deepEqual([...(kept.current()?.debit ?? [])], Array(16).fill(9));
  assert.equal(readCardKeys(data, SECRET).is, 'keys');
  assert.ok(!said.join().includes(key(9)));
});

test('an older card’s keys stay beside the new ones, and go with the set that leaves them out', async () => {
  const own = mkdtempSync(join(tmpdir(), 'hawker-keys-'));
  const kept = keepCardKeys(own, SECRET, () => undefined);
  const old = { debit: key(1), read: key(2), key_version: 1 };
  const both = { debit: key(3), read: key(4), key_version: 2, set_at: 20, older: [old] };
  const alone = { debit: key(3), read: key(4), key_version: 2, set_at: 30 };
  const versions = (): unknown[] => {
    const keys = kept.current();
    return [keys?.version, ...(keys?.older ?? []).map(({ version }) => version)];
  };
  assert.equal(await kept.keep({ ...old, set_at: 0 }), true);
  assert.equal(await kept.keep(both), true);
  assert.deepEqual(versions(), [2, 1]);
  assert.deepEqual(kept.kept(), { key_version: 2, set_at: 20 });
  const again = keepCardKeys(own, SECRET, () => undefined);
  assert.deepEqual(again.current(), kept.current(), 'as after a restart');
  assert.equal(await kept.keep(alone), true);
  assert.deepEqual(versions(), [2]);
  assert.equal(await kept.keep(both), false, 'what was retired does not come back');
  assert.deepEqual(versions(), [2]);
  rmSync(own, { recursive: true });
});
