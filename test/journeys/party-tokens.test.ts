/** A store whose parties have other tokens than the seed: the stall has them renewed, once, and keeps them. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { PartyTokens } from '#simulators/stall/party-tokens.ts';
import { readSeed, SEED } from '#simulators/stall/wiring.ts';

test('refused tokens are renewed by the operator once, whoever is refused at the same time', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'party-tokens-'));
  mkdirSync(join(directory, 'gateway'));
  writeFileSync(join(directory, 'gateway', 'operator.token'), 'the operator\n');
  const asked: string[] = [];
  const gateway = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
    const known = request.url?.includes('/office/') === true;
    response.statusCode = known ? 200 : 404;
    response.end(JSON.stringify(known ? { id: 'office', token: `fresh-${asked.length}` } : {}));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => gateway.once('listening', resolve));
  t.after(() => {
    gateway.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
  const options = { directory, gateway: () => url, seed: readSeed(SEED, {}) };
  const tokens = new PartyTokens(options);
  const seeded = tokens.of('office');
  assert.equal(seeded, 'token-of-party-office');
  const both = await Promise.all([
    tokens.instead('office', seeded),
    tokens.instead('office', seeded),
  ]);
  assert.deepEqual(both, ['fresh-1', 'fresh-1']);
  assert.equal(await tokens.instead('office', seeded), 'fresh-1', 'refused before it was renewed');
  assert.deepEqual(asked, ['POST /v1/funds/parties/office/renewals Bearer the operator']);
  assert.equal(new PartyTokens(options).of('office'), 'fresh-1', 'kept over a restart');
  await assert.rejects(tokens.instead('xiaomei', tokens.of('xiaomei')), /another --data/);
});
