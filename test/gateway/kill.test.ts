import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Order } from '#device/messages/order.ts';
import { uplinkTopic } from '#device/messages/topics.ts';
import { freePort } from '#simulators/free-port.ts';
import {
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
import { type GatewayProcess, spawnGateway } from './process.ts';

describe('a gateway that is killed at any moment', () => {
  let data: string;
  let gateway: GatewayProcess;
  let terminal: Terminal;
  let args: string[];
  const paid: Order[] = [];

  const restart = async (): Promise<void> => {
    await gateway.end('SIGKILL');
    gateway = await spawnGateway(args);
  };
  /** As a terminal does: again and again until there is a receipt. */
  const deliver = async (order: Order): Promise<void> => {
    const received = terminal.receipt(order.number);
    let done = false;
    void received.then(
      () => {
        done = true;
      },
      () => undefined,
    );
    while (!done) {
      await Promise.race([terminal.say({ kind: 'order', order }).catch(() => undefined), received]);
      await Promise.race([received, new Promise((resolve) => setTimeout(resolve, 50))]);
    }
    await received;
  };

  before(async () => {
    data = mkdtempSync(join(tmpdir(), 'hawker-kill-'));
    const seed = join(data, 'seed.json');
    writeFileSync(seed, JSON.stringify(SEED));
    const [http, mqtt] = [await freePort(), await freePort()];
    args = ['--data', join(data, 'store'), '--seed', seed];
    args.push('--http', `127.0.0.1:${http}`, '--plain-mqtt', `127.0.0.1:${mqtt}`);
    gateway = await spawnGateway(args);
    terminal = await Terminal.connect(await enrol(gateway.http));
  });
  after(async () => {
    await terminal.close();
    assert.equal(await gateway.end('SIGTERM'), 0);
    rmSync(data, { recursive: true, force: true });
  });

  test('while an order is on its way', async () => {
    const order = makeOrder(terminal.identity);
    terminal.client.publish(uplinkTopic('t-0001'), terminal.seal({ kind: 'order', order }), {
      qos: 1,
    });
    await restart();
    await deliver(order);
    const bearer = await bearerFor(gateway.http, terminal, order);
    assert.equal((await pay(gateway.http, order.number, bearer, RICH)).status, 201);
    assert.equal((await terminal.result(order.number)).outcome, 'paid');
    paid.push(order);
  });

  test('between receipt and payment, and while the payment is made', async () => {
    const order = await terminal.offer(makeOrder(terminal.identity));
    await restart();
    const bearer = await bearerFor(gateway.http, terminal, order);
    const key = freshKey();
    const lost = pay(gateway.http, order.number, bearer, RICH, key).catch(() => 'lost');
    // The PIN takes a while to check: somewhere in there.
    await call(`${gateway.http}/v1/health`);
    await restart();
    await lost;
    const again = await pay(gateway.http, order.number, bearer, RICH, key);
    assert.equal(again.body.outcome, 'paid');
    const once = await pay(gateway.http, order.number, bearer, RICH, key);
    assert.equal(once.headers.get('idempotency-replayed'), 'true');
    assert.equal(once.body.payment, again.body.payment);
    assert.equal((await terminal.result(order.number)).payment, again.body.payment);
    paid.push(order);
  });

  test('after the payment was committed and before the terminal had the result', async () => {
    const order = await terminal.offer(makeOrder(terminal.identity));
    const bearer = await bearerFor(gateway.http, terminal, order);
    await terminal.close();
    const answer = await pay(gateway.http, order.number, bearer, RICH);
    await restart();
    terminal = await Terminal.connect(terminal.identity);
    const result = await terminal.result(order.number);
    assert.equal(result.payment, answer.body.payment);
    paid.push(order);
  });

  test('loses, doubles and invents nothing', async () => {
    await restart();
    const token = readFileSync(join(data, 'store', 'operator.token'), 'utf8').trim();
    const balance = await call(`${gateway.http}/v1/ledger/trial-balance`, { bearer: token });
    assert.equal(balance.body.balanced, true);
    const [cny] = balance.body.currencies as {
      accounts: { account: string; balance_minor: number }[];
    }[];
    const lin = cny?.accounts.find(({ account }) => account === 'acquirer:merchant:lin:CNY');
    assert.equal(lin?.balance_minor, paid.length * 1250);
    for (const order of paid) {
      const { body } = await call(`${gateway.http}/v1/orders/${order.number}/trail`, {
        bearer: token,
      });
      const moved = (body.transfers as { kind: string }[]).map(({ kind }) => kind);
      assert.deepEqual(moved, ['debit', 'payment']);
      const kinds = (body.events as { kind: string }[]).map(({ kind }) => kind);
      assert.equal(kinds.filter((kind) => kind === 'recorded').length, 1);
      assert.equal(kinds.filter((kind) => kind === 'paid').length, 1);
    }
  });
});
