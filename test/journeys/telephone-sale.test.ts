/**
 * Rows C1–C9 on the wire: somebody calls, talks with the assistant, orders, is sent a link, pays in a
 * real browser, and is told so on the call.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { writeWav } from '#firmware/speaker/wav.ts';
import { examine } from '#test/browser/cashier-stand.ts';
import { RICH } from '#test/gateway/harness.ts';
import { until } from '#test/until.ts';
import { openSaleStand, type SaleStand } from './telephone-stand.ts';

let stand: SaleStand;
let directory = '';
/** What the agent's microphone gives, again and again. */
const TONE_HZ = 700;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'agent-'));
  const rate = 48_000;
  const samples = Int16Array.from(
    { length: rate },
    (_, at) => 9000 * Math.sin((2 * Math.PI * TONE_HZ * at) / rate),
  );
  const sound = join(directory, 'agent.wav');
  writeFileSync(sound, writeWav({ rate, samples }));
  stand = await openSaleStand(sound);
});
after(async () => {
  await stand?.close();
  rmSync(directory, { recursive: true, force: true });
});

/** How much of a sound is that tone, 0 to 1 (Goertzel). */
function toneIn(samples: Int16Array, hertz: number): number {
  const turn = (2 * Math.PI * hertz) / 8000;
  let [real, imaginary, energy] = [0, 0, 0];
  for (const [at, sample] of samples.entries()) {
    real += sample * Math.cos(turn * at);
    imaginary += sample * Math.sin(turn * at);
    energy += sample * sample;
  }
  return (2 * (real ** 2 + imaginary ** 2)) / (samples.length * Math.max(1, energy));
}

test('called, asked, ordered by voice, linked by SMS, paid in a browser, told on the call', async () => {
  const { telephone, all } = stand;
  const caller = stand.caller(RICH.phone);
  const id = await caller.dial('2');
  await caller.hears(/voice assistant/);
  await caller.say('what do you have', /Pork dumplings/);
  await caller.say('two pork dumplings please', /2 Pork dumplings: twenty four yuan/);
  await caller.say("that's all", /place the order/);
  await caller.press('1', /the number you are calling from/);
  await caller.press('2', /key in your mobile number/);
  await caller.press('13800000001', /138|1 3 8.*Is that right/);
  const placed = await caller.press('1', /Your order is placed/);
  assert.match(placed, /text message to the number ending in 0 0 0 1/);
  const sms = await until('the SMS', () => caller.phone.inbox[0], 10_000);
  const link = /https?:\/\/\S+/.exec(sms.text)?.[0] ?? '';
  const page = await stand.pay(link, RICH.phone);
  await caller.hears(/payment of twenty four yuan has arrived/);
  const order = telephone.said.find(({ event }) => event === 'order')?.order;
  await page.close();
  await caller.press('#', /payment of twenty four yuan has arrived/);
  caller.phone.hangUp();
  const path = join(telephone.data, 'recordings', `${id}.json`);
  const info = await until('the recording', () => {
    const read = JSON.parse(readFileSync(path, 'utf8')) as { ended: string; length_ms: number };
    return read.ended === 'caller' ? read : null;
  });
  const wav = readFileSync(path.replace('.json', '.wav'));
  assert.ok(Math.abs((wav.length - 44) / 32 - info.length_ms) < 50, 'the whole call');
  const loud = (side: 0 | 2): number => {
    let count = 0;
    for (let at = 44 + side; at + 1 < wav.length; at += 4) {
      if (Math.abs(wav.readInt16LE(at)) > 500) count += 1;
    }
    return count;
  };
  assert.ok(loud(0) > 8000 && loud(2) > 16_000, `${loud(0)} and ${loud(2)} samples of voice`);
  assert.deepEqual((await all.moved(String(order))).kinds, ['debit', 'payment']);
  for (const book of await all.books()) assert.deepEqual(book.complaints, []);
  const log = JSON.stringify(telephone.said.filter(({ event }) => event !== 'said'));
  assert.equal(log.includes('13800000001'), false, 'no number is logged');
});

test('the same with an agent: rings, talks both ways, orders by keyboard, sees it paid, plays it', async () => {
  const { all, telephone, browser } = stand;
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    locale: 'en',
  });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  const heard: Int16Array[] = [];
  page.on('websocket', (socket) =>
    socket.on('framereceived', ({ payload }) => {
      if (Buffer.isBuffer(payload)) {
        heard.push(
          Int16Array.from({ length: payload.length / 2 }, (_, at) => payload.readInt16LE(2 * at)),
        );
      }
    }),
  );
  await page.goto(stand.desk);
  await examine(page);
  await page.locator('#token').fill(await stand.agentToken('mei'));
  await page.keyboard.press('Enter');
  await page.getByText('on line').waitFor({ timeout: 5000 });
  const caller = stand.caller(RICH.phone);
  const connected = caller.dial('1');
  const answer = page.getByRole('button', { name: 'Answer' });
  await answer.waitFor();
  const id = await connected;
  await examine(page);
  assert.equal(await answer.evaluate('document.activeElement.textContent'), 'Answer');
  await page.keyboard.press('Enter');
  await page.locator('#talk').waitFor();
  assert.equal(await page.locator('#phone').inputValue(), RICH.phone);
  // An earlier order of this caller is shown by itself.
  const before = caller.phone.heard().length;
  await until('the agent is heard', () => {
    const latest = caller.phone.heard().slice(before).slice(-4000);
    return latest.length === 4000 && toneIn(latest, TONE_HZ) > 0.5;
  });
  heard.length = 0;
  await caller.phone.speak(
    Int16Array.from({ length: 8000 }, (_, at) => 8000 * Math.sin((2 * Math.PI * 1100 * at) / 8000)),
  );
  await until('the caller is heard', () => {
    const latest = Int16Array.from(heard.flatMap((frame) => [...frame]));
    return latest.length > 4000 && latest.filter((each) => Math.abs(each) > 3000).length > 3000;
  });
  assert.equal(await page.locator('#search').evaluate('document.activeElement.id'), 'search');
  await page.keyboard.type('pork');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await page.getByText('2 × Pork dumplings').first().waitFor();
  await page.keyboard.press('Alt+Enter');
  const orders = page.locator('#orders');
  await orders.getByText('unpaid').waitFor();
  await orders.getByText('2 × Pork dumplings').waitFor();
  const number = await orders.locator('strong').first().innerText();
  const sms = await until(
    'the SMS',
    () => caller.phone.inbox.find(({ text }) => text.includes(number)),
    10_000,
  );
  await orders.getByText('link delivered').waitFor();
  const paying = await stand.pay(/https?:\/\/\S+/.exec(sms.text)?.[0] ?? '', RICH.phone);
  await orders.locator('.paid').waitFor();
  await paying.close();
  await examine(page);
  assert.deepEqual((await all.moved(number)).kinds, ['debit', 'payment']);
  await page.keyboard.press('Alt+h');
  await until('the end', () => caller.phone.call === 'ended');
  await page.locator('#talk').waitFor({ state: 'hidden' });
  const played = page.waitForResponse((response) => response.url().endsWith(`${id}.wav`));
  await page.locator('#recordings li').nth(1).waitFor();
  await page.locator('#recordings').getByRole('button').first().click();
  assert.ok([200, 206].includes((await played).status()));
  assert.deepEqual(faults, []);
  assert.ok(telephone.said.some(({ event, agent }) => event === 'played' && agent === 'mei'));
  await context.close();
});
