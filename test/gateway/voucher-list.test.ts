/** A party's vouchers page by page, in HTTP and on its page, and what is told again under one key. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { VoucherView } from '#gateway/funds/schemas.ts';
import { type Answer, call, freshKey, SEED, startGateway, type TestGateway } from './harness.ts';
import { closeStands, openStand, VOUCHER_SEED, wish } from './voucher-stand.ts';

test('vouchers of one moment are never parted by a page', async () => {
  const stand = await openStand('together');
  const moment = stand.clock.now();
  // They are made within one ms, as one commit makes them.
  stand.clock.now = () => moment;
  const made = await Promise.all(Array.from({ length: 60 }, () => stand.create()));
  stand.clock.now = () => moment + 1;
  await stand.create();
  const first = stand.funds.reading.list('shop', Number.MAX_SAFE_INTEGER);
  const second = stand.funds.reading.list('shop', first.next ?? 0);
  const listed = [...first.vouchers, ...second.vouchers].map(({ number }) => number);
  assert.equal(new Set(listed).size, 61);
  assert.equal(listed.length, 61);
  assert.ok(made.every(({ number }) => listed.includes(number)));
  closeStands();
});

describe('over HTTP', () => {
  let gateway: TestGateway;
  before(async () => {
    const { payers, parties } = VOUCHER_SEED;
    gateway = await startGateway({ seed: { ...SEED, payers, parties } });
  });
  after(() => gateway.close());

  const ask = (path: string, body: unknown, key: string): Promise<Answer> =>
    call(`${gateway.http}/v1/funds/vouchers${path}`, {
      ...{ bearer: 'token-of-party-shop', body, key },
    });

  test('an answer that is told again says so', async () => {
    const [key, body] = [freshKey(), wish(Date.now())];
    const first = await ask('', body, key);
    const again = await ask('', body, key);
    assert.equal(first.headers.get('idempotency-replayed'), null);
    assert.equal(again.headers.get('idempotency-replayed'), 'true');
    assert.deepEqual(again.body, first.body);
    const other = await ask('', { ...body, memo: 'another' }, key);
    assert.deepEqual([other.status, other.body.code], [422, 'idempotency_key_reused']);
  });

  test('a memo that could turn a line around is refused with its place', async () => {
    const body = { ...wish(Date.now()), memo: 'for 5\u202e00.1 YNC' };
    const { status, body: said } = await ask('', body, freshKey());
    assert.equal(status, 400);
    assert.match(JSON.stringify(said.errors), /memo.*control characters/);
  });

  test('the page leads to the older ones', async () => {
    const numbers: string[] = [];
    for (let each = 0; each < 52; each += 1) {
      const { body } = await ask('', wish(Date.now()), freshKey());
      numbers.push(String(body.number));
    }
    const form = { party: 'shop', password: 'password of shop' };
    const logIn = await fetch(`${gateway.http}/vouchers/log-in`, {
      ...{ method: 'POST', body: new URLSearchParams(form), redirect: 'manual' },
    });
    const cookie = logIn.headers.get('set-cookie')?.split(';')[0] ?? '';
    const read = async (path: string) =>
      (await fetch(gateway.http + path, { headers: { cookie } })).text();
    const page = await read('/vouchers?lang=en');
    const oldest = numbers[0] ?? '';
    assert.ok(!page.includes(`/vouchers/${oldest}`));
    const older = /href="(\/vouchers\?before=[^"]+)"/.exec(page)?.[1]?.replace('&amp;', '&') ?? '';
    assert.ok((await read(older)).includes(`/vouchers/${oldest}`), older);
  });

  test('a form whose session has ended is told so, and does nothing', async () => {
    const { body } = await ask('', wish(Date.now()), freshKey());
    const response = await fetch(`${gateway.http}/vouchers/${String(body.number)}/withdraw`, {
      ...{ method: 'POST', body: new URLSearchParams({ key: freshKey().padEnd(8, '0') }) },
    });
    assert.equal(response.status, 401);
    assert.match(await response.text(), /You are logged out, and nothing was done/);
    const { body: still } = await call(`${gateway.http}/v1/funds/vouchers/${String(body.number)}`, {
      bearer: 'token-of-party-shop',
    });
    assert.equal((still as unknown as VoucherView).state, 'asked');
  });
});
