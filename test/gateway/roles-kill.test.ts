/** Each organisation a process of its own, killed between a question and its answer. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Order } from '#device/messages/order.ts';
import type { TrialBalance } from '#gateway/ledger/trial-balance.ts';
import type { Role } from '#gateway/roles.ts';
import { freePort } from '#simulators/free-port.ts';
import { until } from '#test/until.ts';
import { sharePeerSecrets } from './constellation.ts';
import {
  type Answer,
  bearerFor,
  call,
  enrol,
  freshKey,
  makeOrder,
  pay,
  RICH,
  SEED,
  Terminal,
} from './harness.ts';
import { openProxy, type PeerProxy } from './peer-proxy.ts';
import { type GatewayProcess, runGateway, spawnGateway } from './process.ts';

describe('organisations that are killed between question and answer', () => {
  let home: string;
  let toIssuer: PeerProxy;
  let toAcquirer: PeerProxy;
  let terminal: Terminal;
  const ports = new Map<Role, number>();
  const running = new Map<Role, GatewayProcess>();
  const urlOf = (role: Role) => `http://127.0.0.1:${ports.get(role)}`;
  const dataOf = (role: Role) => join(home, role);

  const start = async (role: Role): Promise<void> => {
    const args = ['--data', dataOf(role), '--http', `127.0.0.1:${ports.get(role)}`];
    args.push('--role', role, '--seed', join(home, 'seed.json'));
    if (role === 'acquirer') {
      args.push(
        '--peer',
        `issuer=${toIssuer.url}`,
        '--peer',
        `order-centre=${urlOf('order-centre')}`,
      );
    }
    if (role === 'order-centre') {
      args.push('--peer', `acquirer=${toAcquirer.url}`, '--plain-mqtt', `127.0.0.1:${mqttPort}`);
    }
    running.set(role, await spawnGateway(args));
  };
  const kill = async (role: Role): Promise<void> => {
    await running.get(role)?.end('SIGKILL');
    running.delete(role);
  };
  let mqttPort = 0;

  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'hawker-roles-'));
    sharePeerSecrets(home);
    writeFileSync(join(home, 'seed.json'), JSON.stringify(SEED));
    for (const role of ['issuer', 'acquirer', 'order-centre'] as const) {
      ports.set(role, await freePort());
    }
    mqttPort = await freePort();
    toIssuer = await openProxy(() => urlOf('issuer'));
    toAcquirer = await openProxy(() => urlOf('acquirer'));
    await Promise.all([start('issuer'), start('acquirer'), start('order-centre')]);
    terminal = await Terminal.connect(await enrol(urlOf('order-centre')));
  });
  after(async () => {
    await terminal.close();
    const ended = await Promise.all([...running.values()].map((each) => each.end('SIGTERM')));
    await toIssuer.close();
    await toAcquirer.close();
    rmSync(home, { recursive: true, force: true });
    assert.deepEqual(ended, [0, 0, 0]);
  });

  const book = async (role: Role): Promise<TrialBalance> => {
    const bearer = readFileSync(join(dataOf(role), 'operator.token'), 'utf8').trim();
    const { body } = await call(`${urlOf(role)}/v1/ledger/trial-balance`, { bearer });
    return body as unknown as TrialBalance;
  };
  const sum = async (role: Role, account: RegExp): Promise<number> =>
    (await book(role)).currencies
      .flatMap(({ accounts }) => accounts)
      .filter((each) => account.test(each.account))
      .reduce((total, { balance_minor }) => total + balance_minor, 0);
  const insist = (order: Order, bearer: string, key: string): Promise<Answer> =>
    until(
      'an answer',
      async () => {
        const answer = await pay(urlOf('order-centre'), order.number, bearer, RICH, key).catch(
          () => null,
        );
        return answer === null || answer.body.code === 'payment_in_flight' ? null : answer;
      },
      20_000,
    );

  for (const victim of ['acquirer', 'order-centre', 'issuer'] as const) {
    test(`the ${victim}: paid once, and both sides are told the same`, async () => {
      const order = await terminal.offer(makeOrder(terminal.identity));
      const bearer = await bearerFor(urlOf('order-centre'), terminal, order);
      const payers = await sum('issuer', /^issuer:payer:/);
      const takings = await sum('acquirer', /^acquirer:merchant:lin:/);
      const [wire, path] =
        victim === 'order-centre'
          ? ([toAcquirer, '/v1/acquirer/payments'] as const)
          : ([toIssuer, '/v1/issuer/debits'] as const);
      wire.next(path, 'lose_answer', 'time_out');
      const key = freshKey();
      const lost = pay(urlOf('order-centre'), order.number, bearer, RICH, key).catch(() => null);
      await until('the debit', async () => (await sum('issuer', /^issuer:payer:/)) < payers);
      await kill(victim);
      await start(victim);
      wire.hangUp();
      if (victim === 'order-centre') await lost;
      const answer = await insist(order, bearer, key);
      assert.equal(answer.body.outcome, 'paid', JSON.stringify(answer.body));
      const result = await terminal.result(order.number);
      assert.equal(result.payment, answer.body.payment);
      assert.equal(payers - (await sum('issuer', /^issuer:payer:/)), 1250);
      assert.equal((await sum('acquirer', /^acquirer:merchant:lin:/)) - takings, 1250);
      for (const role of ['issuer', 'acquirer'] as const) {
        assert.deepEqual((await book(role)).complaints, []);
      }
    });
  }

  test('a role that lacks a peer or its secret says so', async () => {
    const data = join(home, 'nowhere');
    const args = ['--data', data, '--http', '127.0.0.1:0', '--role', 'acquirer'];
    const alone = await runGateway(args);
    assert.match(alone.said, /--role acquirer needs --peer issuer=URL/);
    args.push('--peer', `issuer=${toIssuer.url}`, '--peer', `order-centre=${toIssuer.url}`);
    const strange = await runGateway(args);
    assert.match(strange.said, /peers\/issuer\.key can't be read: put the same 32 random bytes/);
    const unknown = await runGateway(['--data', data, '--role', 'bank']);
    assert.match(unknown.said, /^--role: bank is none; name order-centre, acquirer, issuer/);
  });
});
