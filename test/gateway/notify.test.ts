import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '#gateway/clock.ts';
import type { DeliveryRow } from '#gateway/store/tables-centre.ts';
import { MailServer } from '#simulators/notify/mail.ts';
import { SmsProvider } from '#simulators/notify/sms.ts';
import { until } from '#test/until.ts';
import { type Bench, openBench, PAID, PHONE, place, result, SECRET, tell } from './centre-bench.ts';
import type { Answer } from './harness.ts';

/** Real time, but pauses of seconds take as many hundredths. */
const quickClock = {
  ...systemClock,
  now: () => systemClock.now(),
  after: (ms: number, then: () => void) => systemClock.after(Math.min(ms, 20), then),
};

describe('messages to people', () => {
  let bench: Bench;
  let mail: MailServer;
  let sms: SmsProvider;
  const email = 'wang@example.org';
  const lines = [{ code: '2', quantity: 1 }];

  const delivery = (order: Answer): DeliveryRow | undefined =>
    bench.core.tables.deliveries.ofOrder(String(order.body.number)).at(-1);
  const settled = (order: Answer, state: DeliveryRow['state']): Promise<DeliveryRow> =>
    until(`${state} of ${order.body.number}`, () => {
      const row = delivery(order);
      return row?.state === state && row;
    });
  const tried = (order: Answer): Promise<DeliveryRow> =>
    until(`a try for ${order.body.number}`, () => {
      const row = delivery(order);
      return row !== undefined && row.tries > 0 && row;
    });
  /** Makes what waits due now. */
  const hurry = async (order: Answer): Promise<void> => {
    const row = delivery(order);
    await bench.core.writer.run((tx) => {
      tx.deliveries.retry(row?.id ?? '', bench.core.clock.now(), row?.trouble ?? '');
      tx.note({ about: 'delivery' });
    });
  };

  before(async () => {
    mail = await MailServer.open();
    sms = await SmsProvider.open({ secret: SECRET });
    bench = await openBench({
      clock: quickClock,
      notify: {
        smtp: {
          ...{ host: '127.0.0.1', port: mail.port, secure: false, timeout_ms: 400 },
          from: "Lin's Dumplings <orders@example.org>",
        },
        sms: { url: sms.url, secret: SECRET, timeout_ms: 400 },
      },
    });
  });
  after(async () => {
    await bench.close();
    await mail.close();
    await sms.close();
  });

  test('an SMS with the link arrives once, and what took it is recorded', async () => {
    const order = await place(bench, { lines });
    const row = await settled(order, 'delivered');
    assert.equal(row.reference, `sms-${sms.sent.length}`);
    const last = sms.sent.at(-1);
    assert.equal(last?.to, PHONE);
    assert.equal(last?.reference, row.id);
    assert.equal(
      last?.text,
      `【Lin's Dumplings】订单${order.body.number}，¥10.00，请在30分钟内付款：https://pay.example/l/${order.body.number}`,
    );
  });

  test('an e-mail in either language, readable in a mailbox, then the bill', async () => {
    const order = await place(bench, { lines, email, language: 'en' });
    await settled(order, 'delivered');
    const first = mail.mails.at(-1);
    assert.equal(first?.to, email);
    assert.equal(first?.from, "Lin's Dumplings <orders@example.org>");
    assert.equal(first?.subject, `Lin's Dumplings: pay order ${order.body.number}`);
    assert.ok(first?.text.includes(`https://pay.example/l/${order.body.number}\n`));
    assert.ok(first?.text.includes('1 × Chive and egg dumplings  10.00'));
    await tell(bench, result(order, PAID));
    await until('the bill', () => mail.mails.at(-1)?.subject.includes('is paid'));
    assert.ok(mail.mails.at(-1)?.text.includes('Payment: PAY-1'));
    const chinese = await place(bench, { lines, email, language: 'zh-CN' });
    await settled(chinese, 'delivered');
    assert.equal(mail.mails.at(-1)?.subject, `Lin's Dumplings：订单${chinese.body.number}待付款`);
  });

  test('a mail server that is down and comes back delivers once', async () => {
    await mail.apply({ fault: 'unplug' });
    const order = await place(bench, { lines, email });
    const waiting = await tried(order);
    assert.deepEqual([waiting.state, waiting.trouble], ['waiting', 'esocket']);
    await mail.apply({ fault: 'replug' });
    await hurry(order);
    await settled(order, 'delivered');
    const about = mail.mails.filter(({ subject }) => subject.includes(String(order.body.number)));
    assert.equal(about.length, 1);
  });

  test('a mail server that is busy is asked again; one that refuses is not', async () => {
    await mail.apply({ fault: 'busy' });
    const order = await place(bench, { lines, email });
    assert.equal((await tried(order)).trouble, 'smtp_451');
    await mail.apply({ fault: 'refuse' });
    await hurry(order);
    const row = await settled(order, 'failed');
    assert.equal(row.trouble, 'smtp_550');
    await mail.apply({ fault: 'clear' });
  });

  test('a mail whose answer was lost comes again under the same Message-ID', async () => {
    await mail.apply({ fault: 'lose' });
    const order = await place(bench, { lines, email });
    await tried(order);
    await hurry(order);
    const row = await settled(order, 'delivered');
    const about = mail.mails.filter(({ subject }) => subject.includes(String(order.body.number)));
    assert.deepEqual([...new Set(about.map(({ message_id }) => message_id))], [row.reference]);
  });

  test('an SMS whose answer was lost is never sent twice', async () => {
    await sms.apply({ fault: 'lose' });
    const order = await place(bench, { lines });
    await tried(order);
    await hurry(order);
    const row = await settled(order, 'delivered');
    assert.equal(sms.sent.filter(({ reference }) => reference === row.id).length, 1);
  });

  test('a provider that hangs, is busy, or is gone is asked again; a refusal is final', async () => {
    for (const [fault, trouble] of [
      ['hang', 'timeout'],
      ['busy', 'status_503'],
      ['unplug', 'econnrefused'],
    ] as const) {
      await sms.apply({ fault });
      const order = await place(bench, { lines });
      assert.equal((await tried(order)).trouble, trouble);
      await sms.apply({ fault: fault === 'unplug' ? 'replug' : 'clear' });
      await hurry(order);
      await settled(order, 'delivered');
    }
    await sms.apply({ fault: 'refuse' });
    const order = await place(bench, { lines });
    assert.equal((await settled(order, 'failed')).trouble, 'status_400');
    await sms.apply({ fault: 'clear' });
  });

  test('no phone number, address or link is in the log', () => {
    const all = JSON.stringify(bench.logged);
    assert.ok(bench.logged.length > 0);
    for (const secret of [PHONE, PHONE.slice(3), email, 'pay.example']) {
      assert.equal(all.includes(secret), false, secret);
    }
  });
});

test('what is not set up waits, and is told who mends it', async () => {
  const bench = await openBench();
  const order = await place(bench, { lines: [{ code: '2', quantity: 1 }] });
  const row = await until('a try', () => {
    const found = bench.core.tables.deliveries.ofOrder(String(order.body.number))[0];
    return found !== undefined && found.tries > 0 && found;
  });
  assert.deepEqual([row.state, row.trouble], ['waiting', 'not_set_up']);
  assert.ok(bench.logged.some(({ mend }) => mend?.includes('sms')));
  await bench.close();
});
