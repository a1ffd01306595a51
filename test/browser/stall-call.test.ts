/** Voices at the stall: called from the page's phone box, sold by voice; an amount said to the terminal. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { TestStall } from '#test/journeys/stall.ts';
import { launchChromium } from './phones.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Of speech, on a machine that is busy with other things. */
const PATIENCE_MS = 60_000;

let stall: TestStall;
let browser: Browser;
let page: Page;
before(async () => {
  stall = await TestStall.open('Alice:1');
  browser = await launchChromium('--autoplay-policy=no-user-gesture-required');
  const context = await browser.newContext({
    ...{ viewport: { width: 1280, height: 800 }, locale: 'en-GB' },
  });
  page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.on('pageerror', (error) => assert.fail(error));
  await page.goto(stall.client.url);
  await page.waitForSelector('body[data-ready] .token');
});
after(async () => {
  await browser?.close();
  await stall?.close();
});

const talk = (text: string) => page.locator('.talk li', { hasText: text }).last().waitFor();

test('called by keyboard, answered, ordered by voice; the message comes over the modem', async () => {
  const { client } = stall;
  assert.equal(client.state.telephone.machine.state, 'stopped', 'off until somebody calls');
  const sound = page.waitForRequest((request) => request.url().endsWith('/v1/telephone/sound'));
  await page.getByRole('button', { name: 'Call', exact: true }).focus();
  await page.keyboard.press('Enter');
  await talk('This call is recorded');
  await sound;
  await page.locator('.call-keys button').first().focus();
  await page.keyboard.press('2');
  await talk('What would you like?');
  await page.getByLabel('Say on the phone').fill('two pork dumplings please');
  await page.keyboard.press('Enter');
  await talk('2 Pork dumplings: twenty four yuan');
  await page.evaluate(AXE);
  const found = await page.evaluate(
    `axe.run('#call').then(({ violations }) => violations.map(({ id }) => id))`,
  );
  assert.deepEqual(found, []);
  assert.match(client.state.screen.text, /¥0\.00/, 'the key was the telephone’s');

  const { desk } = client.state.telephone;
  assert.ok(desk !== null);
  assert.equal(await page.getByText('Open the agents’ desk').getAttribute('href'), desk.url);
  const response = await fetch(`${client.state.gateway.http}/v1/centre/orders`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${desk.token}`,
      'content-type': 'application/json',
      'idempotency-key': crypto.randomUUID(),
    },
    body: JSON.stringify({
      ...{ merchant: 'lin', phone: '+8613800000001', language: 'en' },
      lines: [{ code: '1', quantity: 1 }],
    }),
  });
  assert.equal(response.status, 201, await response.text());
  await page.locator('.talk [data-who=sms] a').waitFor();
  assert.match(client.state.telephone.inbox[0]?.text ?? '', /\/pay\//);
  assert.match(client.state.messages[0]?.text ?? '', /\/pay\//);
  await stall.fault('modem', { fault: 'no_carrier' });
  await page.getByText('The call is over.').waitFor();
  await assert.rejects(client.call('POST', 'telephone/keys', { keys: '1' }), /dial/);
  await assert.rejects(client.call('POST', 'telephone/call', { from: '1380' }), /\+8613800000001/);
});

test('“twelve fifty”, said to the terminal: shown, asked, and an order with Enter', async () => {
  const { client } = stall;
  await page.getByLabel('What the vendor says').fill('twelve fifty');
  await page.keyboard.press('Enter');
  await client.until('the question', () => /12\.50/.test(stall.screen), PATIENCE_MS);
  assert.equal(client.state.screen.qr, null, 'nothing is ordered before Enter');
  await client.until(
    'the words',
    () => client.state.spoken.some(({ text }) => /twelve yuan fifty/.test(text)),
    PATIENCE_MS,
  );
  await stall.key('\n', /Scan to pay/);
  await stall.key('\u001b');
  await stall.fault('microphone', { fault: 'unplug' });
  await page.locator('.chips li', { hasText: 'Microphone' }).waitFor();
});
