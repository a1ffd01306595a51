import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readOptions } from '#gateway/options.ts';
import { call } from './harness.ts';
import { runGateway, spawnGateway } from './process.ts';

const SEED_FILE = join(import.meta.dirname, '../../simulators/stall/seed.json');

describe('the gateway as a program', () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'hawker-main-'));
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  test('starts with the seed twice, keeps its secrets to itself, and ends on SIGTERM', async () => {
    const data = join(directory, 'data');
    const args = ['--data', data, '--http', '127.0.0.1:0', '--plain-mqtt', '127.0.0.1:0'];
    args.push('--seed', SEED_FILE);
    const balances: unknown[] = [];
    for (let start = 0; start < 2; start += 1) {
      const gateway = await spawnGateway(args);
      const bearer = readFileSync(join(data, 'operator.token'), 'utf8').trim();
      const { body } = await call(`${gateway.http}/v1/ledger/trial-balance`, { bearer });
      balances.push(body);
      assert.equal(await gateway.end('SIGTERM'), 0);
    }
    assert.deepEqual(balances[0], balances[1]);
    for (const name of ['gateway.key', 'operator.token', 'gateway.sqlite']) {
      assert.equal(statSync(join(data, name)).mode & 0o777, 0o600, name);
    }
  });

  test('refuses wrong flags, naming the flag and the mend', async () => {
    const broken = join(directory, 'broken.json');
    writeFileSync(
      broken,
      JSON.stringify({ calling_code: '86', vendors: [], terminals: [], payers: [{ phone: '1' }] }),
    );
    const cases: [args: string[], says: RegExp][] = [
      [[], /^--data: is missing; name a directory/],
      [['--data', directory, '--http', 'here'], /^--http: here is not HOST:PORT; write it like/],
      [['--data', directory, '--mqtt', '1.2.3.4:99999'], /^--mqtt: .* is not HOST:PORT/],
      [['--data', directory, '--colour', 'red'], /^--colour: .*remove it/],
      [['--data', directory, '--broker', 'http://x'], /^--broker: .*begin it with mqtt:\/\//],
      [['--data', directory, '--sms', 'http://x'], /^--sms: needs HAWKER_SMS_SECRET: put whsec_/],
      [['--data', directory, '--smtp', 'smtp://x'], /^--mail-from: is no address; write it like/],
      [['--data', directory, '--seed', broken], /^--seed: .*payers\[0\]\.phone.*payers\[0\]\.pin/],
    ];
    for (const [args, says] of cases) {
      const read = readOptions(args, {});
      assert.match(read.ok ? 'taken' : read.complaint, says);
    }
    const { code, said } = await runGateway(['--data', directory, '--seed', broken]);
    assert.match(said, /^--seed: .*payers\[0\]\.phone/);
    assert.equal(code, 2);
  });

  test('says who has the port or the store, and how to mend it', async () => {
    const args = [
      '--data',
      join(directory, 'one'),
      '--http',
      '127.0.0.1:0',
      '--plain-mqtt',
      '127.0.0.1:0',
    ];
    const gateway = await spawnGateway(args);
    const port = new URL(gateway.http).port;
    const store = await runGateway(args);
    assert.match(store.said, /another gateway uses it/);
    assert.equal(store.code, 1);
    const taken = [
      '--data',
      join(directory, 'two'),
      '--http',
      `127.0.0.1:${port}`,
      '--plain-mqtt',
      '127.0.0.1:0',
    ];
    const http = await runGateway(taken);
    assert.match(http.said, /EADDRINUSE.*use another port/);
    assert.equal(http.code, 1);
    assert.equal(await gateway.end('SIGTERM'), 0);
  });
});
