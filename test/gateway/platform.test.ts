/** Row E5: the third-party platform as an organisation of its own. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ed25519 } from '@noble/curves/ed25519.js';
import { until } from '#test/until.ts';
import {
  ALICE,
  BareBrowser,
  BLOCKED_EVE,
  CODE,
  Merchant,
  POOR_BOB,
  platformClock,
  startPlatform,
  type TestPlatform,
} from './platform-stand.ts';

const LIMIT = 20 * 1024;

describe('the payment platform', () => {
  const clock = platformClock();
  let platform: TestPlatform;
  let merchant: Merchant;
  before(async () => {
    platform = await startPlatform({ clock });
    merchant = await Merchant.open(platform.url, { clock });
  });
  after(async () => {
    await merchant.close();
    await platform.close();
  });

  const granted = async (change = {}) => {
    const { status, body } = await merchant.permission(change);
    assert.equal(status, 201, JSON.stringify(body));
    return { id: String(body.id), page: String(body.page_url) };
  };
  const webhookOf = (id: string) =>
    until(`webhook of ${id}`, () => merchant.webhooks.find((each) => each.data.id === id));
  const holders = async () => (await platform.balances()).get('platform:merchant:hawker:CNY') ?? 0;

  test('an address that cannot be read is a documented problem, too', async () => {
    const answer = await fetch(`${platform.url}/v1/permissions/%E0%A4%A`);
    assert.equal(answer.status, 400);
    assert.equal(answer.headers.get('content-type'), 'application/problem+json');
    assert.equal(((await answer.json()) as { code: string }).code, 'malformed_request');
    assert.equal((await fetch(`${platform.url}/%E0%A4%A`)).status, 400);
  });

  test('a payment: debited once, told by return, by webhook and by status', async () => {
    const before = await holders();
    const { id, page } = await granted();
    const browser = new BareBrowser();
    const form = await browser.get(page);
    assert.equal(form.status, 200);
    assert.ok(form.bytes < LIMIT, `${form.bytes} bytes`);
    assert.match(form.text, /Lin&#39;s Dumplings/);
    assert.match(form.text, /¥12\.50/);
    const done = await browser.post(page, ALICE);
    assert.equal(done.status, 303);
    assert.ok(done.location.startsWith(`${merchant.url}/return?order=1&result=`));
    assert.doesNotMatch(done.location, /alice|al•/);
    const { data } = await webhookOf(id);
    assert.equal(data.state, 'paid');
    assert.equal(data.payer, 'al•••');
    const status = await merchant.ask(`/v1/permissions/${id}`);
    assert.deepEqual(status.body, data);
    assert.equal(await holders(), before + 1250);
  });

  test('whatever is repeated, one debit: ten presses, two phones, a request sent twice', async () => {
    const before = await holders();
    const { id, page } = await granted({ id: 'twice' });
    assert.equal((await granted({ id: 'twice' })).page, page);
    const other = await merchant.permission({ id: 'twice', amount_minor: 1 });
    assert.equal(other.status, 422);
    assert.equal(other.body.code, 'idempotency_key_reused');
    const phones = [new BareBrowser(), new BareBrowser()];
    const presses = Array.from({ length: 10 }, (_, at) => phones[at % 2]?.post(page, ALICE));
    const locations = new Set((await Promise.all(presses)).map((each) => each?.location));
    assert.equal(locations.size, 1);
    assert.equal(await holders(), before + 1250);
    assert.equal((await webhookOf(id)).type, 'permission.paid');
  });

  test('no money, a blocked account, a payer who says no: each ends it, and nothing is taken', async () => {
    const before = await holders();
    for (const [fields, reason] of [
      [POOR_BOB, 'insufficient_funds'],
      [BLOCKED_EVE, 'account_blocked'],
      [{ act: 'refuse' }, 'payer_refused'],
    ] as const) {
      const { id, page } = await granted();
      const ended = await new BareBrowser().post(page, fields);
      assert.equal(ended.status, 303);
      assert.equal((await webhookOf(id)).data.reason, reason);
      assert.equal((await new BareBrowser().post(page, ALICE)).status, 303, 'ended once for all');
    }
    assert.equal(await holders(), before);
  });

  test('wrong passwords lock a name, known or not, and end the permission', async () => {
    for (const account of ['bob', 'nobody-of-this-name']) {
      const { id, page } = await granted();
      const browser = new BareBrowser();
      for (let wrong = 1; wrong < 5; wrong += 1) {
        const again = await browser.post(page, { account, password: 'wrong wrong' });
        assert.equal(again.status, 422);
        assert.match(again.text, /Account or password is wrong/);
        assert.doesNotMatch(again.text, /wrong wrong/);
      }
      assert.equal((await browser.post(page, { account, password: 'wrong wrong' })).status, 303);
      assert.equal((await webhookOf(id)).data.reason, 'account_locked');
      const next = await granted();
      const locked = await browser.post(next.page, { account, password: POOR_BOB.password });
      assert.equal(locked.status, 303, 'the right password does not open it now');
    }
    clock.ahead = 16 * 60_000;
    const { id, page } = await granted();
    await new BareBrowser().post(page, POOR_BOB);
    clock.ahead = 0;
    assert.equal((await merchant.ask(`/v1/permissions/${id}`)).body.reason, 'insufficient_funds');
  });

  test('a session remembers who, never the password, and changes its token each time', async () => {
    const browser = new BareBrowser();
    await browser.post((await granted()).page, ALICE);
    const first = browser.cookies.get('platform_session');
    assert.ok(first);
    const { page } = await granted();
    const form = await browser.get(page);
    assert.match(form.text, /Signed in as al•••/);
    assert.doesNotMatch(form.text, /name="account"/);
    assert.equal((await browser.post(page, { password: ALICE.password })).status, 303);
    assert.notEqual(browser.cookies.get('platform_session'), first);
    const thief = new BareBrowser();
    thief.cookies.set('platform_session', first);
    assert.match((await thief.get((await granted()).page)).text, /name="account"/);
    const third = await granted();
    assert.equal((await browser.post(third.page, { act: 'forget' })).status, 303);
    assert.match((await browser.get(third.page)).text, /name="account"/);
  });

  test('its cookie is HttpOnly and Lax, and Secure where the payer came by https', async () => {
    const plain = await new BareBrowser().post((await granted()).page, ALICE);
    assert.match(plain.headers.get('set-cookie') ?? '', /HttpOnly; SameSite=Lax$/);
    const headers = { 'x-forwarded-proto': 'https' };
    const secure = await new BareBrowser().post((await granted()).page, ALICE, headers);
    assert.match(secure.headers.get('set-cookie') ?? '', /^__Host-platform_session=.*; Secure$/);
    const foreign = await new BareBrowser().post((await granted()).page, ALICE, {
      origin: 'http://evil.example',
    });
    assert.equal(foreign.status, 403);
  });

  test('only who is registered and signs is served', async () => {
    const body = { id: 'x' };
    const bare = await fetch(`${platform.url}/v1/permissions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    assert.equal(bare.status, 401);
    const wrong: Parameters<Merchant['ask']>[1][] = [
      { body, id: 'x', key: ed25519.utils.randomSecretKey() },
      { body, id: 'x', keyId: 'nobody' },
      { body, id: 'x', keyId: 'other' },
      { body, id: 'x', now: Date.now() - 3_600_000 },
      { body, id: 'x', change: { 'content-digest': 'sha-256=:AAAA:' } },
      { body, id: 'x', change: { 'idempotency-key': 'y' } },
    ];
    for (const options of wrong) {
      const answer = await merchant.ask('/v1/permissions', options);
      assert.equal(answer.status, 401, JSON.stringify(options));
      assert.equal(answer.body.code, 'signature_wrong');
    }
    assert.equal((await merchant.register('NOT-A-CODE-1')).body.code, 'code_refused');
    const thief = ed25519.utils.randomSecretKey();
    assert.equal((await merchant.register(CODE, thief)).body.code, 'code_refused');
    assert.equal((await merchant.register(CODE)).status, 201, 'its own server may come again');
  });

  test('one client can neither see nor refund what is another’s', async () => {
    const { id, page } = await granted();
    await new BareBrowser().post(page, ALICE);
    const other = await Merchant.open(platform.url, { code: 'REGISTER-OTHER-1' });
    assert.equal((await other.ask(`/v1/permissions/${id}`)).status, 404);
    const refund = { id: 'steal', of: id, amount_minor: 1250 };
    assert.equal((await other.ask('/v1/refunds', { body: refund, id: 'steal' })).status, 404);
    await other.close();
  });

  test('sends payers nowhere but where the client registered', async () => {
    const answer = await merchant.permission({ return_url: 'http://evil.example/' });
    assert.equal(answer.body.code, 'return_url_refused');
  });

  test('refunds each exactly once, in parts, and never more than was paid', async () => {
    const { id, page } = await granted();
    await new BareBrowser().post(page, ALICE);
    const before = await holders();
    const refund = (name: string, amount_minor: number) =>
      merchant.ask('/v1/refunds', { body: { id: name, of: id, amount_minor }, id: name });
    const [first, again] = await Promise.all([refund('r-1', 250), refund('r-1', 250)]);
    assert.deepEqual(first?.body, again?.body);
    assert.equal((await refund('r-1', 251)).body.code, 'idempotency_key_reused');
    const much = await refund('r-2', 1001);
    assert.equal(much.body.code, 'too_much');
    assert.equal(much.body.left_minor, 1000);
    assert.equal((await refund('r-3', 1000)).status, 201);
    assert.equal(await holders(), before - 1250);
    const open = await granted();
    const early = { id: 'r-4', of: open.id, amount_minor: 1 };
    assert.equal(
      (await merchant.ask('/v1/refunds', { body: early, id: 'r-4' })).body.code,
      'not_paid',
    );
  });

  test('withdrawn: not paid afterwards; before it arrives: never granted; after payment: paid', async () => {
    const { id, page } = await granted();
    const gone = (which: string) =>
      merchant.ask(`/v1/permissions/${which}/withdrawal`, { body: {} });
    assert.equal((await gone(id)).body.reason, 'withdrawn');
    const before = await holders();
    await new BareBrowser().post(page, ALICE);
    assert.equal(await holders(), before);
    assert.equal((await gone('late-one')).body.reason, 'withdrawn');
    assert.equal((await merchant.permission({ id: 'late-one' })).body.code, 'request_withdrawn');
    const paid = await granted();
    await new BareBrowser().post(paid.page, ALICE);
    assert.equal((await gone(paid.id)).body.state, 'paid');
  });

  test('expires by itself, and says so', async () => {
    const { id, page } = await granted({ expires_at: 1 });
    clock.ahead = 6000;
    const before = await holders();
    await new BareBrowser().post(page, ALICE);
    assert.equal(await holders(), before);
    clock.ahead = 0;
    assert.equal((await webhookOf(id)).data.reason, 'expired');
  });

  test('tells a merchant that was down as soon as it is back, and signs each try', async () => {
    merchant.refuses = 1;
    const { id, page } = await granted();
    await new BareBrowser().post(page, ALICE);
    await webhookOf(id);
    assert.equal(merchant.webhooks.filter((each) => each.data.id === id).length, 1);
    assert.equal(merchant.forged.includes('forged'), false);
  });

  test('a restart in between changes nothing', async () => {
    const { id, page } = await granted();
    await platform.restart();
    await new BareBrowser().post(page, ALICE);
    assert.equal((await webhookOf(id)).data.state, 'paid');
  });

  test('no card data, no passwords: not taken, not kept, not logged', async () => {
    const card = await merchant.permission({ order: '4111 1111 1111 1111' });
    assert.equal(card.body.code, 'card_data_refused');
    const { page } = await granted();
    const typed = await new BareBrowser().post(page, {
      account: '4111111111111111',
      password: 'whatever 1',
    });
    assert.doesNotMatch(typed.text, /4111111111111111/);
    const kept = readFileSync(join(platform.data, 'platform.sqlite'), 'latin1');
    const wal = readFileSync(join(platform.data, 'platform.sqlite-wal'), 'latin1');
    const logs = JSON.stringify(platform.logged);
    for (const secret of [ALICE.password, '4111111111111111', 'wrong wrong']) {
      assert.equal(kept.includes(secret) || wal.includes(secret) || logs.includes(secret), false);
    }
  });

  test('its interface is described truly', async () => {
    const response = await fetch(`${platform.url}/openapi.json`);
    const api = (await response.json()) as { paths: Record<string, Record<string, unknown>> };
    for (const [path, operations] of Object.entries(api.paths)) {
      for (const method of Object.keys(operations)) {
        const response = await fetch(platform.url + path.replace('{id}', 'x'), {
          method: method.toUpperCase(),
          ...(method === 'get'
            ? {}
            : { body: '{}', headers: { 'content-type': 'application/json' } }),
        });
        assert.ok([400, 401].includes(response.status), `${method} ${path}: ${response.status}`);
      }
    }
  });

  test('says why not in both languages', async () => {
    for (const [language, says] of [
      ['en', /no such payment/],
      ['zh-CN', /没有这笔付款/],
    ] as const) {
      const seen = await new BareBrowser(language).get(`${platform.url}/pay/nothing`);
      assert.equal(seen.status, 404);
      assert.match(seen.text, says);
    }
  });
});
