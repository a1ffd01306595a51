/** The phone's page without JavaScript, and its JSON interface at the edges. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { until } from '#test/until.ts';
import { ALSO_RICH, call, RICH } from './harness.ts';
import { PairingStand, type PhoneClient } from './pairing-stand.ts';
import { ALICE, BareBrowser, POOR_BOB, type Seen } from './platform-stand.ts';

const LIMIT = 20 * 1024;
const hidden = (seen: Seen, name: string): string =>
  new RegExp(`name="${name}" value="([^"]*)"`).exec(seen.text)?.[1] ?? '';

describe('the pairing page', () => {
  let stand: PairingStand;
  let http = '';
  before(async () => {
    stand = await PairingStand.open();
    http = stand.gateway.http;
  });
  after(() => stand.close());

  const logIn = async (browser: BareBrowser, payer = RICH) => {
    const done = await browser.post(`${http}/pair/log-in`, { ...payer, number: '' });
    assert.equal(done.status, 303, done.text);
  };
  const connect = async (browser: BareBrowser) => {
    const done = await browser.post(`${http}/pair/terminal`, { number: stand.number });
    assert.equal(done.status, 303, done.text);
  };

  test('from log-in to bill by forms alone, each page under 20 KB', async () => {
    const browser = new BareBrowser();
    const sizes: number[] = [];
    const see = async (says: RegExp) => {
      const seen = await browser.get(`${http}/pair`);
      assert.equal(seen.status, 200);
      assert.match(seen.text, says);
      assert.match(seen.headers.get('content-security-policy') ?? '', /default-src 'none'/);
      sizes.push(seen.bytes);
      return seen;
    };
    await see(/Log in/);
    await logIn(browser);
    await see(/Terminal number/);
    await connect(browser);
    await see(/Waiting for the amount/);
    assert.match((await see(/Waiting/)).text, /<noscript><meta http-equiv="refresh"/);
    const order = await stand.offer();
    const ask = () =>
      until('the question', async () => {
        const seen = await browser.get(`${http}/pair`);
        return seen.text.includes('name="answer"') ? seen : null;
      });
    const form = await ask();
    assert.match(form.text, /Pay ¥12\.50 to Lin&#39;s Dumplings\?/);
    const answer = (seen: Seen) =>
      browser.post(`${http}/pair/answer`, {
        order: hidden(seen, 'order'),
        key: hidden(seen, 'key'),
        answer: 'yes',
      });
    const gone = await answer(form);
    assert.equal(gone.status, 303);
    assert.ok(gone.location.startsWith(`${stand.platform.url}/pay/`));
    await see(/Continue at Lotus Pay/);
    const poor = await browser.post(gone.location, POOR_BOB);
    assert.equal((await browser.get(poor.location)).location, '/pair');
    const again = await ask();
    assert.match(again.text, /not enough money in that account. The payment did not work/);
    const second = await answer(again);
    const paid = await browser.post(second.location, ALICE);
    await browser.get(paid.location);
    const bill = await see(/The next order appears here/);
    assert.match(bill.text, /al•••/);
    assert.match(bill.text, /Dumplings/);
    assert.equal((await stand.terminal.result(order.number)).outcome, 'paid');
    assert.ok(
      sizes.every((size) => size < LIMIT),
      sizes.join(),
    );
    await browser.post(`${http}/pair/leave`, {});
    await see(/You have left/);
    await browser.post(`${http}/pair/log-out`, {});
    await see(/Log in/);
  });

  test('says what is wrong on the page, in both languages', async () => {
    for (const [language, pin, number] of [
      ['en', /Phone number or PIN is wrong/, /No terminal has this number/],
      ['zh-CN', /手机号码或支付密码错误/, /没有此终端号/],
    ] as const) {
      const browser = new BareBrowser(language);
      const wrong = await browser.post(`${http}/pair/log-in`, { phone: RICH.phone, pin: '975310' });
      assert.equal(wrong.status, 422);
      assert.match(wrong.text, pin);
      assert.doesNotMatch(wrong.text, /975310/);
      await logIn(browser);
      const nowhere = await browser.post(`${http}/pair/terminal`, { number: '000000' });
      assert.equal(nowhere.status, 422);
      assert.match(nowhere.text, number);
    }
  });

  test('a link with the number brings it along through the log-in', async () => {
    const browser = new BareBrowser();
    const page = await browser.get(`${http}/pair?t=${stand.number}`);
    const number = hidden(page, 'number');
    assert.equal(number, stand.number);
    const done = await browser.post(`${http}/pair/log-in`, { ...RICH, number });
    assert.match(done.location, new RegExp(`t=${stand.number}`));
    assert.match((await browser.get(http + done.location)).text, new RegExp(`value="${number}"`));
  });

  test('five wrong PINs lock the account here as everywhere', async () => {
    const browser = new BareBrowser();
    for (let wrong = 0; wrong < 5; wrong += 1) {
      await browser.post(`${http}/pair/log-in`, { phone: ALSO_RICH.phone, pin: '000000' });
    }
    const locked = await browser.post(`${http}/pair/log-in`, ALSO_RICH);
    assert.match(locked.text, /locked/);
  });

  test('the cookie is HttpOnly and Lax, new at each log-in, and Secure over https', async () => {
    const browser = new BareBrowser();
    await logIn(browser);
    const first = browser.cookies.get('pairing_session') ?? '';
    await logIn(browser);
    assert.notEqual(browser.cookies.get('pairing_session'), first);
    const old = new BareBrowser();
    old.cookies.set('pairing_session', first);
    assert.match((await old.get(`${http}/pair`)).text, /Log in/, 'the earlier one has ended');
    const secure = await new BareBrowser().post(
      `${http}/pair/log-in`,
      { ...RICH, number: '' },
      { 'x-forwarded-proto': 'https' },
    );
    assert.match(
      secure.headers.get('set-cookie') ?? '',
      /^__Host-pairing_session=.*HttpOnly; SameSite=Lax; Secure$/,
    );
    const foreign = { origin: 'http://evil.example' };
    assert.equal((await browser.post(`${http}/pair/leave`, {}, foreign)).status, 403);
  });

  test('JSON: who has no session, no key, or the wrong order is told so', async () => {
    assert.equal((await call(`${http}/v1/pairing`)).body.code, 'bearer_missing');
    const nobody = await call(`${http}/v1/pairing`, { bearer: 'x'.repeat(43) });
    assert.equal(nobody.body.code, 'bearer_invalid');
    const phone = await stand.phone(RICH);
    const order = '06D2QF8Z3K7M1N5P';
    const wish = { order, answer: 'yes' };
    const path = '/v1/pairing/answers';
    assert.equal((await phone.ask(path, wish)).body.code, 'idempotency_key_missing');
    assert.equal((await phone.ask(path, wish, 'k')).body.code, 'not_paired');
    await phone.pair(stand.number);
    assert.equal((await phone.ask(path, wish, 'k')).body.code, 'unknown_order');
    assert.equal((await phone.ask('/v1/pairings', { number: 104 })).status, 400);
    await phone.ask('/v1/pairing/log-out', {}).catch(() => undefined);
    assert.equal((await phone.ask('/v1/pairing')).body.code, 'bearer_invalid');
  });

  test('guessing numbers is slowed down', async () => {
    const phone = await stand.phone(RICH);
    let last = '';
    for (let guess = 0; guess < 25 && last !== 'slow_down'; guess += 1) {
      last = String((await phone.pair(String(100_000 + guess))).body.code);
    }
    assert.equal(last, 'slow_down');
  });
});

describe('the events of a paired phone', () => {
  let stand: PairingStand;
  before(async () => {
    stand = await PairingStand.open();
  });
  after(() => stand.close());

  test('one at once and one at each change, by a stream and by long polling', async () => {
    const phone: PhoneClient = await stand.phone(RICH);
    const stop = new AbortController();
    const response = await fetch(`${stand.gateway.http}/v1/pairing/events`, {
      headers: { authorization: `Bearer ${phone.session}` },
      signal: stop.signal,
    });
    let text = '';
    const read = (async () => {
      for await (const chunk of response.body ?? []) text += Buffer.from(chunk).toString();
    })().catch(() => undefined);
    const steps = () => [...text.matchAll(/"step":"(\w+)"/g)].map(([, step]) => step);
    await until('the first', () => steps().length === 1);
    const polled = phone.seen(`?wait_s=20&version=${(await phone.seen()).version}`);
    await phone.pair(stand.number);
    assert.equal((await polled).view.step, 'wait');
    const order = await stand.offer();
    await until('the question', () => steps().at(-1) === 'confirm');
    await phone.payAt(await phone.agree(order));
    await until('the bill', () => steps().at(-1) === 'paid');
    assert.deepEqual(
      steps().filter((step, at, all) => step !== all[at - 1]),
      ['pair', 'wait', 'confirm', 'asking', 'pay', 'paid'],
    );
    stop.abort();
    await read;
  });
});
