/** B1, F1: paying by card at a terminal, over the real pcscd: online, offline, torn half-way. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { storeCardKeys } from '#firmware/card-keys.ts';
import type { CardView } from '#simulators/stall/cards.ts';
import { TestStall } from './stall.ts';

let stall: TestStall;
before(async () => {
  stall = await TestStall.open('');
  await giveKeys(stall);
});
after(() => stall.close());

/** A house with its first keys, where the gateway has none of its own: terminal and cards get them. */
async function giveKeys({ client, directory }: TestStall): Promise<void> {
  const terminal = join(directory, 'terminal');
  if (existsSync(join(terminal, 'card-keys.json'))) return;
  const key = (): string => randomBytes(16).toString('base64url');
  const keys = { card: key(), master: key(), debit: key(), load: key(), read: key(), proof: key() };
  const file = join(directory, 'gateway', 'settlement.keys');
  if (!existsSync(file)) {
    writeFileSync(file, JSON.stringify({ current: 1, versions: { 1: keys } }));
  }
  const { secret } = JSON.parse(readFileSync(join(terminal, 'identity.json'), 'utf8'));
  const { debit, read } = JSON.parse(readFileSync(file, 'utf8')).versions['1'];
  await storeCardKeys(terminal, secret, { debit, read, key_version: 1 });
  await client.call('POST', 'terminal/kill');
  await client.call('POST', 'terminal/start');
}

const tap = (name: string, body: object = {}): Promise<CardView[]> =>
  stall.client.call('POST', `cards/${name}/tap`, body);
const heard = (text: string): Promise<true> =>
  stall.client.until(`to hear “${text}”`, () =>
    stall.client.state.spoken.some((each) => each.text === text),
  );

test('without an order a tap shows the balance', async () => {
  await stall.waitForScreen(/Key in the amount/);
  const shown = stall.waitForScreen(/¥100\.00/);
  await tap('Dora');
  await shown;
});

test('a tap pays: heard, shown, told to the gateway', async () => {
  await stall.key('12.50\n', /or tap a card/);
  await tap('Dora');
  await heard('received twelve yuan fifty');
  await stall.waitForScreen(/Paid by card/);
  assert.ok(
    stall.client.wires.some(({ wire, text }) => wire === 'mqtt' && /paid by card/.test(text)),
  );
});

test('pulled away at the last moment: the same card again, and it has paid once', async () => {
  await stall.key('3\n', /or tap a card/);
  await tap('Dora', { pull: 'last_moment' });
  await stall.waitForScreen(/Hold the same card again/);
  await tap('Emil');
  await stall.waitForScreen(/This is another card/);
  const paid = heard('received three yuan');
  await tap('Dora');
  await paid;
  const shown = stall.waitForScreen(/¥84\.50/);
  await stall.key('\u001b');
  await tap('Dora');
  await shown;
});

test('without network, and the terminal loses its power: told when both are back', async () => {
  await stall.client.call('POST', 'wires/mqtt/faults', { fault: 'unplug' });
  await stall.key('4\n', /Waiting for the network|No network/);
  await tap('Dora');
  await stall.waitForScreen(/blocked cards too old|Without network/);
});
