/** Keys of the house's cards reach a terminal that is enrolled already, and a new version of them. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { keepCardKeys, openSentKeys } from '#firmware/card-keys.ts';
import { systemChance } from '#gateway/clock.ts';
import { makeHouseKeys, readHouseKeys, writeHouseKeys } from '#gateway/settlement/keys.ts';
import { until } from '#test/until.ts';
import { enrol, startGateway, Terminal } from './harness.ts';

/** As an operator rotates them: a further version, which is current from then on. */
function addVersion(file: string): void {
  const old = readHouseKeys(readFileSync(file, 'utf8'));
  const [fresh] = makeHouseKeys(systemChance).versions.values();
  if (fresh === undefined) throw new Error('no keys');
  const versions = new Map([...old.versions, [2, fresh] as const]);
  writeFileSync(file, writeHouseKeys({ version: 2, versions }));
}

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

  addVersion(join(data, 'settlement.keys'));
  const second = await startGateway({ dataDirectory: data });
  const after = await Terminal.connect({ ...identity, broker: second.mqtt });
  const next = openSentKeys(identity.secret, identity.terminal, await sent(after));
  assert.equal(next?.key_version, 2);
  assert.equal(await kept.keep(next ?? keys), true);
  assert.equal(await kept.keep(keys), false, 'what somebody kept from before changes nothing');
  assert.equal(keepCardKeys(own, identity.secret, () => undefined).current()?.debit.length, 16);
  assert.ok(!said.join().includes(keys.debit));
  await after.close();
  await second.close();
  for (const folder of [data, own]) rmSync(folder, { recursive: true, force: true });
});
