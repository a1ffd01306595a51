import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { findCardData } from '#gateway/web/card-data.ts';
import { AGENT, type Bench, openBench, PHONE, place, tell } from './centre-bench.ts';
import { call, freshKey, makeOrder } from './harness.ts';
import { openStand } from './stand.ts';

/** Published test numbers of the networks. */
const CARDS = [
  ...['4111111111111111', '4111 1111 1111 1111', '4111-1111-1111-1111', '378282246310005'],
  ...['5555 5555 5555 4444', '6011000990139424', '6200000000000005', '3566002020360505'],
  ...['30569309025904', '6759649826438453'],
];

describe('card data', () => {
  test('is found wherever it stands', () => {
    for (const card of CARDS) {
      assert.equal(findCardData({ note: card }), 'note', card);
      assert.equal(findCardData({ a: [{ b: `my card is ${card}, thanks` }] }), 'a[0].b', card);
      assert.equal(findCardData({ note: `${card} 12/27 123` }), 'note', card);
      assert.equal(findCardData({ note: `card=${card}` }), 'note', card);
    }
    const written = [
      ...['４１１１１１１１１１１１１１１１', '٤١١١ ١١١١ ١١١١ ١١١١', '४१११११११११११११११'],
      ...['4111.1111.1111.1111', '4111  1111  1111  1111', '4111\u00a01111\u00a01111\u00a01111'],
      ...['4111 - 1111 - 1111 - 1111', '4111_1111_1111_1111', '4111–1111–1111–1111'],
      ...['4111/1111/1111/1111', '+4111111111111111', '卡号4111111111111111。'],
    ];
    for (const each of written) assert.equal(findCardData({ note: each }), 'note', each);
    for (const each of ['expires 12/27', 'Exp: 03/2028', 'valid thru 1/29', '有效期：12/27']) {
      assert.equal(findCardData({ note: each }), 'note', each);
    }
    assert.equal(findCardData({ note: '安全码 123' }), 'note');
    assert.equal(findCardData({ amount_minor: 4111111111111111 }), 'amount_minor');
    assert.equal(findCardData({ 4111111111111111: 1 }), '');
    for (const field of ['cvv', 'CVC2', 'card_number', 'cardNumber', 'exp_month', 'expiryDate']) {
      assert.equal(findCardData({ [field]: '12' }), field, field);
    }
    assert.equal(findCardData({ note: 'CVV: 123' }), 'note');
  });

  test('is not seen in what is none', () => {
    const harmless = [
      ...['+8613800000001', '8613800000001', '+86 138 0000 0001', '4111111111111112'],
      // A resident identity number that passes Luhn, and one with X.
      ...['110101199003070257', '11010519491231002X'],
      // An EMVCo payload, tokens, a telephone order, a time.
      '00020101021226580016A00000067701011201153110040220141080214KB0000018334670530376454',
      ...['AZ4111111111111111', 'x-4111111111111111-y', '4471902385', 1790000000000, 99_999_999],
    ];
    harmless.push('expires 2026-11-22', '验证码 246810', '2026-11-22 20:18:09', '127.0.0.1:8080');
    harmless.push('2026/11/22 20/18/09', '31.23012 121.46351', '+4915112345678');
    for (const each of harmless) assert.equal(findCardData({ note: each }), null, String(each));
    assert.equal(findCardData({ expires_at: 1, lifetime_s: 2, pin: '246810' }), null);
  });
});

describe('a request that brings card data', () => {
  let bench: Bench;
  before(async () => {
    bench = await openBench();
  });
  after(() => bench.close());

  test('is refused at every door, and nothing of it is kept or logged', async () => {
    const card = '4111 1111 1111 1111';
    const plain = '4111111111111111';
    const { url } = bench;
    const key = freshKey();
    const answers = [
      await place(bench, { note: card }, key),
      await place(bench, { phone: plain }),
      await place(bench, {}, plain),
      await place(bench, {}, `"${card}"`),
      await place(bench, { cvv: '123' }),
      await call(`${url}/v1/enrolments`, { body: { code: card } }),
      await call(`${url}/v1/matches`, { body: { qr: plain } }),
      await call(`${url}/v1/orders/06D2QF8Z3K7M1N5P/payments`, {
        body: { phone: PHONE, pin: card },
      }),
      await call(`${url}/v1/centre/products?words=${encodeURIComponent(card)}`, { bearer: AGENT }),
      await call(`${url}/v1/centre/orders/${plain}`, { bearer: AGENT }),
      await tell(bench, { kind: 'payment', note: card }),
    ];
    for (const { status, body } of answers) {
      assert.deepEqual([status, body.code], [422, 'card_data_refused'], JSON.stringify(body));
    }
    const form = await fetch(`${url}/p/AZ00000000000000000000`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ phone: card }),
    });
    assert.equal(form.status, 422);
    const told = JSON.stringify(answers.map(({ body }) => body)) + (await form.text());
    const files = ['gateway.sqlite', 'gateway.sqlite-wal'].map((name) =>
      readFileSync(join(bench.data, name), 'latin1'),
    );
    const log = JSON.stringify(bench.logged);
    for (const [where, text] of Object.entries({ told, log, files: files.join('') })) {
      for (const secret of [card, plain, '1111-1111']) {
        assert.equal(text.includes(secret), false, `${secret} is in ${where}`);
      }
    }
    // The key is not used up: it was refused before it was looked at.
    assert.equal((await place(bench, {}, key)).status, 201);
  });
});

test('an order of a terminal that holds a card number is refused, and the log names its place alone', async () => {
  const { core, logged, terminals } = await openStand();
  const [terminal] = terminals;
  const card = '4111 1111 1111 1111';
  const order = makeOrder(terminal.identity, [{ name: card, quantity: 1, unit_minor: 100 }]);
  assert.equal(await terminal.say({ kind: 'order', order }), 'refused');
  assert.equal(core.tables.orders.find(order.number), undefined);
  assert.match(logged.at(-1)?.says ?? '', /card data at order\.lines\[0\]\.name/);
  assert.equal(JSON.stringify(logged).includes('4111'), false);
  core.close();
});
