/** The settlement as a process of its own, killed around a load and around a card's payment. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { systemChance } from '#gateway/clock.ts';
import type { Role } from '#gateway/roles.ts';
import { Card } from '#simulators/card/card.ts';
import { freePort } from '#simulators/free-port.ts';
import { repeatable } from '#test/card/bench.ts';
import { until } from '#test/until.ts';
import { holdCard } from './card-terminal.ts';
import { sharePeerSecrets } from './constellation.ts';
import { call, enrol, freshKey, makeOrder, SEED, Terminal } from './harness.ts';
import { openProxy, type PeerProxy } from './peer-proxy.ts';
import { type GatewayProcess, spawnGateway } from './process.ts';
import { tapCard } from './settlement-stand.ts';

describe('a settlement that is killed', () => {
  let home: string;
  let wire: PeerProxy;
  let terminal: Terminal;
  const ports = new Map<string, number>();
  const running = new Map<Role, GatewayProcess>();
  const urlOf = (role: Role) => `http://127.0.0.1:${ports.get(role)}`;

  const start = async (role: 'settlement' | 'order-centre'): Promise<void> => {
    const args = ['--role', role, '--data', join(home, role), '--seed', join(home, 'seed.json')];
    args.push('--http', `127.0.0.1:${ports.get(role)}`);
    if (role === 'settlement') args.push('--peer', `order-centre=${urlOf('order-centre')}`);
    else {
      args.push(
        '--peer',
        `settlement=${wire.url}`,
        '--plain-mqtt',
        `127.0.0.1:${ports.get('mqtt')}`,
      );
      // Nobody is there: cards need no acquirer.
      args.push('--peer', `acquirer=${urlOf('acquirer')}`);
    }
    running.set(role, await spawnGateway(args));
  };
  const killAndStart = async (): Promise<void> => {
    await running.get('settlement')?.end('SIGKILL');
    await start('settlement');
  };

  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'hawker-settlement-'));
    sharePeerSecrets(home);
    writeFileSync(join(home, 'seed.json'), JSON.stringify(SEED));
    for (const name of ['settlement', 'order-centre', 'acquirer', 'mqtt']) {
      ports.set(name, await freePort());
    }
    wire = await openProxy(() => urlOf('settlement'));
    await Promise.all([start('settlement'), start('order-centre')]);
    terminal = await Terminal.connect(await enrol(urlOf('order-centre')));
  });
  after(async () => {
    await terminal.close();
    const ended = await Promise.all([...running.values()].map((each) => each.end('SIGTERM')));
    await wire.close();
    rmSync(home, { recursive: true, force: true });
    assert.deepEqual(ended, [0, 0]);
  });

  const settle = (path: string, body?: object) => {
    const bearer = readFileSync(join(home, 'settlement', 'operator.token'), 'utf8').trim();
    const sent = body === undefined ? {} : { body, key: freshKey() };
    return call(`${urlOf('settlement')}/v1/settlement/${path}`, { bearer, ...sent });
  };
  const held = async (id: string) => (await settle(`cards/${id}`)).body.balance_minor;
  let uids = 60;
  async function made(): Promise<{ id: string; card: Card }> {
    const { body } = await settle('cards', { currency: 'CNY' });
    uids += 1;
    const uid = Uint8Array.of(0x04, 9, 9, 9, 9, 8, uids);
    const card = new Card({ uid, chance: repeatable(uids) });
    assert.equal((await holdCard(terminal, card, 'personalise')).said, 'done');
    return { id: String(body.card), card };
  }
  /** Until the card has nothing more to come. */
  const settled = (card: Card) =>
    until('a card that is due nothing', async () => {
      const end = await holdCard(terminal, card, 'inspect');
      return end.said === 'nothing_due' ? end : undefined;
    });

  // Its second step reads what it will change, its third commits.
  for (const step of [2, 3]) {
    test(`after the card’s answers to step ${step} of a load: it is put on once`, async () => {
      const { id, card } = await made();
      const load = await settle(`cards/${id}/loads`, { amount_minor: 5000 });
      await holdCard(terminal, card, 'load', async (at) => {
        if (at === step) await killAndStart();
      });
      const end = await settled(card);
      assert.equal(end.balance_minor, 5000);
      assert.equal(await held(id), 5000);
      assert.equal((await settle(`jobs/${load.body.id}`)).body.state, 'done');
      assert.equal((await settle('reconciliation')).body.clean, true);
    });
  }

  test('with a payment that it has and has not answered: posted once, and the order is paid', async () => {
    const { id, card } = await made();
    await settle(`cards/${id}/loads`, { amount_minor: 5000 });
    await holdCard(terminal, card, 'load');
    const order = makeOrder(terminal.identity);
    const moment = { tear: null, at: Date.now(), rndA: systemChance.bytes(16) };
    const wish = { amount_minor: order.amount_minor, order: order.number, ...moment };
    const tapped = await tapCard(terminal.identity, card, wish);
    assert.ok(tapped.did === 'paid');
    await terminal.offer(order);
    const { length } = wire.seen;
    wire.next('card-messages', 'lose_answer');
    const { payment } = tapped;
    await terminal.say({ kind: 'card_payment', payment });
    await until('the question', () =>
      wire.seen.slice(length).some((each) => each.includes('card-messages')),
    );
    await killAndStart();
    const receipt = await until('the receipt', async () => {
      await terminal.say({ kind: 'card_payment', payment });
      return terminal.heard.find(
        (each) => each.kind === 'card_receipt' && each.receipt.order === order.number,
      );
    });
    assert.ok(receipt.kind === 'card_receipt' && receipt.receipt.said !== 'refused');
    assert.equal((await terminal.result(order.number)).outcome, 'paid');
    assert.equal(await held(id), 5000 - order.amount_minor);
    assert.equal((await settle('reconciliation')).body.clean, true);
  });
});
