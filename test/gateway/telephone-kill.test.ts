import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { SmsProvider } from '#simulators/notify/sms.ts';
import { until } from '#test/until.ts';
import { AGENT, change, LinkDesk, look, place, SECRET } from './centre-bench.ts';
import { type Answer, call, freshKey } from './harness.ts';

const PROGRAM = join(import.meta.dirname, 'centre-program.ts');

/** The acquirer's end of HTTP; while it is silent it does what it is asked and answers nothing. */
class Acquirer {
  readonly desk = new LinkDesk();
  readonly asked: string[] = [];
  silent = false;
  readonly #server: Server;
  readonly #held: ServerResponse[] = [];

  constructor() {
    this.#server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const question = JSON.parse(Buffer.concat(parts).toString());
        this.asked.push(question.id);
        const now = Date.now();
        const answer =
          request.url === '/create'
            ? this.desk.create(question, now)
            : this.desk.closeLink(question, now);
        if (this.silent) this.#held.push(response);
        else response.end(JSON.stringify(answer));
      });
    });
  }

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    if (typeof address !== 'object' || address === null) throw new Error('no port');
    return `http://127.0.0.1:${address.port}`;
  }

  close(): void {
    for (const response of this.#held) response.destroy();
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

describe('an order centre that is killed at any moment', () => {
  const acquirer = new Acquirer();
  const centre = { url: '' };
  let data: string;
  let sms: SmsProvider;
  let acquirerUrl: string;
  let child: ChildProcess | null = null;

  const start = async (): Promise<void> => {
    const args = [PROGRAM, data, acquirerUrl, sms.url];
    const started = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    child = started;
    let said = '';
    let complaint = '';
    started.stdout.on('data', (bytes) => {
      said += String(bytes);
    });
    started.stderr.on('data', (bytes) => {
      complaint += String(bytes);
    });
    await until('the centre', () => {
      if (started.exitCode !== null) throw new Error(complaint);
      return said.includes('\n');
    });
    centre.url = String(JSON.parse(said).url);
  };
  const kill = async (): Promise<void> => {
    const gone = new Promise((resolve) => child?.once('exit', resolve));
    child?.kill('SIGKILL');
    await gone;
  };
  const made = (order: Answer): Promise<Answer> =>
    until('the link', async () => {
      const seen = await look(centre, order.body.number);
      return seen.body.link === 'made' && seen;
    });
  const arrived = (order: Answer): number =>
    sms.sent.filter(({ text }) => text.includes(String(order.body.number))).length;
  const stock = async (code: string): Promise<number> => {
    const url = `${centre.url}/v1/centre/products?code=${code}`;
    const { body } = await call(url, { bearer: AGENT });
    return (body.products as { stock: number }[])[0]?.stock ?? Number.NaN;
  };

  before(async () => {
    data = mkdtempSync(join(tmpdir(), 'hawker-centre-kill-'));
    sms = await SmsProvider.open({ secret: SECRET });
    acquirerUrl = await acquirer.open();
    await start();
  });
  after(async () => {
    await kill();
    acquirer.close();
    await sms.close();
    rmSync(data, { recursive: true, force: true });
  });

  test('between the order and its link: one link under the same id, one message', async () => {
    acquirer.silent = true;
    const key = freshKey();
    const order = await place(centre, {}, key);
    const id = `link:${order.body.number}`;
    await until('the question', () => acquirer.asked.includes(id));
    await kill();
    acquirer.silent = false;
    await start();
    await made(order);
    assert.ok(acquirer.asked.filter((each) => each === id).length >= 2);
    assert.equal(acquirer.desk.created.size, 1);
    await until('the SMS', () => arrived(order) > 0);
    assert.equal(arrived(order), 1);
    assert.equal(await stock('1'), 8);
    const again = await place(centre, {}, key);
    assert.equal(again.headers.get('idempotency-replayed'), 'true');
    assert.equal(again.body.number, order.body.number);
  });

  test('between the link and its message: the message arrives once', async () => {
    await sms.apply({ fault: 'hang' });
    const before = sms.requests;
    const order = await place(centre, { lines: [{ code: '2', quantity: 1 }] });
    await made(order);
    await until('the try', () => sms.requests > before);
    assert.equal(arrived(order), 0);
    await kill();
    await sms.apply({ fault: 'clear' });
    await start();
    await until('the SMS', () => arrived(order) > 0);
    assert.equal(arrived(order), 1);
  });

  test('after the provider took it and before that was recorded: it arrives once', async () => {
    await sms.apply({ fault: 'lose' });
    const order = await place(centre, { lines: [{ code: '2', quantity: 1 }] });
    await until('the SMS', () => arrived(order) > 0);
    await kill();
    await start();
    await until('delivered', async () => {
      const { body } = await look(centre, order.body.number);
      return (body.messages as { state: string }[]).some(({ state }) => state === 'delivered');
    });
    assert.equal(arrived(order), 1);
  });

  test('while it is cancelled: stock comes back once, when the acquirer has answered', async () => {
    const order = await place(centre, { lines: [{ code: '1', quantity: 3 }] });
    await made(order);
    acquirer.silent = true;
    const asked = acquirer.asked.length;
    const wish = await change(centre, order.body.number, 'cancellation');
    assert.equal(wish.body.closing, 'cancelled');
    await until('the question', () => acquirer.asked.length > asked);
    assert.equal(await stock('1'), 5);
    await kill();
    acquirer.silent = false;
    await start();
    await until('cancelled', async () => {
      const seen = await look(centre, order.body.number);
      return seen.body.state === 'cancelled';
    });
    assert.equal(await stock('1'), 8);
  });

  test('in the middle of a rush: whoever was answered has an order, and the stock adds up', async () => {
    const before = await stock('2');
    const keys = Array.from({ length: 40 }, freshKey);
    const lines = [{ code: '2', quantity: 1 }];
    const rush = keys.map((key) => place(centre, { lines }, key).catch(() => null));
    await Promise.race(rush);
    await kill();
    const answers = await Promise.all(rush);
    await start();
    const again = await Promise.all(keys.map((key) => place(centre, { lines }, key)));
    for (const [at, answer] of answers.entries()) {
      if (answer !== null) assert.equal(again[at]?.body.number, answer.body.number);
    }
    const numbers = new Set(again.map(({ body }) => body.number));
    assert.equal(numbers.size, keys.length);
    assert.equal(await stock('2'), before - keys.length);
    for (const answer of again) await made(answer);
  });
});
