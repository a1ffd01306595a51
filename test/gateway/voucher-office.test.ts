/** The fund server's own pages and interface: for its operator alone, on its machine alone. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { officePage } from '#gateway/funds/office-page.ts';
import { overviewOf } from '#gateway/funds/overview.ts';
import type { Seed } from '#gateway/seed.ts';
import { until } from '#test/until.ts';
import { type Constellation, openConstellation } from './constellation.ts';
import { operator, SEED } from './harness.ts';
import { voucherDesk } from './voucher-desk.ts';
import { closeStands, openStand, VOUCHER_SEED, WANG } from './voucher-stand.ts';
import { bringTo } from './voucher-states.ts';

const OFFICE_SEED: Seed = { ...SEED, payers: VOUCHER_SEED.payers, parties: VOUCHER_SEED.parties };

describe('the fund server’s office', () => {
  let all: Constellation;
  let number: string;
  const gateway = () => all.funds?.at ?? assert.fail();
  const { act, asked, issue } = voucherDesk(() => gateway().http);

  before(async () => {
    all = await openConstellation('together', { seed: OFFICE_SEED });
    ({ number } = await issue());
    await act('chen', number, 'redeem', { amount_minor: 1250, currency: 'CNY' });
    await asked({ amount_minor: 700 });
  });
  after(() => all.close());

  const page = async (
    path: string,
    { cookie = '', form, headers = {} }: { cookie?: string; form?: object; headers?: object } = {},
  ) => {
    const answer = await fetch(`${gateway().http}/vouchers/office${path}`, {
      redirect: 'manual',
      headers: { cookie, 'accept-language': 'en', 'sec-fetch-site': 'same-origin', ...headers },
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams({ ...form }) }),
    });
    const [set = ''] = answer.headers.getSetCookie();
    return {
      status: answer.status,
      text: await answer.text(),
      cookie: set.split(';')[0] ?? '',
      location: answer.headers.get('location') ?? '',
    };
  };
  const signIn = async (): Promise<string> =>
    (await page('/sign-in', { form: { token: gateway().operatorToken } })).cookie;

  test('tells by program what stands, what is owed, and who did what', async () => {
    const { body } = await operator(gateway(), '/v1/funds/overview');
    assert.deepEqual(body, {
      standing: [
        { currency: 'CNY', state: 'asked', count: 1, face_minor: 700, frozen_minor: 0 },
        { currency: 'CNY', state: 'issued', count: 1, face_minor: 20_000, frozen_minor: 18_750 },
      ],
      books: [
        {
          ...{ currency: 'CNY', issuer_owes_minor: 1250 },
          ...{ owed_to_acquirer_minor: 0, owed_to_parties_minor: 1250 },
        },
      ],
      questions: { open: 0, about: [] },
    });
    const trail = await operator(gateway(), `/v1/funds/vouchers/${number}/trail`);
    type Trail = { events: { action: string; by: string }[]; questions: object[] };
    const { events, questions } = trail.body as unknown as Trail;
    assert.deepEqual(
      events.map(({ by, action }) => `${by} ${action}`),
      [
        ...['shop ask', 'fund agree', 'shop request_issue', 'fund name_account'],
        ...[
          'shop confirm_account',
          'fund_server freeze',
          'chen redeem',
          'fund_server capture_part',
        ],
      ],
    );
    assert.deepEqual(
      questions.map((each) => ({ ...each, id: '', begun_at: 0 })),
      [
        { id: '', kind: 'freeze', begun_at: 0, tries: 0, said: 'issued' },
        { id: '', kind: 'capture', begun_at: 0, tries: 0, said: 'captured' },
      ],
    );
    assert.equal(JSON.stringify(trail.body).includes(WANG.phone), false);
    const none = await operator(gateway(), '/v1/funds/vouchers/123456789015/trail');
    assert.deepEqual([none.status, none.body.code], [404, 'unknown_voucher']);
  });

  test('lets nobody else in', async () => {
    for (const path of ['/v1/funds/overview', `/v1/funds/vouchers/${number}/trail`]) {
      const other = await fetch(gateway().http + path, {
        headers: { authorization: 'Bearer token-of-party-shop' },
      });
      assert.equal(other.status, 403, path);
    }
    const wrong = await page('/sign-in', { form: { token: 'token-of-party-shop' } });
    assert.deepEqual([wrong.status, wrong.cookie], [422, '']);
    assert.match(wrong.text, /not the operator’s token/);
    const far = { 'x-forwarded-for': '203.0.113.7' };
    const form = { token: gateway().operatorToken };
    assert.equal((await page('/sign-in', { form, headers: far })).status, 422);
    const cookie = await signIn();
    assert.doesNotMatch((await page('', { cookie, headers: far })).text, /¥200\.00/);
    assert.equal((await page(`/${number}`)).status, 401);
    const foreign = { 'sec-fetch-site': 'cross-site' };
    const add = { party: 'mallory', name: 'Mallory' };
    assert.equal((await page('/parties', { cookie, form: add, headers: foreign })).status, 403);
    assert.equal((await page('/parties', { form: add })).status, 401);
    assert.doesNotMatch((await page('', { cookie })).text, /mallory/i);
  });

  test('shows and finds vouchers, and each one’s trail', async () => {
    const cookie = await signIn();
    const { status, text } = await page('', { cookie });
    assert.equal(status, 200);
    for (const shown of ['¥187.50', '¥12.50', '¥7.00', 'All are answered']) {
      assert.ok(text.includes(shown), shown);
    }
    const spaced = number.replace(/(\d{4})(?=\d)/g, '$1 ');
    const found = await page(`?find=${encodeURIComponent(spaced)}`, { cookie });
    assert.deepEqual([found.status, found.location], [303, `/vouchers/office/${number}?lang=en`]);
    const one = await page(`/${number}`, { cookie });
    assert.equal(one.status, 200);
    assert.match(one.text, /Frozen and issued.*The fund server/s);
    assert.match(one.text, /to verify and freeze/);
    for (const unknown of ['123456789015', 'abc', '<b>']) {
      const none = await page(`?find=${encodeURIComponent(unknown)}`, { cookie });
      assert.equal(none.status, 422, unknown);
      assert.match(none.text, /No voucher has this number/);
    }
    assert.equal((await page('/123456789015', { cookie })).status, 404);
    await page('/sign-out', { cookie, form: {} });
    assert.equal((await page(`/${number}`, { cookie })).status, 401);
  });

  test('adds a party, whose token is shown once', async () => {
    const cookie = await signIn();
    for (const [form, says] of [
      [{ party: 'Nina!', name: 'Nina' }, /small letters/],
      [{ party: 'nina', name: ' ' }, /1 to 80 characters/],
      [{ party: 'nina', name: 'Nina', password: 'short' }, /at least 8/],
      [{ party: 'chen', name: 'Chen' }, /Choose another one/],
    ] as const) {
      const refused = await page('/parties', { cookie, form });
      assert.equal(refused.status, 422);
      assert.match(refused.text, says);
    }
    const form = { party: 'nina', name: 'Nina <Market>', password: 'a long window' };
    const added = await page('/parties', { cookie, form });
    assert.equal(added.status, 200, added.text);
    assert.match(added.text, /Nina &lt;Market&gt; is added/);
    const token = /<code>([\w-]+)<\/code>/.exec(added.text)?.[1] ?? '';
    const own = await fetch(`${gateway().http}/v1/funds/vouchers`, {
      headers: { authorization: `Bearer ${token}` },
    });
    assert.equal(own.status, 200);
    assert.doesNotMatch((await page('', { cookie })).text, new RegExp(token));
    const renewed = await page('/renewals', { cookie, form: { renewed: 'nina' } });
    assert.match(renewed.text, /Nina &lt;Market&gt; has a new token/);
    const earlier = await fetch(`${gateway().http}/v1/funds/vouchers`, {
      headers: { authorization: `Bearer ${token}` },
    });
    assert.equal(earlier.status, 401);
    const nobody = await page('/renewals', { cookie, form: { renewed: 'nobody' } });
    assert.equal(nobody.status, 422);
    assert.match(nobody.text, /There is no party/);
    assert.equal((await page('/renewals', { form: { renewed: 'nina' } })).status, 401);
  });
});

test('the office names the vouchers about which the issuer has not answered', async (t) => {
  t.after(closeStands);
  const stand = await openStand('apart');
  const { number } = await bringTo(stand, 'verifying');
  const { questions } = overviewOf(stand.core.tables);
  assert.deepEqual([questions.open, questions.about.map((each) => each.number)], [1, [number]]);
  assert.equal(questions.about[0]?.since, questions.oldest_at);
  const view = { overview: overviewOf(stand.core.tables), rows: [], parties: [] };
  const page = { language: 'en', complaint: null, notice: null, path: '/vouchers/office' } as const;
  const { body } = officePage(page, view);
  assert.match(body.text, new RegExp(`href="/vouchers/office/${number}\\?`));
  assert.doesNotMatch(body.text, /All are answered/);
  stand.letGo();
  await until('its answer', () => overviewOf(stand.core.tables).questions.open === 0);
  assert.deepEqual(overviewOf(stand.core.tables).questions, { open: 0, about: [] });
});
