/** The telephone terminal as it ships: called, recorded, killed, and sending for the order centre. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { writeWebhookSecret } from '#device/codecs/standard-webhooks.ts';
import { until } from '#test/until.ts';
import { type Deliveries, tellOnce } from './deliveries.ts';
import { openTelephone, type TelephoneStand } from './stand.ts';

const ALICE = '+8613800000001';
const BOB = '+8613800000002';
const SECRET = writeWebhookSecret(new Uint8Array(32).fill(9));

/** Channels of the newest recording. */
function newest({ data }: TelephoneStand) {
  const directory = join(data, 'recordings');
  const [name = ''] = readdirSync(directory)
    .filter((each) => each.endsWith('.json'))
    .sort()
    .reverse();
  const info = JSON.parse(readFileSync(join(directory, name), 'utf8')) as Record<string, unknown>;
  const bytes = readFileSync(join(directory, name.replace('.json', '.wav')));
  const count = (bytes.length - 44) / 4;
  const channel = (offset: number): Int16Array =>
    Int16Array.from({ length: count }, (_, at) => bytes.readInt16LE(44 + 4 * at + offset));
  return { info, left: channel(0), right: channel(2) };
}

const loud = (samples: Int16Array): number => samples.filter((each) => Math.abs(each) > 500).length;

const ended = ({ said }: TelephoneStand, count: number) =>
  until('the end', () => said.filter((one) => one.state === 'ended').length >= count);

describe('the telephone terminal', { concurrency: true }, () => {
  test('answers, says that it records, records both, and takes the next call', async (t) => {
    const stand = await openTelephone({ speed: Number.POSITIVE_INFINITY });
    t.after(() => stand.close());
    await stand.start();
    const alice = stand.network.phone(ALICE);
    alice.dial();
    await until('it is answered', () => alice.call === 'talking');
    const voice = Int16Array.from({ length: 8000 }, (_, at) => 9000 * Math.sin(at / 3));
    await alice.speak(voice);
    // Nobody is there to talk with: it says so and hangs up.
    await until('the end', () => alice.call === 'ended', 20_000);
    await ended(stand, 1);
    const file = await until('the recording', () => {
      const files = readdirSync(join(stand.data, 'recordings'));
      const found = files.some((each) => each.endsWith('.wav')) ? newest(stand) : null;
      return found?.info.ended === 'us' ? found : null;
    });
    assert.equal(file.info.number, ALICE);
    assert.ok(Number(file.info.length_ms) > 3000);
    assert.ok(loud(file.right) > 8000, 'what we said is on the right');
    assert.ok(
      Buffer.from(file.left.buffer).includes(Buffer.from(voice.buffer)),
      'the caller is left',
    );
    // What the phone heard is what was recorded, but for what was on its way at the end.
    const heard = alice.heard();
    assert.ok(loud(heard) > 0.9 * loud(file.right));
    assert.deepEqual(heard.slice(0, 16_000), file.right.slice(0, 16_000));
    assert.equal(JSON.stringify(stand.said).includes(ALICE), false, 'no number is logged');
    const bob = stand.network.phone(BOB);
    bob.dial();
    await until('it is answered', () => bob.call === 'talking');
    bob.hangUp();
    await ended(stand, 2);
    assert.equal(await stand.end('SIGTERM'), 0);
  });

  test('killed in mid-call and started again: the recording is mended, the caller let go', async (t) => {
    const stand = await openTelephone();
    t.after(() => stand.close());
    await stand.start();
    const alice = stand.network.phone(ALICE);
    alice.dial();
    await until('two seconds of it', () => stand.network.frames > 100);
    const frames = stand.network.frames;
    await stand.end('SIGKILL');
    await stand.start();
    await until('the end', () => alice.call === 'ended');
    const { info, right } = newest(stand);
    assert.equal(info.ended, 'crash');
    assert.ok(right.length >= (frames - 55) * 160, `${right.length / 160} of ${frames} frames`);
    assert.ok(loud(right) > 1000);
    const again = stand.network.phone(ALICE);
    again.dial();
    await until('it is answered', () => again.call === 'talking');
    again.hangUp();
    await ended(stand, 1);
  });

  test('sends what the order centre posts once, and tells when it arrived', async (t) => {
    const news: Deliveries = await tellOnce(SECRET);
    t.after(() => news.close());
    const stand = await openTelephone({ env: { HAWKER_SMS_SECRET: SECRET } });
    t.after(() => stand.close());
    await stand.start(['--sms', '127.0.0.1:0', '--gateway', news.url]);
    const url = String(stand.said.find(({ event }) => event === 'ready')?.sms);
    const alice = stand.network.phone(ALICE);
    const link =
      'Lin: order 4471902385, ¥25.00. Pay within 30 min: https://pay.example/l/4471902385';
    const send = (id: string, text: string, to = ALICE) => news.send(url, { id, to, text });
    assert.equal((await send('msg_1', link)).said, 'taken');
    await until('it arrives', () => alice.inbox.length === 1);
    assert.equal(alice.inbox[0]?.text, link);
    assert.equal((await send('msg_1', link)).said, 'taken', 'asked again, it is not sent again');
    await until('the news', () => news.told.length === 1);
    assert.deepEqual(news.told[0]?.type, 'sms.delivered');
    assert.equal(news.told[0]?.data.reference, 'msg_1');
    await stand.network.apply({ fault: 'sms_refused', code: 1 });
    assert.deepEqual(await send('msg_2', link), { said: 'never', why: 'status_400' });
    await stand.network.apply({ fault: 'unregistered' });
    await until('it is noticed', () => stand.said.some((one) => one.registration === 'none'));
    assert.equal((await send('msg_3', 'x')).said, 'later');
    await stand.network.apply({ fault: 'clear' });
    await until('it is back', () => stand.said.at(-1)?.registration === 'home');
    const long =
      '【林阿姨饺子】订单4471902385，¥25.00，请在30分钟内付款：https://pay.example/l/4471902385。'.repeat(
        2,
      );
    assert.equal((await send('msg_3', 'x')).said, 'taken');
    assert.equal((await send('msg_4', long)).said, 'taken');
    await until('both arrive', () => alice.inbox.length === 3);
    assert.deepEqual(
      alice.inbox.slice(1).map(({ text }) => text),
      ['x', long],
    );
    // What was sent is known after a crash, too.
    await stand.end('SIGKILL');
    await stand.start(['--sms', '127.0.0.1:0', '--gateway', news.url]);
    const now = String(stand.said.find(({ event }) => event === 'ready')?.sms);
    assert.equal((await news.send(now, { id: 'msg_4', to: ALICE, text: long })).said, 'taken');
    assert.equal((await news.send(now, { id: 'msg_1', to: ALICE, text: 'other' })).said, 'never');
    assert.equal(alice.inbox.length, 3);
    assert.equal((await news.forge(now)).status, 401);
  });
});
