/** A merchant's own system at the acquirer: let in by certificate and signature, and to its own alone. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { verifyWebhook } from '#device/codecs/standard-webhooks.ts';
import { freePort } from '#simulators/free-port.ts';
import { until } from '#test/until.ts';
import { openHook } from './centre-bench.ts';
import { type Answered, type Asking, askSigned } from './certificate-caller.ts';
import { call, freshKey, RICH } from './harness.ts';
import { type Credentials, granted, operate } from './identity-bench.ts';
import { type LinkStand, openLinkStand, payByPassword } from './link-stand.ts';
import { BareBrowser } from './platform-stand.ts';

for (const kind of ['together', 'apart'] as const) {
  describe(`a merchant’s own system, the organisations ${kind}`, () => {
    let stand: LinkStand;
    let door: string;
    const keys = new Map<string, Credentials>();
    const takings = (who: string) => stand.all.balance(new RegExp(`^acquirer:merchant:${who}:`));

    before(async () => {
      const peerDoor = { host: '127.0.0.1', port: await freePort() };
      stand = await openLinkStand(kind, {}, { acquirer: { peerDoor, privateWebhooks: true } });
      door = stand.all.acquirer.peerDoor ?? '';
      for (const subject of ['lin', 'small', 'shut', 'nobody']) {
        keys.set(subject, await granted(stand.all.centre, { kind: 'merchant', subject }));
      }
    });
    after(async () => {
      for (const book of await stand.all.books()) assert.deepEqual(book.complaints, []);
      await stand.close();
    });

    const credentialsOf = (who: string): Credentials => {
      const credentials = keys.get(who);
      if (credentials === undefined) throw new Error(`${who} has no certificate`);
      return credentials;
    };

    const ask = (who: string, path: string, asking: Asking = {}): Promise<Answered> =>
      askSigned(door, who, credentialsOf(who), path, asking);

    let orders = 0;
    const wish = (change: object = {}) => {
      orders += 1;
      return {
        ...{ merchant_number: 'LIN', order: `A-${kind}-${orders}`, amount_minor: 2400 },
        ...{ currency: 'CNY', phone: RICH.phone },
        lines: [{ name: 'Pork dumplings', quantity: 2, unit_minor: 1200 }],
        ...change,
      };
    };
    const link = (who: string, body: object, key = freshKey()) =>
      ask(who, '/v1/merchant/links', { body, key });
    const state = async (order: string) =>
      (await ask('lin', `/v1/merchant/orders/${order}`)).body.state;

    /** Orders, and the payer pays: the payment’s number. */
    async function sell(): Promise<{ order: string; payment: string }> {
      const body = wish();
      const made = await link('lin', body);
      assert.equal(made.status, 201, JSON.stringify(made.body));
      const page = await payByPassword(new BareBrowser(), String(made.body.link));
      assert.match(page.text, /<h1>Paid<\/h1>/);
      assert.ok(page.text.includes(body.order) && !page.text.includes(`lin/${body.order}`));
      const seen = await ask('lin', `/v1/merchant/orders/${body.order}`);
      return { order: body.order, payment: String(seen.body.payment) };
    }

    test('makes a link, is told what became of it, and has the money once', async () => {
      const earlier = await takings('lin');
      const body = wish();
      const key = freshKey();
      const made = await link('lin', body, key);
      assert.deepEqual(await link('lin', body, key), made, 'the same again');
      assert.equal((await link('lin', wish(), key)).body.code, 'idempotency_key_reused');
      assert.equal((await link('lin', body)).body.code, 'closed', 'one link for an order');
      assert.equal(await state(body.order), 'open');
      const page = await new BareBrowser().get(String(made.body.link));
      assert.match(page.text, /Open until/);
      await payByPassword(new BareBrowser(), String(made.body.link));
      const seen = await ask('lin', `/v1/merchant/orders/${body.order}`);
      assert.deepEqual(
        [seen.body.state, seen.body.payer, seen.body.refunded_minor],
        ['paid', '•••• 0001', 0],
      );
      assert.equal(await takings('lin'), earlier + 2400);
      const kinds = (await stand.all.moved(encodeURIComponent(`lin/${body.order}`))).kinds;
      assert.deepEqual(kinds, ['debit', 'payment']);
    });

    test('gives back a part, then no more than the rest; voids what it gave nothing of', async () => {
      const earlier = await takings('lin');
      const { order, payment } = await sell();
      const path = `/v1/merchant/payments/${payment}`;
      const key = freshKey();
      const refund = (amount_minor: number, its = freshKey()) =>
        ask('lin', `${path}/refunds`, { body: { amount_minor }, key: its });
      const part = await refund(400, key);
      assert.deepEqual([part.status, part.body.outcome], [201, 'refunded']);
      assert.deepEqual(await refund(400, key), part);
      assert.equal((await refund(500, key)).body.code, 'idempotency_key_reused');
      const more = await refund(2400);
      assert.deepEqual([more.body.code, more.body.reason], ['refund_refused', 'too_much']);
      const late = await ask('lin', `${path}/void`, { key: freshKey() });
      assert.deepEqual([late.body.code, late.body.reason], ['refund_refused', 'refunded']);
      assert.equal((await ask('lin', path)).body.refunded_minor, 400);
      const other = await sell();
      const voided = await ask('lin', `/v1/merchant/payments/${other.payment}/void`, {
        key: freshKey(),
      });
      assert.equal(voided.body.state, 'voided', JSON.stringify(voided.body));
      assert.deepEqual([await state(order), await state(other.order)], ['paid', 'voided']);
      await until('the money back', async () => (await takings('lin')) === earlier + 2000);
    });

    test('closes a link, and nobody pays by it', async () => {
      const body = wish();
      const made = await link('lin', body);
      const path = `/v1/merchant/orders/${body.order}/closing`;
      assert.equal((await ask('lin', path, { key: freshKey() })).body.state, 'closed');
      const page = await payByPassword(new BareBrowser(), String(made.body.link));
      assert.doesNotMatch(page.text, /<h1>Paid<\/h1>/);
      const { order } = await sell();
      const late = await ask('lin', `/v1/merchant/orders/${order}/closing`, { key: freshKey() });
      assert.equal(late.body.code, 'closed');
      const never = `N-${kind}-${orders}`;
      const early = await ask('lin', `/v1/merchant/orders/${never}/closing`, { key: freshKey() });
      assert.equal(early.body.state, 'closed');
      assert.equal((await link('lin', wish({ order: never }))).body.code, 'closed');
    });

    test('what belongs to another merchant is not there', async () => {
      const { order, payment } = await sell();
      const its = `/v1/merchant/payments/${payment}`;
      const codes = [
        await ask('small', its),
        await ask('small', `${its}/refunds`, { body: { amount_minor: 100 }, key: freshKey() }),
        await ask('small', `${its}/void`, { key: freshKey() }),
        await ask('small', `/v1/merchant/orders/${order}`),
      ].map(({ body }) => body.code);
      const payment404 = 'unknown_payment';
      assert.deepEqual(codes, [payment404, payment404, payment404, 'unknown_order']);
      assert.deepEqual((await ask('small', '/v1/merchant/payments')).body, { payments: [] });
      // The same number is another order there.
      const same = await link('small', {
        ...wish({ order, merchant_number: 'M-0003', amount_minor: 1200 }),
        lines: [{ name: 'Pork dumplings', quantity: 1, unit_minor: 1200 }],
      });
      assert.equal(same.status, 201, JSON.stringify(same.body));
      assert.equal(await state(order), 'paid');
    });

    test('reads payments that came by the order centre, which alone gives them back', async () => {
      const { number, link: itsLink } = await stand.order();
      await payByPassword(new BareBrowser(), itsLink);
      const { payment } = (await stand.state(number, 'paid')).body;
      const seen = await ask('lin', `/v1/merchant/payments/${payment}`);
      assert.deepEqual([seen.body.of, seen.body.order], ['centre', number]);
      const asked = { body: { amount_minor: 100 }, key: freshKey() };
      const refused = await ask('lin', `/v1/merchant/payments/${payment}/refunds`, asked);
      assert.equal(refused.body.code, 'order_of_the_centre');
      const numbers: unknown[] = [];
      let query = '?limit=2';
      for (let page = 0; page < 20 && query !== ''; page += 1) {
        const { body } = await ask('lin', '/v1/merchant/payments', { query });
        numbers.push(...(body.payments as { payment: string }[]).map((each) => each.payment));
        query =
          body.next === undefined ? '' : `?limit=2&after=${encodeURIComponent(String(body.next))}`;
      }
      assert.ok(numbers.includes(payment) && numbers.length > 2);
      assert.equal(new Set(numbers).size, numbers.length);
    });

    test('wrong details are refused, each with its code', async () => {
      const refused = async (who: string, change: object) => (await link(who, wish(change))).body;
      assert.deepEqual(
        [
          (await refused('lin', { merchant_number: 'M-0003' })).code,
          (await refused('shut', { merchant_number: 'M-0002' })).code,
          (await refused('lin', { currency: 'EUR' })).code,
          (await refused('lin', { amount_minor: 2500 })).code,
          (await refused('small', { merchant_number: 'M-0003' })).code,
          (await refused('lin', { phone: 'home' })).code,
          (await refused('nobody', {})).code,
          (await refused('lin', { order: 'a/b' })).code,
        ],
        [
          ...['merchant_refused', 'merchant_suspended', 'currency_refused', 'amount_refused'],
          ...['amount_refused', 'malformed_request', 'unknown_merchant', 'malformed_request'],
        ],
      );
      const card = wish({
        lines: [{ name: '4111 1111 1111 1111', quantity: 2, unit_minor: 1200 }],
      });
      assert.equal((await link('lin', card)).body.code, 'card_data_refused');
    });

    test('is told of results at its own address, until it takes them, each once', async () => {
      const hook = await openHook();
      const path = '/v1/merchant/webhook';
      const key = freshKey();
      const made = await ask('lin', path, { body: { url: hook.url }, key });
      assert.equal(made.status, 201, JSON.stringify(made.body));
      assert.deepEqual(await ask('lin', path, { body: { url: hook.url }, key }), made);
      const other = await ask('lin', path, { body: { url: 'https://x.example' }, key });
      assert.equal(other.body.code, 'idempotency_key_reused');
      for (const url of ['home', 'ftp://x.example', 'http://me:pin@x.example', `${hook.url}#a`]) {
        const refused = await ask('lin', path, { body: { url }, key: freshKey() });
        assert.equal(refused.body.code, 'malformed_request', url);
      }
      assert.equal((await ask('lin', path)).body.url, hook.url);
      assert.deepEqual((await ask('small', path)).body, {});
      hook.broken = 1;
      const { order, payment } = await sell();
      const refund = { body: { amount_minor: 400 }, key: freshKey() };
      await ask('lin', `/v1/merchant/payments/${payment}/refunds`, refund);
      await ask('lin', `/v1/merchant/payments/${payment}/refunds`, refund);
      const voided = await sell();
      await ask('lin', `/v1/merchant/payments/${voided.payment}/void`, { key: freshKey() });
      const told = (type: string, of: string) =>
        until(`${type} of ${of}`, () => {
          const taken = hook.came.map(({ body }) => JSON.parse(body));
          return taken.find((each) => each.type === type && each.data.order === of);
        });
      const paid = await told('payment.paid', order);
      assert.deepEqual([paid.data.payment, paid.data.payer], [payment, '•••• 0001']);
      assert.equal((await told('refund.refunded', order)).data.amount_minor, 400);
      await told('payment.voided', voided.order);
      const { came } = hook;
      await until('all taken', () => new Set(came.map(({ id }) => id)).size === came.length - 1);
      assert.equal(came.length, 5, 'four events, the first of them told again');
      for (const { headers, body } of came) {
        const secret = String(made.body.secret);
        assert.ok(verifyWebhook([secret], { ...headers }, body, Date.now()).ok);
      }
      const ended = await ask('lin', `${path}/closing`, { key: freshKey() });
      assert.deepEqual(ended.body, {});
      await hook.close();
    });

    test('a signature of somebody else, of other bytes, or none is refused', async () => {
      const body = wish();
      const path = '/v1/merchant/links';
      const { key: other } = credentialsOf('small');
      const asked = { body, key: freshKey() };
      const why = async (asking: Asking) => {
        const { status, body: said } = await ask('lin', path, { ...asked, ...asking });
        return [status, said.code, said.why];
      };
      const wrong = [401, 'peer_refused', 'wrong'];
      assert.deepEqual(await why({ signer: { id: 'lin', key: other } }), wrong);
      assert.deepEqual(await why({ sent: JSON.stringify(wish()) }), wrong);
      assert.deepEqual(await why({ change: { 'idempotency-key': 'another' } }), wrong);
      const unknown = [401, 'peer_refused', 'unknown_key'];
      assert.deepEqual(await why({ signer: { id: 'small', key: other } }), unknown);
      assert.deepEqual(await why({ change: { signature: '', 'signature-input': '' } }), [
        ...[401, 'peer_refused', 'malformed'],
      ]);
      const plain = await call(`${stand.all.acquirer.http}${path}`, { ...asked });
      assert.deepEqual([plain.status, plain.body.code], [401, 'certificate_refused']);
      assert.equal((await ask('lin', `/v1/merchant/orders/${body.order}`)).status, 404);
    });

    test('a revoked certificate is out within a minute', async () => {
      const began = performance.now();
      assert.equal((await ask('small', '/v1/merchant/payments')).status, 200);
      await operate(stand.all.centre, 'revocations', { kind: 'merchant', subject: 'small' });
      const refused = await until(
        'the refusal',
        async () => {
          // A connection that is open as it is revoked is cut.
          const answer = await ask('small', '/v1/merchant/payments').catch(() => null);
          return answer?.status === 401 ? answer.body : undefined;
        },
        40_000,
      );
      assert.deepEqual([refused.code, refused.why], ['certificate_refused', 'revoked']);
      assert.ok(performance.now() - began < 60_000);
      assert.equal((await ask('lin', '/v1/merchant/payments')).status, 200);
    });
  });
}
