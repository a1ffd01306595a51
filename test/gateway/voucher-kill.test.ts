/** A fund server that is killed after the issuer froze the money and before the voucher is issued. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TrialBalance } from '#gateway/ledger/trial-balance.ts';
import { freePort } from '#simulators/free-port.ts';
import { until } from '#test/until.ts';
import { sharePeerSecrets } from './constellation.ts';
import { call, freshKey } from './harness.ts';
import { openProxy } from './peer-proxy.ts';
import { spawnGateway } from './process.ts';
import { VOUCHER_SEED, WANG, wish } from './voucher-stand.ts';

test('kill -9 between hold and issued: issued once, frozen once', async () => {
  const home = mkdtempSync(join(tmpdir(), 'hawker-voucher-'));
  sharePeerSecrets(home);
  const seed = join(home, 'seed.json');
  writeFileSync(seed, JSON.stringify(VOUCHER_SEED));
  const [bankPort, fundPort] = [await freePort(), await freePort()];
  const wire = await openProxy(() => `http://127.0.0.1:${bankPort}`);
  const start = (role: string, port: number, ...more: string[]) =>
    spawnGateway([
      ...['--data', join(home, role), '--http', `127.0.0.1:${port}`, '--role', role],
      ...['--seed', seed, ...more],
    ]);
  const bank = await start('issuer', bankPort);
  let fund = await start('fund-server', fundPort, '--peer', `issuer=${wire.url}`);
  const ask = (party: string, path: string, body?: unknown, key = freshKey()) =>
    call(`http://127.0.0.1:${fundPort}/v1/funds/${path}`, {
      bearer: `token-of-party-${party}`,
      ...(body === undefined ? {} : { body, key }),
    });
  const held = async (): Promise<number> => {
    const bearer = readFileSync(join(home, 'issuer', 'operator.token'), 'utf8').trim();
    const { body } = await call(`http://127.0.0.1:${bankPort}/v1/ledger/trial-balance`, { bearer });
    const { currencies } = body as unknown as TrialBalance;
    return currencies.flatMap((each) => each.accounts).reduce((sum, at) => sum + at.held_minor, 0);
  };
  try {
    const number = String((await ask('shop', 'vouchers', wish(Date.now()))).body.number);
    await ask('fund', `vouchers/${number}/agree`, {});
    await ask('shop', `vouchers/${number}/request-issue`, {});
    await ask('fund', `vouchers/${number}/name-account`, WANG);
    wire.next('/v1/issuer/authorisations', 'lose_answer', 'time_out');
    const key = freshKey();
    const path = `vouchers/${number}/confirm-account`;
    const lost = ask('shop', path, {}, key).catch(() => null);
    await until('the hold', async () => (await held()) === 20_000);
    await fund.end('SIGKILL');
    await lost;
    wire.hangUp();
    fund = await start('fund-server', fundPort, '--peer', `issuer=${wire.url}`);
    await until('issued', async () => (await ask('shop', path, {}, key)).body.state === 'issued');
    assert.equal(await held(), 20_000);
    const redeemed = await ask('chen', `vouchers/${number}/redeem`, {
      ...{ amount_minor: 20_000, currency: 'CNY' },
    });
    assert.equal(redeemed.body.state, 'redeemed');
    assert.equal(await held(), 0);
  } finally {
    const ended = await Promise.all([fund.end('SIGTERM'), bank.end('SIGTERM')]);
    await wire.close();
    rmSync(home, { recursive: true, force: true });
    assert.deepEqual(ended, [0, 0]);
  }
});
