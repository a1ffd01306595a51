/** The kiosk page as a server: its first HTML, its address, and who may talk to it. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { DeviceError } from '#device/ports/device.ts';
import type { Key } from '#device/ports/keypad.ts';
import { type Kiosk, openKiosk } from '#firmware/display/kiosk.ts';
import { OFFER } from '#test/contracts/display.ts';

const keys: Key[] = [];
let dataDirectory = '';

/** What a test has open, closed after it also where it fails. */
const opened: { close(): Promise<void> }[] = [];

async function open(touch = true): Promise<Kiosk> {
  const events = {
    key: (key: Key) => keys.push(key),
    lost: (error: DeviceError) => assert.fail(error),
  };
  const kiosk = await openKiosk('screen', { listen: 0, touch, dataDirectory }, events);
  opened.push(kiosk);
  return kiosk;
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: string;
}

/** A request with any header, `Host` too, which `fetch` does not let one set. */
function ask(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const { body, ...rest } = options;
  return new Promise((resolve, reject) => {
    const asked = request(url, { ...rest, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      );
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

before(() => {
  dataDirectory = mkdtempSync(join(tmpdir(), 'kiosk-'));
});
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});
after(() => rmSync(dataDirectory, { recursive: true, force: true }));

describe('kiosk page', () => {
  test('the first HTML is the whole screen, loads nothing, and is small', async () => {
    const kiosk = await open();
    await kiosk.show(OFFER);
    const { status, headers, body } = await ask(kiosk.url);
    assert.equal(status, 200);
    assert.match(body, /<h1[^>]*>Scan to pay<\/h1>/);
    assert.match(body, /¥12\.50/);
    assert.match(body, /<noscript><meta http-equiv="refresh"/);
    assert.equal(/(src|href)="(?!#)/.test(body), false, 'no other resource');
    assert.ok(body.length < 40_000, `${body.length} characters`);
    const policy = String(headers['content-security-policy']);
    assert.match(policy, /default-src 'none'/);
    assert.equal(policy.includes('unsafe'), false);
  });

  test('its address stands in kiosk.json, and stays the same over a restart', async () => {
    const first = await open();
    const written: unknown = JSON.parse(readFileSync(join(dataDirectory, 'kiosk.json'), 'utf8'));
    assert.deepEqual(written, { name: 'screen', url: first.url });
    await first.close();
    const second = await open();
    assert.equal(second.url, first.url);
    await second.close();
  });

  test('a taken port is busy, with the mend', async () => {
    const kiosk = await open();
    const listen = Number(new URL(kiosk.url).port);
    const events = { key: () => undefined, lost: () => undefined };
    const second = openKiosk('other', { listen, dataDirectory }, events);
    await assert.rejects(second, (error: unknown) => {
      assert.ok(error instanceof DeviceError);
      assert.equal(error.code, 'busy');
      assert.match(error.mend ?? '', new RegExp(`port ${listen}`));
      return true;
    });
  });

  test('only this very page may read it or press its keys', async () => {
    const kiosk = await open();
    const key = new URL('/key', kiosk.url).href;
    const events = new URL('/events', kiosk.url).href;
    const own = new URL(kiosk.url).origin;
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const press = (headers: Record<string, string>, body = 'key=5'): Promise<Answer> =>
      ask(key, { method: 'POST', headers: { ...form, ...headers }, body });
    keys.length = 0;
    const rebound = { host: 'evil.example' };
    assert.equal((await ask(kiosk.url, { headers: rebound })).status, 421);
    assert.equal((await press({ ...rebound, origin: 'http://evil.example' })).status, 421);
    assert.equal((await press({ origin: 'http://evil.example' })).status, 403);
    assert.equal((await press({ 'sec-fetch-site': 'cross-site', origin: own })).status, 403);
    assert.equal((await press({})).status, 403, 'a browser would have named the page');
    const foreign = { headers: { origin: 'http://evil.example' } };
    assert.equal((await ask(events, foreign)).status, 403);
    assert.equal((await press({ origin: own }, 'key=launch')).status, 400);
    assert.deepEqual(keys, []);
    assert.equal((await press({ origin: own })).status, 303);
    assert.deepEqual(keys, ['5']);
    await kiosk.close();
    await open(false);
    assert.equal((await press({ origin: own })).status, 404, 'no touch, no keys');
  });

  test('a line of a menu stays together, a price stands at its edge, and words alone have room', async () => {
    const kiosk = await open(false);
    await kiosk.show({ ...OFFER, big: '', lines: ['1  查余额', '豆浆  3.50'] });
    assert.match(
      (await ask(kiosk.url)).body,
      /<li>1 {2}查余额<\/li><li><span>豆浆<\/span> <b>3\.50<\/b>/,
    );
    const { qr, digits, ...plain } = OFFER;
    assert.ok(qr !== undefined && digits !== undefined);
    await kiosk.show({ ...plain, big: '', lines: ['1  查余额'] });
    assert.match((await ask(kiosk.url)).body, /class="busy words"/);
    await kiosk.show({ ...plain, big: '¥1.00' });
    assert.match((await ask(kiosk.url)).body, /<main [^>]*class="busy"/);
  });

  test('a text that no QR symbol holds leaves the rest of the screen', async () => {
    const kiosk = await open();
    await kiosk.show({ ...OFFER, qr: 'x'.repeat(3000) });
    const { body } = await ask(kiosk.url);
    assert.equal(body.includes('<figure'), false);
    assert.match(body, /¥12\.50/);
  });
});
