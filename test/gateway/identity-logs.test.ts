/** A sale with everything that goes wrong on the way: no log and no address holds a person's number. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { until } from '#test/until.ts';
import {
  ALSO_RICH,
  BLOCKED,
  bearerFor,
  call,
  enrol,
  freshKey,
  makeOrder,
  POOR,
  pay,
  RICH,
  SEED,
  Terminal,
} from './harness.ts';
import { MAIN } from './process.ts';

const HOLDER = { name: 'Wang Fang', identity_number: '310101199001011234' };
const PAYERS = [RICH, ALSO_RICH, POOR, BLOCKED];

describe('what is logged', () => {
  const home = mkdtempSync(join(tmpdir(), 'hawker-logs-'));
  const said: string[] = [];
  let http = '';
  let end: () => Promise<void> = async () => undefined;

  before(async () => {
    const [first, ...others] = SEED.payers;
    const seed = { ...SEED, payers: [{ ...first, holder: HOLDER }, ...others] };
    writeFileSync(join(home, 'seed.json'), JSON.stringify(seed));
    const flags = ['--http', '127.0.0.1:0', '--plain-mqtt', '127.0.0.1:0'];
    const child = spawn(
      process.execPath,
      [MAIN, '--data', join(home, 'data'), '--seed', join(home, 'seed.json'), ...flags],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => said.push(line));
    }
    end = () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.kill('SIGTERM');
      });
    const ready = await until('ready', () => said.find((line) => line.includes('"ready"')), 15_000);
    http = String(JSON.parse(ready).http);
  });
  after(async () => {
    await end();
    rmSync(home, { recursive: true, force: true });
  });

  test('names nobody: not on a sale, nor on any refusal', async () => {
    const terminal = await Terminal.connect(await enrol(http));
    const seen: string[] = [];
    for (const payer of PAYERS) {
      const order = await terminal.offer(makeOrder(terminal.identity));
      const bearer = await bearerFor(http, terminal, order);
      await pay(http, order.number, bearer, { ...payer, pin: '000000' });
      await pay(http, order.number, bearer, payer);
      const view = await call(`${http}/v1/orders/${order.number}`, { bearer });
      seen.push(JSON.stringify(view.body));
    }
    const order = await terminal.offer(makeOrder(terminal.identity));
    const bearer = await bearerFor(http, terminal, order);
    const url = `${http}/v1/orders/${order.number}/payments`;
    for (const body of [
      { phone: RICH.phone, pin: 1 },
      { phone: RICH.phone, pin: RICH.pin, identity_number: HOLDER.identity_number },
      { [RICH.phone]: HOLDER.identity_number },
    ]) {
      await call(url, { body, bearer, key: freshKey() });
    }
    await terminal.client.publishAsync('hawker/1/t-0001/up', `{"phone":"${RICH.phone}"}`, {
      qos: 1,
    });
    await terminal.client.publishAsync(
      'hawker/1/t-0001/up',
      terminal.seal({ kind: 'order', order: { ...order, payer: RICH.phone } }),
      { qos: 1 },
    );
    await until('a refusal in the log', () => said.some((line) => line.includes('refused')));
    await terminal.close();
    const secrets = [
      ...PAYERS.flatMap(({ phone }) => [phone, phone.slice(3), encodeURIComponent(phone)]),
      HOLDER.identity_number,
      HOLDER.name,
    ];
    const all = [...said, ...seen].join('\n');
    for (const secret of secrets) assert.ok(!all.includes(secret), `${secret} in ${all}`);
    assert.ok(said.length > 2);
  });
});
