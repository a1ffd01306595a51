/** Parties' own systems over the peer door: by certificate and signature, and nobody else's by it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Seed } from '#gateway/seed.ts';
import { type Asking, askSigned } from './certificate-caller.ts';
import { type Constellation, openConstellation } from './constellation.ts';
import { call, freePort, freshKey, SEED } from './harness.ts';
import { type Credentials, granted, operate } from './identity-bench.ts';
import { VOUCHER_SEED, WANG, wish } from './voucher-stand.ts';

const PARTY_SEED: Seed = { ...SEED, payers: VOUCHER_SEED.payers, parties: VOUCHER_SEED.parties };

describe('a party’s own system', () => {
  let all: Constellation;
  let door: string;
  const keys = new Map<string, Credentials>();

  before(async () => {
    const peerDoor = { host: '127.0.0.1', port: await freePort() };
    all = await openConstellation(
      'together',
      { seed: PARTY_SEED },
      { 'fund-server': { peerDoor } },
    );
    door = all.centre.peerDoor ?? '';
    for (const subject of ['shop', 'fund', 'chen', 'ghost']) {
      keys.set(subject, await granted(all.centre, { kind: 'party', subject }));
    }
    keys.set('lin', await granted(all.centre, { kind: 'merchant', subject: 'lin' }));
  });
  after(() => all.close());

  const credentialsOf = (who: string): Credentials => {
    const credentials = keys.get(who);
    if (credentials === undefined) throw new Error(`${who} has no certificate`);
    return credentials;
  };
  const ask = (who: string, path: string, asking: Asking = {}) =>
    askSigned(door, who, credentialsOf(who), `/v1/funds/${path}`, asking);
  const act = (who: string, number: unknown, action: string, body: unknown = {}) =>
    ask(who, `vouchers/${String(number)}/${action}`, { body, key: freshKey() });

  test('takes a voucher from asking to redeeming, without any token', async () => {
    const key = freshKey();
    const body = wish(Date.now());
    const made = await ask('shop', 'vouchers', { body, key });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    assert.deepEqual(await ask('shop', 'vouchers', { body, key }), made);
    const { number } = made.body;
    assert.equal((await act('chen', number, 'agree')).body.code, 'wrong_party');
    await act('fund', number, 'agree');
    await act('shop', number, 'request-issue');
    await act('fund', number, 'name-account', WANG);
    assert.equal((await act('shop', number, 'confirm-account')).body.state, 'issued');
    const part = { amount_minor: 500, currency: 'CNY' };
    assert.equal((await act('chen', number, 'redeem', part)).body.redeemed_minor, 500);
    const listed = await ask('chen', 'vouchers', { query: '?before=9007199254740991' });
    assert.equal((listed.body.vouchers as unknown[]).length, 1);
  });

  test('nobody else’s certificate, key, bytes or token is taken there', async () => {
    const why = async (who: string, asking: Asking = {}) => {
      const { status, body } = await ask(who, 'vouchers', asking);
      return [status, body.code, body.why];
    };
    const { key } = credentialsOf('chen');
    assert.deepEqual(await why('shop', { signer: { id: 'shop', key } }), [
      ...[401, 'peer_refused', 'wrong'],
    ]);
    assert.deepEqual(await why('shop', { signer: { id: 'chen', key } }), [
      ...[401, 'peer_refused', 'unknown_key'],
    ]);
    const asked = { body: wish(Date.now()), key: freshKey() };
    assert.deepEqual(await why('shop', { ...asked, sent: '{}' }), [401, 'peer_refused', 'wrong']);
    const authorization = 'Bearer token-of-party-shop';
    assert.deepEqual(await why('lin', { change: { authorization } }), [
      ...[401, 'certificate_refused', 'wrong_role'],
    ]);
    assert.deepEqual(await why('ghost'), [401, 'party_refused', undefined]);
    const merchants = await askSigned(door, 'shop', credentialsOf('shop'), '/v1/merchant/payments');
    assert.equal(merchants.body.code, 'certificate_refused');
    const signed = await call(`${all.http}/v1/funds/vouchers`, {});
    assert.equal(signed.body.code, 'party_refused');
  });

  test('put out, it is out at once', async () => {
    await operate(all.centre, 'revocations', { kind: 'party', subject: 'chen' });
    await assert.rejects(async () => {
      const { body } = await ask('chen', 'vouchers');
      if (body.code === 'certificate_refused') throw new Error('refused');
    });
    assert.equal((await ask('shop', 'vouchers')).status, 200);
  });
});
