/** The process is killed while a link is being paid: one outcome, and the payer can go on from it. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { TrialBalance } from '#gateway/ledger/trial-balance.ts';
import { freePort } from '#simulators/free-port.ts';
import { SmsProvider } from '#simulators/notify/sms.ts';
import { until } from '#test/until.ts';
import { AGENT, SECRET } from './centre-bench.ts';
import { call, freshKey, RICH } from './harness.ts';
import { PASSWORD, payByPassword, sendPassword } from './link-stand.ts';
import { BareBrowser } from './platform-stand.ts';
import { voucherDesk } from './voucher-desk.ts';

const PROGRAM = join(import.meta.dirname, 'link-program.ts');
/** More than an answer may be on its way: what is left open is looked after at once. */
const AHEAD_MS = 20_000;

describe('a payment link whose process is killed', () => {
  let data: string;
  let port: number;
  let sms: SmsProvider;
  let url = '';
  let child: ChildProcess | null = null;
  let said = '';
  let starts = 0;

  const start = async (where: string): Promise<void> => {
    await kill();
    const ahead = String(AHEAD_MS * starts);
    starts += 1;
    const args = [PROGRAM, data, String(port), sms.url, where, ahead];
    const started = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    child = started;
    said = '';
    let complaint = '';
    started.stdout.on('data', (bytes) => {
      said += String(bytes);
    });
    started.stderr.on('data', (bytes) => {
      complaint += String(bytes);
    });
    url = await until('the process', () => {
      if (started.exitCode !== null) throw new Error(complaint);
      return /^(http\S+)\n/.exec(said)?.[1];
    });
  };
  const kill = async (): Promise<void> => {
    const last = child;
    if (last === null || last.exitCode !== null || last.signalCode !== null) return;
    const gone = new Promise((resolve) => last.once('exit', resolve));
    last.kill('SIGKILL');
    await gone;
  };

  before(async () => {
    data = mkdtempSync(join(tmpdir(), 'hawker-links-kill-'));
    sms = await SmsProvider.open({ secret: SECRET });
    port = await freePort();
  });
  after(async () => {
    await kill();
    await sms.close();
    rmSync(data, { recursive: true, force: true });
  });

  const look = async (number: string) =>
    (await call(`${url}/v1/centre/orders/${number}`, { bearer: AGENT })).body;
  const order = async (): Promise<{ number: string; link: string }> => {
    const placed = await call(`${url}/v1/centre/orders`, {
      ...{ bearer: AGENT, key: freshKey() },
      body: {
        ...{ merchant: 'lin', lines: [{ code: '2', quantity: 2 }], phone: RICH.phone },
        language: 'en',
      },
    });
    const number = String(placed.body.number);
    const link = await until('the link', () =>
      sms.sent
        .flatMap(({ text }) =>
          text.includes(number) ? (/https?:\/\/\S+\/pay\/[\w-]+/.exec(text) ?? []) : [],
        )
        .at(0),
    );
    return { number, link };
  };
  const moved = async (number: string): Promise<string[]> => {
    const bearer = 'operator';
    const { body } = await call(`${url}/v1/ledger/trails/${number}`, { bearer });
    return (body.transfers as { kind: string }[]).map(({ kind }) => kind).sort();
  };
  const checkBooks = async (): Promise<void> => {
    const { body } = await call(`${url}/v1/ledger/trial-balance`, { bearer: 'operator' });
    assert.deepEqual((body as unknown as TrialBalance).complaints, []);
  };

  /** Pays until the process stops where it was told, and is killed there. */
  const stopAt = async (where: string) => {
    await start(where);
    const made = await order();
    const browser = new BareBrowser();
    const paying = payByPassword(browser, made.link).catch(() => null);
    await until(where, () => said.includes('stopped'));
    assert.equal((await look(made.number)).state, 'paying');
    await kill();
    await paying;
    await start('nowhere');
    return { ...made, browser };
  };

  test('after the payer was verified and before the payment began: open again, paid once', async () => {
    const { number, link, browser } = await stopAt('verified');
    await until('the link open again', async () => (await look(number)).state === 'unpaid');
    assert.deepEqual(await moved(number), []);
    const page = await browser.get(`${link}?method=password`);
    assert.match(page.text, /The payment was not made, and nothing was taken/);
    const paid = await sendPassword(browser, link, RICH.phone, PASSWORD);
    assert.match(paid.text, /<h1>Paid<\/h1>/);
    assert.equal((await look(number)).state, 'paid');
    assert.deepEqual(await moved(number), ['debit', 'payment']);
    await checkBooks();
  });

  test('after the payment began, and the issuer never had it: undone, open again, paid once', async () => {
    const { number, link, browser } = await stopAt('before_debit');
    await until('the link open again', async () => (await look(number)).state === 'unpaid');
    assert.deepEqual(await moved(number), []);
    const paid = await payByPassword(browser, link);
    assert.match(paid.text, /<h1>Paid<\/h1>/);
    assert.deepEqual(await moved(number), ['debit', 'payment']);
    await checkBooks();
  });

  test('after a voucher was captured and before anybody heard: redeemed once, paid', async () => {
    await start('nowhere');
    const desk = voucherDesk(() => url);
    const { number: voucher, code } = await desk.issue({ amount_minor: 5000 });
    await start('after_capture');
    const { number, link } = await order();
    const browser = new BareBrowser();
    await browser.get(`${link}?method=voucher`);
    const fields = { voucher, code };
    const paying = browser.post(`${link}/voucher`, fields).catch(() => null);
    await until('the capture', () => said.includes('stopped'));
    await kill();
    await paying;
    await start('nowhere');
    await until('paid', async () => (await look(number)).state === 'paid');
    await browser.post(`${link}/voucher`, fields);
    assert.match((await browser.get(`${link}?lang=en`)).text, /<h1>Paid<\/h1>/);
    assert.deepEqual(await desk.seen(voucher), ['issued', 2000, 3000]);
    await checkBooks();
  });

  test('after the issuer took the money and before anybody heard: paid, once, and the bill is there', async () => {
    const { number, link, browser } = await stopAt('after_debit');
    await until('paid', async () => (await look(number)).state === 'paid');
    assert.match((await browser.get(link)).text, /<h1>Paid<\/h1>/);
    const again = await sendPassword(browser, link, RICH.phone, PASSWORD);
    assert.match(again.text, /<h1>Paid<\/h1>/);
    assert.deepEqual(await moved(number), ['debit', 'payment']);
    await until(
      'one bill by SMS',
      () =>
        sms.sent.filter(({ text }) => /is paid/.test(text) && text.includes(number)).length === 1,
    );
    await checkBooks();
  });
});
