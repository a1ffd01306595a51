/** What paired phones paid stands in the merchant's own list at the acquirer, wherever the organisations are. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { freePort } from '#simulators/free-port.ts';
import { askSigned } from './certificate-caller.ts';
import { bearerFor, freshKey, operator, pay, RICH, SEED } from './harness.ts';
import { type Credentials, granted } from './identity-bench.ts';
import { PairingStand } from './pairing-stand.ts';

for (const kind of ['together', 'apart'] as const) {
  describe(`a merchant’s list, the organisations ${kind}`, () => {
    let stand: PairingStand;
    const keys = new Map<string, Credentials>();
    before(async () => {
      const peerDoor = { host: '127.0.0.1', port: await freePort() };
      const small = { id: 'small', name: 'Small Shop' };
      const seed = { ...SEED, vendors: [...SEED.vendors, small] };
      stand = await PairingStand.open({ seed }, kind, { acquirer: { peerDoor } });
      for (const subject of ['lin', 'small']) {
        keys.set(subject, await granted(stand.all.centre, { kind: 'merchant', subject }));
      }
    });
    after(() => stand.close());

    const ask = (who: string, path: string, asking: { body?: unknown; key?: string } = {}) => {
      const credentials = keys.get(who) ?? assert.fail();
      return askSigned(stand.all.acquirer.peerDoor ?? '', who, credentials, path, asking);
    };
    const list = async (who: string, query?: string) => {
      const path = '/v1/merchant/payments';
      const credentials = keys.get(who) ?? assert.fail();
      const door = stand.all.acquirer.peerDoor ?? '';
      const answer = await askSigned(
        door,
        who,
        credentials,
        path,
        query === undefined ? {} : { query },
      );
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      return answer.body as { payments: Record<string, unknown>[]; next?: string };
    };

    test('results are told on the open internet alone, unless the operator says otherwise', async () => {
      const register = async (url: string) => {
        const answer = await ask('lin', '/v1/merchant/webhook', { body: { url }, key: freshKey() });
        return [answer.status, answer.body.code, answer.body.why];
      };
      for (const host of ['127.0.0.1:9', 'localhost', '[::ffff:10.0.0.1]', '2130706433', '[::]']) {
        const [status, code, why] = await register(`https://${host}/hook`);
        assert.deepEqual([status, code, why], [422, 'address_refused', 'private'], host);
      }
      const nowhere = await register('https://nobody.invalid/hook');
      assert.deepEqual(nowhere, [422, 'address_refused', 'unresolved']);
      assert.equal((await register('https://8.8.8.8/hook'))[0], 201);
      assert.deepEqual((await ask('lin', '/v1/merchant/webhook')).body.url, 'https://8.8.8.8/hook');
      await ask('lin', '/v1/merchant/webhook/closing', { key: freshKey() });
    });

    test('beside those by phone, page by page, with what went back; another merchant sees none', async () => {
      const first = await stand.offer();
      const bearer = await bearerFor(stand.gateway.http, stand.terminal, first);
      assert.equal((await pay(stand.gateway.http, first.number, bearer, RICH)).status, 201);
      const phone = await stand.phone(RICH);
      assert.equal((await phone.pair(stand.number)).status, 201);
      const order = await stand.offer();
      await phone.step('confirm');
      const page = await phone.agree(order);
      const waiting = (await list('lin')).payments.find((each) => each.order === order.number);
      assert.deepEqual([waiting?.state, waiting?.platform], ['asking', 'lotus']);
      await phone.payAt(page);
      const { payment } = await stand.terminal.result(order.number);

      const { payments } = await list('lin');
      assert.deepEqual(
        payments.map((each) => [each.order, each.of, each.state, each.refunded_minor]),
        [
          [first.number, 'centre', 'paid', 0],
          [order.number, 'centre', 'paid', 0],
        ],
      );
      const one = await list('lin', '?limit=1');
      assert.deepEqual([one.payments.length, one.next], [1, first.number]);
      const two = await list('lin', `?limit=1&after=${first.number}`);
      assert.deepEqual([two.payments[0]?.payment, two.next], [payment, order.number]);
      assert.deepEqual((await list('small')).payments, []);

      const path = `/v1/merchant/payments/${payment}`;
      assert.equal((await ask('small', path)).body.code, 'unknown_payment');
      const back = { body: { amount_minor: 300 }, key: freshKey() };
      const refused = await ask('lin', `${path}/refunds`, back);
      assert.deepEqual(
        [refused.status, refused.body.code, refused.body.order],
        [409, 'order_of_the_centre', order.number],
      );
      const refunds = `/v1/orders/${order.number}/refunds`;
      const given = await operator(stand.gateway, refunds, back);
      assert.ok(given.status < 300, JSON.stringify(given.body));
      await stand.event(order, 'refunded');
      const told = (await ask('lin', path)).body;
      assert.deepEqual([told.state, told.amount_minor, told.refunded_minor], ['paid', 1250, 300]);
    });
  });
}
