/** Keys of the house's cards reach a terminal that is enrolled already, and a new version of them. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { keepCardKeys, openSentKeys } from '#firmware/card-keys.ts';
import { readHouseKeys } from '#gateway/settlement/keys.ts';
import { until } from '#test/until.ts';
import { openConstellation } from './constellation.ts';
import { enrol, operator, startGateway, Terminal } from './harness.ts';

test('they come at each connection, sealed to the terminal alone; a new version, too', async () => {
  const data = mkdtempSync(join(tmpdir(), 'hawker-card-keys-'));
  const own = mkdtempSync(join(tmpdir(), 'hawker-card-keys-'));
  const first = await startGateway({ dataDirectory: data });
  const { card_keys: _, ...identity } = await enrol(first.http);
  const other = await enrol(first.http, 'CODE-0002');
  const sent = async (terminal: Terminal) => {
    const heard = await until('the card keys', () =>
      terminal.heard.find((each) => each.kind === 'card_keys'),
    );
    return heard.kind === 'card_keys' ? heard.sealed : '';
  };
  const said: string[] = [];
  const kept = keepCardKeys(own, identity.secret, (what) => said.push(what));
  assert.equal(kept.current(), null, 'enrolled before there were cards');

  const before = await Terminal.connect(identity);
  const sealed = await sent(before);
  const keys = openSentKeys(identity.secret, identity.terminal, sealed) ?? assert.fail();
  assert.deepEqual(keys, other.card_keys);
  assert.equal(openSentKeys(other.secret, identity.terminal, sealed), null);
  assert.equal(openSentKeys(identity.secret, other.terminal, sealed), null);
  assert.equal(openSentKeys(identity.secret, identity.terminal, `${sealed}AA`), null);
  assert.equal(await kept.keep(keys), true);
  assert.equal(await kept.keep(keys), false, 'nothing new');
  await before.close();
  await first.close();

  const second = await startGateway({ dataDirectory: data });
  const after = await Terminal.connect({ ...identity, broker: second.mqtt });
  const path = '/v1/settlement/key-versions';
  const wish = { body: { because: 'a terminal was lost' }, key: 'rotate-1' };
  const keysSent = ['rotate-1', 'rotate-0'];
  const both = await Promise.all(keysSent.map((key) => operator(second, path, { ...wish, key })));
  const won = both[0]?.status === 201 ? 0 : 1;
  const made = both[won] ?? assert.fail();
  const late = both[1 - won];
  assert.deepEqual([made.status, late?.status, late?.body.code], [201, 409, 'key_version_spreads']);
  const taken = { ...wish, key: keysSent[won] ?? '' };
  assert.deepEqual([made.body.version, made.body.state], [2, 'spreading']);
  assert.deepEqual((await operator(second, path, taken)).body, made.body, 'once');
  const other422 = await operator(second, path, { ...taken, body: { because: 'another' } });
  assert.equal(other422.body.code, 'idempotency_key_reused');
  const two = await operator(second, path, { ...wish, key: 'rotate-2' });
  assert.deepEqual([two.status, two.body.code], [409, 'key_version_spreads']);
  assert.equal(
    [...readHouseKeys(readFileSync(join(data, 'settlement.keys'), 'utf8')).versions].length,
    2,
  );

  const next = await until('the new version', () =>
    after.heard
      .map((each) => (each.kind === 'card_keys' ? each.sealed : ''))
      .map((each) => openSentKeys(identity.secret, identity.terminal, each))
      .find((each) => each?.key_version === 2),
  );
  assert.deepEqual(
    next.older?.map(({ debit, key_version }) => ({ debit, key_version })),
    [{ debit: keys.debit, key_version: 1 }],
  );
  assert.equal(await kept.keep(next), true);
  assert.equal(await kept.keep(keys), false, 'what somebody kept from before changes nothing');
  const versions = async () => (await operator(second, path)).body.versions as unknown[];
  await after.say({ kind: 'card_keys_kept', kept: kept.kept() ?? assert.fail() });
  await until('one is waited for', async () =>
    JSON.stringify(await versions()).includes('"waiting":1'),
  );
  const there = await Terminal.connect({ ...other, broker: second.mqtt });
  await there.say({ kind: 'card_keys_kept', kept: kept.kept() ?? assert.fail() });
  await until('no card has the old one', async () => {
    const known = JSON.stringify(await versions());
    return known.includes('"state":"retired"') && known.includes('"state":"current"');
  });
  const retire = (version: number, key: string) =>
    operator(second, `${path}/${version}/retirement`, { body: { because: 'lost' }, key });
  assert.equal((await retire(2, 'r-1')).body.code, 'key_version_in_use');
  assert.equal((await retire(9, 'r-2')).body.code, 'unknown_key_version');
  assert.equal(keepCardKeys(own, identity.secret, () => undefined).current()?.debit.length, 16);
  assert.ok(!said.join().includes(keys.debit));
  await after.close();
  await there.close();
  await second.close();
  for (const folder of [data, own]) rmSync(folder, { recursive: true, force: true });
});

test('the settlement apart: terminals hear of a version at once, and it is told who has it', async () => {
  const all = await openConstellation('apart', {}, { settlement: {} });
  const settlement = all.settlement?.at ?? assert.fail();
  const identity = await enrol(all.http);
  await enrol(all.http, 'CODE-0002');
  const terminal = await Terminal.connect(identity);
  const path = '/v1/settlement/key-versions';
  const made = await operator(settlement, path, {
    ...{ body: { because: 'yearly', ready_within_s: 86_400 }, key: 'yearly-1' },
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const sent = await until('the new version', () =>
    terminal.heard
      .map((each) => (each.kind === 'card_keys' ? each.sealed : ''))
      .map((each) => openSentKeys(identity.secret, identity.terminal, each))
      .find((each) => each?.key_version === 2),
  );
  const { key_version, set_at } = sent;
  await terminal.say({ kind: 'card_keys_kept', kept: { key_version, set_at } });
  await until('the other one is waited for', async () =>
    JSON.stringify((await operator(settlement, path)).body).includes('"waiting":1'),
  );
  // A terminal that is expelled is waited for no more.
  const revoked = { kind: 'terminal', subject: 't-0002', because: 'lost' };
  const out = await operator(all.centre, '/v1/identity/revocations', { body: revoked });
  assert.ok(out.status < 300, JSON.stringify(out.body));
  await terminal.say({ kind: 'card_keys_kept', kept: { key_version, set_at: set_at + 1 } });
  const state = async (version: number): Promise<string | undefined> => {
    const { versions } = (await operator(settlement, path)).body as {
      versions: { version: number; state: string }[];
    };
    return versions.find((each) => each.version === version)?.state;
  };
  await until('it is current', async () => (await state(2)) === 'current');
  assert.equal(await state(1), 'retired', 'no card has it');
  await terminal.close();
  await all.close();
});
