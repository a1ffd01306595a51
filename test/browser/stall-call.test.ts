/** Voices at the stall: called from the page's phone box, sold by voice; an amount said to the terminal. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { durationMs, writeWav } from '#firmware/speaker/wav.ts';
import { Booth, RATE, VOICES } from '#test/bench/speech/voices.ts';
import { TestStall } from '#test/journeys/stall.ts';
import { until } from '#test/until.ts';
import { launchChromium } from './phones.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Of speech, on a machine that is busy with other things. */
const PATIENCE_MS = 60_000;

/** Of the sound that the browser's microphone hears; counted where the page's recorder gets it. */
const COUNT_RECORDED = `
  globalThis.recordedMs = 0;
  globalThis.AudioWorkletNode = class extends AudioWorkletNode {
    constructor(context, ...rest) {
      super(context, ...rest);
      this.port.addEventListener('message', ({ data }) => {
        globalThis.recordedMs += (1000 * data.length) / context.sampleRate;
      });
    }
  };`;

let directory: string;
/** How long the browser's microphone takes to hear what is said once. */
let saidMs = 0;
let stall: TestStall;
let browser: Browser;
let page: Page;
before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'own-voice-'));
  const ownVoice = await recordOwnVoice('thirty four fifty');
  stall = await TestStall.open('Alice:1');
  browser = await launchChromium(
    '--autoplay-policy=no-user-gesture-required',
    '--use-fake-device-for-media-stream',
    // Without windows there is nobody to ask for the microphone.
    '--use-fake-ui-for-media-stream',
    `--use-file-for-fake-audio-capture=${ownVoice}%noloop`,
  );
  const context = await browser.newContext({
    ...{ viewport: { width: 1280, height: 800 }, locale: 'en-GB' },
    permissions: ['microphone'],
  });
  await context.addInitScript(COUNT_RECORDED);
  page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.on('pageerror', (error) => assert.fail(error));
  await page.goto(stall.client.url);
  await page.waitForSelector('body[data-ready] .token');
});
after(async () => {
  await browser?.close();
  await stall?.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Writes the file that the browser takes for its microphone, with quiet around the words. */
async function recordOwnVoice(text: string): Promise<string> {
  const voice = VOICES.find(({ name }) => name === 'espeak-ng en-us+m1');
  assert.ok(voice);
  const [sound = new Int16Array()] = await new Booth(directory).render(voice, [text]);
  const quiet = new Int16Array(RATE);
  const said = { rate: RATE, samples: Int16Array.from([...quiet, ...sound, ...quiet]) };
  saidMs = durationMs(said);
  const path = join(directory, 'own-voice.wav');
  writeFileSync(path, writeWav(said));
  return path;
}

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

test('“thirty four fifty” in the browser’s own microphone: recorded, sent, shown and asked', async () => {
  const { client } = stall;
  await page.getByRole('button', { name: 'Use my voice' }).click();
  const stop = page.getByRole('button', { name: 'Stop, send it' });
  await stop.waitFor();
  assert.equal(await stop.getAttribute('aria-pressed'), 'true');
  const recorded = async () => Number(await page.evaluate('recordedMs')) > saidMs;
  await until('all that is said', recorded, PATIENCE_MS);
  await stop.click();
  await client.until('the question', () => /34\.50/.test(stall.screen), PATIENCE_MS);
  assert.equal(client.state.screen.qr, null, 'nothing is ordered before Enter');
  await page.getByRole('button', { name: 'Use my voice' }).waitFor();
  await stall.key('\u001b');
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
