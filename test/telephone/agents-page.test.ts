/** The agents' page in Chinese, by keyboard alone: a call that the assistant hands over, a lost connection. */
import assert from 'node:assert/strict';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import type { Handover } from '#device/ports/call-handler.ts';
import { examine } from '#test/browser/cashier-stand.ts';
import { launchChromium } from '#test/browser/phones.ts';
import { until } from '#test/until.ts';
import { DeskStand, tokenOf } from './desk-stand.ts';

const HANDOVER: Handover = {
  said: [
    { who: 'assistant', text: '您想要什么？' },
    { who: 'caller', text: '两份猪肉水饺' },
  ],
  ...{ basket: [{ code: '1', quantity: 2 }], phone: '+8613800000009', email: null },
};

/** The way between page and desk. */
class Cable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(port: number) {
    this.#server = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => this.drop([near, far]));
      }
      near.pipe(far).pipe(near);
    });
  }

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** Everything that is open breaks; what is tried anew gets through. */
  drop(sockets: Iterable<Socket> = [...this.#sockets]): void {
    for (const socket of sockets) {
      socket.destroy();
      this.#sockets.delete(socket);
    }
  }

  close(): void {
    this.#server.close();
    this.drop();
  }
}

let stand: DeskStand;
let browser: Browser;
before(async () => {
  stand = await new DeskStand().open();
  browser = await launchChromium(
    '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream',
  );
});
after(async () => {
  await browser?.close();
  await stand?.close();
});

test('logs in, answers, sees what was said and wanted, places, loses the connection, goes on', async (t) => {
  const context = await browser.newContext({
    ...{ viewport: { width: 1280, height: 800 }, locale: 'zh-CN' },
  });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  const cable = new Cable(Number(new URL(stand.url).port));
  t.after(() => cable.close());
  await page.goto(await cable.open());
  await examine(page);
  await page.keyboard.type(tokenOf('mei'));
  await page.keyboard.press('Enter');
  await page.getByText('已连接').waitFor();
  const call = await until('a free agent', () => stand.ring('a', HANDOVER));
  await page.getByRole('button', { name: '接听' }).waitFor();
  await page.keyboard.press('Enter');
  await page.locator('#said li').nth(1).waitFor();
  assert.match(await page.locator('#said').innerText(), /顾客 两份猪肉水饺/);
  await page.locator('#lines').getByText('2 × 猪肉水饺').waitFor();
  assert.equal(await page.locator('#phone').inputValue(), '+8613800000009');
  await examine(page);

  const answer = Promise.withResolvers<void>();
  stand.centre.hold = answer.promise;
  await page.keyboard.press('Alt+Enter');
  await until('the order is asked for', () => stand.centre.asked.length === 1);
  cable.drop();
  answer.resolve();
  await page.getByText('连接中断').waitFor();
  await page.getByText('已连接').waitFor();
  await page.locator('#orders').getByText('未付款').waitFor();
  assert.equal(await page.locator('#orders li').count(), 1, 'shown once');
  assert.equal(stand.centre.placed.size, 1, 'placed once');
  assert.equal(await page.locator('#talk').isVisible(), true);
  assert.deepEqual(call.went, []);
  await page.keyboard.press('Alt+h');
  await page.locator('#talk').waitFor({ state: 'hidden' });
  assert.deepEqual(call.went, ['hung up']);
  assert.equal(await page.locator('#said').isVisible(), false);

  const port = Number(new URL(stand.url).port);
  await stand.closeDesk();
  await stand.open(port, new URL('http://127.0.0.1:9'));
  await page.locator('#token').waitFor({ timeout: 10_000 });
  assert.equal(await page.locator('html').getAttribute('lang'), 'zh-CN');
  assert.deepEqual(faults, []);
  await context.close();
});
