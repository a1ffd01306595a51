/** Parties' own systems over the peer door: by certificate and signature, and nobody else's by it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createGateway, type Gateway, type GatewayOptions } from '#gateway/gateway.ts';
import { enrolRemotely } from '#gateway/identity/remote.ts';
import type { Role } from '#gateway/roles.ts';
import type { Seed } from '#gateway/seed.ts';
import { freePort } from '#simulators/free-port.ts';
import { until } from '#test/until.ts';
import { type Asking, askSigned } from './certificate-caller.ts';
import { openConstellation, sharePeerSecrets } from './constellation.ts';
import { call, freshKey, SEED, stretchLittle } from './harness.ts';
import { type Credentials, granted, operate } from './identity-bench.ts';
import { VOUCHER_SEED, WANG, wish } from './voucher-stand.ts';

const PARTY_SEED: Seed = { ...SEED, payers: VOUCHER_SEED.payers, parties: VOUCHER_SEED.parties };

/** Who certifies, and whom the parties call. */
interface House {
  readonly centre: Gateway;
  readonly funds: Gateway;
  close(): Promise<void>;
}

async function openTogether(): Promise<House> {
  const peerDoor = { host: '127.0.0.1', port: await freePort() };
  const own = { 'fund-server': { peerDoor } };
  const { centre, close } = await openConstellation('together', { seed: PARTY_SEED }, own);
  return { centre, funds: centre, close };
}

/** The fund server is a process of its own (`--role fund-server`), with the centre's certificate. */
async function openApart(): Promise<House> {
  const home = mkdtempSync(join(tmpdir(), 'hawker-parties-'));
  sharePeerSecrets(home);
  const host = '127.0.0.1';
  const [http, issuerDoor, fundDoor] = [await freePort(), await freePort(), await freePort()];
  const authority = `http://${host}:${http}`;
  const options = (role: Role, port: number): GatewayOptions => ({
    ...{ dataDirectory: join(home, role), role, seed: PARTY_SEED, authority },
    http: { host, port: role === 'order-centre' ? http : 0 },
    broker: { kind: 'embedded', host, port: 0, plain: true },
    ...(port === 0 ? {} : { peerDoor: { host, port } }),
    ...{ stretch: stretchLittle, log: () => undefined },
  });
  const centre = await createGateway({
    ...options('order-centre', 0),
    peers: new Map([['acquirer', `https://${host}:1`]]),
  });
  for (const subject of ['issuer', 'fund-server'] as const) {
    const holder = { kind: 'role', subject } as const;
    const { body } = await operate(centre, 'codes', { ...holder, names: [host] });
    await enrolRemotely(join(home, subject), holder, authority, String(body.code));
  }
  const issuer = await createGateway(options('issuer', issuerDoor));
  const funds = await createGateway({
    ...options('fund-server', fundDoor),
    peers: new Map([['issuer', `https://${host}:${issuerDoor}`]]),
  });
  return {
    ...{ centre, funds },
    async close() {
      for (const each of [funds, issuer, centre]) await each.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

for (const kind of ['together', 'apart'] as const)
  describe(`a party’s own system, the fund server ${kind}`, () => {
    let house: House;
    let door: string;
    const keys = new Map<string, Credentials>();

    before(async () => {
      house = await (kind === 'together' ? openTogether() : openApart());
      door = house.funds.peerDoor ?? '';
      for (const subject of ['shop', 'fund', 'chen', 'ghost']) {
        keys.set(subject, await granted(house.centre, { kind: 'party', subject }));
      }
      keys.set('lin', await granted(house.centre, { kind: 'merchant', subject: 'lin' }));
    });
    after(() => house.close());

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
      if (kind === 'together') {
        const path = '/v1/merchant/payments';
        const merchants = await askSigned(door, 'shop', credentialsOf('shop'), path);
        assert.equal(merchants.body.code, 'certificate_refused');
      }
      const signed = await call(`${house.funds.http}/v1/funds/vouchers`, {});
      assert.equal(signed.body.code, 'party_refused');
    });

    test('put out, it is out, and the others are not', async () => {
      await operate(house.centre, 'revocations', { kind: 'party', subject: 'chen' });
      // Apart, the fund server asks for the list by and by.
      await until(
        'the refusal',
        () =>
          ask('chen', 'vouchers').then(
            ({ body }) => body.code === 'certificate_refused',
            () => true,
          ),
        40_000,
      );
      assert.equal((await ask('shop', 'vouchers')).status, 200);
    });
  });
