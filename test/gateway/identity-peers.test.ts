/** Organisations and merchants over mutual TLS: who is let in, and who is not. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { systemChance } from '#gateway/clock.ts';
import { createGateway, type Gateway, type GatewayOptions } from '#gateway/gateway.ts';
import { loadAuthority, readRequest } from '#gateway/identity/authority.ts';
import { runCommand } from '#gateway/identity/command.ts';
import { enrolRemotely } from '#gateway/identity/remote.ts';
import type { Trust } from '#gateway/identity/trust.ts';
import { makeRequest } from '#gateway/identity/x509.ts';
import { httpPeer } from '#gateway/peers/http-client.ts';
import { directionKey, loadPeerSecret } from '#gateway/peers/keys.ts';
import { signMessage } from '#gateway/peers/message-signature.ts';
import type { Role } from '#gateway/roles.ts';
import { freePort } from '#simulators/free-port.ts';
import { until } from '#test/until.ts';
import { sharePeerSecrets } from './constellation.ts';
import { bearerFor, enrol, makeOrder, pay, RICH, SEED, shiftedClock, Terminal } from './harness.ts';
import { type Credentials, granted, operate } from './identity-bench.ts';

const HOST = '127.0.0.1';
const DAY_MS = 86_400_000;

describe('organisations over mutual TLS', () => {
  const home = mkdtempSync(join(tmpdir(), 'hawker-mutual-'));
  const clock = shiftedClock();
  const logged: string[] = [];
  let centre: Gateway;
  let acquirer: Gateway;
  let issuer: Gateway;

  before(async () => {
    sharePeerSecrets(home);
    const [centreHttp, centreDoor, acquirerDoor, issuerDoor] = await Promise.all([
      freePort(),
      freePort(),
      freePort(),
      freePort(),
    ]);
    const authority = `http://${HOST}:${centreHttp}`;
    const options = (role: Role, port: number): GatewayOptions => ({
      ...{ dataDirectory: join(home, role), role, seed: SEED, clock, authority },
      http: { host: HOST, port: role === 'order-centre' ? centreHttp : 0 },
      broker: { kind: 'embedded', host: HOST, port: 0, plain: true },
      peerDoor: { host: HOST, port },
      log: ({ says }) => logged.push(says),
    });
    const urls = (...peers: (readonly [Role, number])[]) => ({
      peers: new Map(peers.map(([role, port]) => [role, `https://${HOST}:${port}`] as const)),
    });
    centre = await createGateway({
      ...options('order-centre', centreDoor),
      ...urls(['acquirer', acquirerDoor]),
    });
    for (const role of ['acquirer', 'issuer'] as const) {
      const { body } = await operate(centre, 'codes', {
        kind: 'role',
        subject: role,
        names: [HOST],
      });
      const holder = { kind: 'role', subject: role } as const;
      await enrolRemotely(join(home, role), holder, authority, String(body.code));
    }
    issuer = await createGateway({ ...options('issuer', issuerDoor), ...urls() });
    acquirer = await createGateway({
      ...options('acquirer', acquirerDoor),
      ...urls(['issuer', issuerDoor], ['order-centre', centreDoor]),
    });
  });
  after(async () => {
    for (const each of [centre, acquirer, issuer]) await each?.close();
    rmSync(home, { recursive: true, force: true });
  });

  const own = (role: Role): Credentials => {
    const read = (name: string): string =>
      readFileSync(join(home, role, 'certificates', name), 'utf8');
    return { key: read('role.key.pem'), cert: read('role.pem'), ca: read('authority.pem') };
  };

  /** Asks the issuer for what it knows of a payment, signed by the acquirer. */
  function ask(credentials: Partial<Credentials>, url = issuer.peerDoor) {
    const path = '/v1/issuer/requests/PAY-1';
    const key = directionKey(
      loadPeerSecret(join(home, 'acquirer'), 'issuer'),
      'acquirer',
      'issuer',
    );
    const headers = signMessage({ method: 'GET', path }, 'acquirer', key, clock.now());
    const { ca } = own('acquirer');
    return new Promise<{ status: number; body: Record<string, unknown> }>((resolve, reject) => {
      const call = request(
        `${url}${path}`,
        { ca, ...credentials, headers, agent: false },
        async (response) => {
          const parts: Buffer[] = [];
          for await (const part of response) parts.push(part as Buffer);
          const body = JSON.parse(Buffer.concat(parts).toString('utf8'));
          resolve({ status: response.statusCode ?? 0, body });
        },
      );
      call.on('error', reject);
      call.end();
    });
  }

  test('carry a whole sale, and the result comes back', async () => {
    const terminal = await Terminal.connect(await enrol(centre.http));
    const order = await terminal.offer(makeOrder(terminal.identity));
    const bearer = await bearerFor(centre.http, terminal, order);
    const paid = await pay(centre.http, order.number, bearer, RICH);
    assert.equal(paid.body.outcome, 'paid', logged.join('\n'));
    assert.equal((await terminal.result(order.number)).outcome, 'paid');
    await terminal.close();
  });

  test('the right role is let in', async () => {
    const { status } = await ask(own('acquirer'));
    assert.notEqual(status, 401);
  });

  test('no certificate, a foreign one, an expired one: a TLS alert', async () => {
    const alert = /alert|ECONNRESET|hang up|EPIPE/i;
    await assert.rejects(ask({}), alert);
    const directory = mkdtempSync(join(tmpdir(), 'hawker-foreign-'));
    const holder = { kind: 'role', subject: 'acquirer' } as const;
    const { key, request: csr } = await makeRequest('acquirer');
    const publicKey = (await readRequest(csr)) ?? new Uint8Array();
    const foreign = await loadAuthority(directory, { clock, chance: systemChance });
    const { pem } = await foreign.issue(holder, [HOST], publicKey);
    await assert.rejects(ask({ key, cert: pem }), alert);
    rmSync(directory, { recursive: true, force: true });
    const past = { now: () => Date.now() - 200 * DAY_MS };
    const ours = await loadAuthority(join(home, 'order-centre'), {
      clock: past,
      chance: systemChance,
    });
    const expired = await ours.issue(holder, [HOST], publicKey);
    await assert.rejects(ask({ key, cert: expired.pem }), alert);
  });

  test('another role, a merchant, or a terminal is refused with the documented problem', async () => {
    const merchant = await granted(centre, { kind: 'merchant', subject: 'lin' });
    for (const credentials of [own('issuer'), merchant]) {
      const { status, body } = await ask(credentials);
      assert.deepEqual([status, body.code, body.why], [401, 'certificate_refused', 'wrong_role']);
    }
  });

  test('without TLS a signature is not enough where there is a peer door', async () => {
    const path = '/v1/issuer/requests/PAY-1';
    const key = directionKey(
      loadPeerSecret(join(home, 'acquirer'), 'issuer'),
      'acquirer',
      'issuer',
    );
    const headers = signMessage({ method: 'GET', path }, 'acquirer', key, clock.now());
    const response = await fetch(`${issuer.http}${path}`, { headers });
    const body = (await response.json()) as { code: string; why: string };
    assert.deepEqual([body.code, body.why], ['certificate_refused', 'missing']);
  });

  test('who calls looks at whom it reached', async () => {
    const current = own('acquirer');
    const reach = (ca: string) => {
      const none = () => () => undefined;
      const trust: Trust = { certificate: ca, standing: () => 'good', listen: none };
      const who = {
        own: { current: () => ({ ...current, ca }), listen: none, close: none },
        trust,
      };
      const peer = httpPeer({
        ...{ self: 'acquirer', peer: 'issuer', url: String(centre.peerDoor), clock },
        secret: loadPeerSecret(join(home, 'acquirer'), 'issuer'),
        identity: () => who,
      });
      const answer = peer.call({ method: 'GET', path: '/v1/issuer/requests/PAY-1' });
      return answer.finally(() => peer.close());
    };
    await assert.rejects(reach(current.ca), /is role:order-centre, not role:issuer/);
    await assert.rejects(reach(current.cert), /unable to|self-signed/);
  });

  test('no call leaves this machine without TLS', async () => {
    const port = new URL(String(issuer.peerDoor)).port;
    await assert.rejects(
      createGateway({
        ...{ dataDirectory: join(home, 'acquirer-2'), role: 'acquirer', seed: SEED },
        http: { host: HOST, port: 0 },
        broker: { kind: 'embedded', host: HOST, port: 0, plain: true },
        peers: new Map<Role, string>([
          ['issuer', `http://192.0.2.1:${port}`],
          ['order-centre', centre.http],
        ]),
      }),
      /leaves this machine/,
    );
  });

  test('a revoked role is out within a minute, by the list that it asks for', async () => {
    const credentials = own('acquirer');
    const began = performance.now();
    const data = join(home, 'order-centre');
    const args = ['--data', data, '--gateway', centre.http, '--role', 'acquirer'];
    assert.equal(await runCommand('revoke', args), 0);
    const refused = await until(
      'the refusal',
      async () => {
        const { status, body } = await ask(credentials);
        return status === 401 ? body : undefined;
      },
      40_000,
    );
    assert.deepEqual([refused.code, refused.why], ['certificate_refused', 'revoked']);
    assert.ok(performance.now() - began < 60_000);
  });
});
