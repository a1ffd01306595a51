/** The order centre's link goes through the terminal's modem to the payer's phone, and is reported. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signWebhook, writeWebhookSecret } from '#device/codecs/standard-webhooks.ts';
import { systemClock } from '#gateway/clock.ts';
import { freePort } from '#simulators/free-port.ts';
import { look, openBench, PHONE, place } from '#test/gateway/centre-bench.ts';
import { until } from '#test/until.ts';
import { openTelephone } from './stand.ts';

const SECRET = writeWebhookSecret(new Uint8Array(32).fill(5));

interface Message {
  readonly state: string;
  readonly trouble?: string;
  readonly report?: { readonly outcome: string };
}

test('an order is placed, and its link arrives on the phone that has to pay', async (t) => {
  const port = await freePort();
  const bench = await openBench({
    clock: { ...systemClock, after: (ms, then) => systemClock.after(ms / 10, then) },
    notify: { sms: { url: `http://127.0.0.1:${port}/messages`, secret: SECRET } },
  });
  t.after(() => bench.close());
  const stand = await openTelephone({ env: { HAWKER_SMS_SECRET: SECRET } });
  t.after(() => stand.close());
  const phone = stand.network.phone(PHONE);
  phone.off = true;
  const order = await place(bench);
  const message = async (): Promise<Message | undefined> => {
    const { body } = await look(bench, order.body.number);
    return (body.messages as Message[])[0];
  };
  // The terminal is not there yet: the link waits for it.
  await until('a try', async () => (await message())?.trouble !== undefined);
  await stand.start(['--sms', `127.0.0.1:${port}`, '--gateway', bench.url]);
  const row = bench.core.tables.deliveries.ofOrder(String(order.body.number))[0];
  await bench.core.writer.run((tx) => {
    tx.deliveries.retry(row?.id ?? '', bench.core.clock.now(), row?.trouble ?? '');
    tx.note({ about: 'delivery' });
  });
  await until('the network to take it', async () => (await message())?.state === 'delivered');
  assert.equal((await message())?.report, undefined, 'the phone is off');
  phone.switchOn();
  await until('the report', async () => (await message())?.report?.outcome === 'delivered');
  assert.equal(phone.inbox.length, 1);
  assert.match(
    phone.inbox[0]?.text ?? '',
    new RegExp(`https://pay.example/l/${order.body.number}$`),
  );
  // Somebody else's report changes nothing.
  const payload = JSON.stringify({ type: 'sms.failed', data: { reference: row?.id, at: 0 } });
  const forged = await fetch(`${bench.url}/v1/webhooks/sms`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...signWebhook(writeWebhookSecret(new Uint8Array(32)), 'x', Date.now(), payload),
    },
    body: payload,
  });
  assert.equal(forged.status, 401);
  assert.equal((await message())?.report?.outcome, 'delivered');
});
