/** Rows E1–E6 over the wire, the organisations one or apart: a phone is paired, asked, sent on, told. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Order } from '#device/messages/order.ts';
import { until } from '#test/until.ts';
import { ALSO_RICH, bearerFor, call, operator, POOR, pay, RICH, Terminal } from './harness.ts';
import { PairingStand } from './pairing-stand.ts';
import { ALICE, POOR_BOB } from './platform-stand.ts';

for (const kind of ['together', 'apart'] as const) {
  describe(`paying on site through a platform, ${kind}`, () => {
    let stand: PairingStand;
    before(async () => {
      stand = await PairingStand.open({}, kind);
    });
    after(() => stand.close());

    // What waits for time-outs of the platform is the same wherever the organisations are.
    const slow = kind === 'together' ? test : () => undefined;

    const paired = async (payer = RICH) => {
      const phone = await stand.phone(payer);
      const answer = await phone.pair(stand.number);
      assert.equal(answer.status, 201, JSON.stringify(answer.body));
      return phone;
    };
    const leave = (phone: Awaited<ReturnType<typeof paired>>) => phone.ask('/v1/pairing/leave', {});

    const refundTold = (order: Order, amountMinor: number) =>
      until('the refund', () =>
        stand.terminal.heard
          .flatMap((each) => (each.kind === 'refund' ? [each.refund] : []))
          .findLast((each) => each.order === order.number && each.amount_minor === amountMinor),
      );

    const cancel = (order: Order) =>
      stand.terminal.say({ kind: 'close', close: { order: order.number, because: 'cancelled' } });

    test('paired, asked at once, agreed, paid at the platform: phone and terminal are both told', async () => {
      const before = await stand.owed();
      const phone = await paired();
      const told = await until('the pairing', () =>
        stand.terminal.heard.findLast((each) => each.kind === 'pairing' && each.pairing.paired),
      );
      assert.equal(told.kind === 'pairing' && told.pairing.paired?.payer, '•••• 0001');
      const order = await stand.offer();
      const asked = await phone.step('confirm');
      assert.equal(asked.order?.number, order.number);
      assert.equal(asked.order?.amount_minor, 1250);
      await stand.attempt(order, 'asked', 0);
      const page = await phone.agree(order);
      assert.ok(page.startsWith(`${stand.platform.url}/pay/`));
      await stand.attempt(order, 'paying', 1);
      await phone.payAt(page);
      const result = await stand.terminal.result(order.number);
      assert.equal(result.outcome, 'paid');
      assert.equal(result.payer, 'al•••');
      const paid = await phone.step('paid');
      assert.equal(paid.order?.payment, result.payment);
      assert.equal(await stand.owed(), before + 1250);
      assert.equal((await stand.trail(order)).transfers.length, 1);
      await leave(phone);
    });

    test('permission comes first: there is no page before it, and the password goes nowhere else', async () => {
      const phone = await paired();
      const order = await stand.offer();
      assert.equal((await phone.step('confirm')).attempt, undefined);
      const asked = stand.way.asked.length;
      await phone.agree(order);
      assert.equal(stand.way.asked[asked], 'POST /v1/permissions');
      assert.equal(JSON.stringify(stand.gateway.logged).includes(ALICE.password), false);
      await cancel(order);
      await leave(phone);
    });

    test('no money: both are told, the order stays open, and the phone pays it with another try', async () => {
      const phone = await paired();
      const order = await stand.offer();
      await phone.step('confirm');
      await phone.payAt(await phone.agree(order), POOR_BOB);
      const failed = await stand.attempt(order, 'failed', 1);
      assert.equal(failed.reason, 'insufficient_funds');
      const again = await phone.step('confirm');
      assert.equal(again.attempt?.reason, 'insufficient_funds');
      assert.equal(again.order?.state, 'offered');
      await phone.payAt(await phone.agree(order));
      assert.equal((await stand.terminal.result(order.number)).outcome, 'paid');
      const { events, transfers } = await stand.trail(order);
      assert.equal(transfers.length, 1);
      assert.equal(events.filter(({ kind }) => kind === 'attempt_begun').length, 2);
      await leave(phone);
    });

    test('a payer who says no is heard, and may still say yes', async () => {
      const phone = await paired();
      const order = await stand.offer();
      await phone.step('confirm');
      await phone.answer(order, 'no');
      assert.equal((await stand.attempt(order, 'failed', 1)).reason, 'payer_refused');
      await phone.payAt(await phone.agree(order));
      assert.equal((await stand.terminal.result(order.number)).outcome, 'paid');
      await leave(phone);
    });

    test('whatever is repeated, one attempt and one debit', async () => {
      const before = await stand.owed();
      const phone = await paired();
      const order = await stand.offer();
      await phone.step('confirm');
      const key = `same-${order.number}`;
      const first = await phone.answer(order, 'yes', key);
      const answers = await Promise.all([1, 2, 3].map(() => phone.answer(order, 'yes', key)));
      const pressed = await Promise.all([1, 2, 3].map(() => phone.answer(order, 'yes')));
      const pages = [first, ...answers, ...pressed].map(
        ({ body }) =>
          (body as { view?: { attempt?: { page_url?: string } } }).view?.attempt?.page_url,
      );
      assert.equal(new Set(pages).size, 1, JSON.stringify(pages));
      const other = { order: order.number, answer: 'yes', platform: 'other' };
      assert.equal((await phone.ask('/v1/pairing/answers', other, key)).status, 503);
      await Promise.all([1, 2, 3, 4].map(() => phone.payAt(pages[0] ?? '')));
      await stand.terminal.result(order.number);
      assert.equal(await stand.owed(), before + 1250);
      await leave(phone);
    });

    test('whole and part go back through the platform, once, though answers are lost', async () => {
      const phone = await paired();
      const order = await stand.offer();
      await phone.step('confirm');
      const before = await stand.owed();
      await phone.payAt(await phone.agree(order));
      await stand.terminal.result(order.number);
      const back = (body: object, key: string, what = 'refunds') => {
        const path = `/v1/orders/${order.number}/${what}`;
        return operator(stand.gateway, path, { body, key });
      };
      const key = `part-${order.number}`;
      const three = await Promise.all([1, 2, 3].map(() => back({ amount_minor: 500 }, key)));
      assert.ok(three.every(({ status }) => status === 201 || status === 202));
      const part = await refundTold(order, 500);
      assert.equal(part.refunded_minor, 500);
      assert.equal(await stand.owed(), before + 750);
      assert.equal((await back({ amount_minor: 751 }, `over-${key}`)).body.reason, 'too_much');
      assert.equal((await back({}, `void-${key}`, 'voids')).body.reason, 'refunded');
      stand.way.mode = 'loses_answers';
      assert.equal((await back({}, `rest-${key}`)).status, 202);
      stand.way.mode = 'whole';
      assert.equal((await refundTold(order, 750)).refunded_minor, 1250);
      assert.equal((await back({}, `rest-${key}`)).body.outcome, 'refunded');
      assert.equal(await stand.owed(), before);
      assert.equal((await stand.trail(order)).transfers.length, 3);
      const { body } = await operator(stand.gateway, '/v1/ledger/trial-balance');
      assert.equal(body.balanced, true);
      await leave(phone);
    });

    test('a void gives all of it back through the platform, and the terminal is told', async () => {
      const phone = await paired();
      const order = await stand.offer();
      await phone.step('confirm');
      const before = await stand.owed();
      await phone.payAt(await phone.agree(order));
      await stand.terminal.result(order.number);
      const path = `/v1/orders/${order.number}/voids`;
      const voided = await operator(stand.gateway, path, { body: {}, key: `v-${order.number}` });
      assert.equal(voided.body.outcome, 'voided', JSON.stringify(voided.body));
      assert.equal((await refundTold(order, 1250)).refunded_minor, 1250);
      assert.equal(await stand.owed(), before);
      await leave(phone);
    });

    slow(
      'a request for permission whose answer was lost is asked again and is the same',
      async () => {
        const phone = await paired();
        const order = await stand.offer();
        await phone.step('confirm');
        stand.way.mode = 'loses_answers';
        const said = await phone.answer(order, 'yes');
        assert.equal(said.status, 201);
        assert.equal((await phone.look()).step, 'asking');
        stand.way.mode = 'whole';
        const page = (await phone.step('pay')).attempt?.page_url ?? '';
        await phone.payAt(page);
        assert.equal((await stand.terminal.result(order.number)).outcome, 'paid');
        await leave(phone);
      },
    );

    slow('a payment that nobody told us of is found by asking', async () => {
      const phone = await paired();
      const order = await stand.offer();
      await phone.step('confirm');
      const page = await phone.agree(order);
      stand.back.mode = 'down';
      await phone.payAt(page, ALICE, false);
      assert.equal((await stand.terminal.result(order.number)).outcome, 'paid');
      stand.back.mode = 'whole';
      assert.equal((await stand.trail(order)).transfers.length, 1);
      await leave(phone);
    });

    slow('a platform that does not answer: told so, and tried again when it is back', async () => {
      const phone = await paired();
      const order = await stand.offer();
      await phone.step('confirm');
      stand.way.mode = 'down';
      await phone.answer(order, 'yes');
      const failed = await until(
        'the failure',
        async () => {
          const view = await phone.look();
          return view.attempt?.state === 'failed' ? view : null;
        },
        15_000,
      );
      assert.equal(failed.attempt?.reason, 'platform_unreachable');
      assert.equal((await stand.attempt(order, 'failed', 1)).reason, 'platform_unreachable');
      stand.way.mode = 'whole';
      await phone.payAt(await phone.agree(order));
      assert.equal((await stand.terminal.result(order.number)).outcome, 'paid');
      await leave(phone);
    });

    test('leaving in mid-payment calls it off: the page no longer pays, the order stays open', async () => {
      const before = await stand.owed();
      const phone = await paired();
      const order = await stand.offer();
      await phone.step('confirm');
      const page = await phone.agree(order);
      await leave(phone);
      await stand.event(order, 'attempt_failed');
      assert.equal((await stand.attempt(order, 'failed', 1)).reason, 'withdrawn');
      await phone.payAt(page);
      assert.equal(await stand.owed(), before);
      const bearer = await bearerFor(stand.gateway.http, stand.terminal, order);
      const other = await pay(stand.gateway.http, order.number, bearer, ALSO_RICH);
      assert.equal(other.body.outcome, 'paid', 'another customer pays it by its code');
    });

    test('cancelled while paying: the payment is called off', async () => {
      const before = await stand.owed();
      const phone = await paired();
      const order = await stand.offer();
      await phone.step('confirm');
      const page = await phone.agree(order);
      await cancel(order);
      assert.equal((await phone.step('ended')).order?.state, 'cancelled');
      await stand.event(order, 'attempt_failed');
      await phone.payAt(page);
      assert.equal(await stand.owed(), before);
      await leave(phone);
    });

    slow(
      'paid at the platform after the order was cancelled: the money goes back, exactly once',
      async () => {
        const before = await stand.owed();
        const phone = await paired();
        const order = await stand.offer();
        await phone.step('confirm');
        const page = await phone.agree(order);
        stand.way.mode = 'down';
        await cancel(order);
        assert.equal((await stand.terminal.result(order.number)).outcome, 'cancelled');
        await phone.payAt(page);
        await stand.event(order, 'paid_too_late');
        stand.way.mode = 'loses_answers';
        await until('a refund was asked for', () => stand.way.asked.includes('POST /v1/refunds'));
        stand.way.mode = 'whole';
        await stand.event(order, 'attempt_refunded');
        assert.equal(await stand.owed(), before);
        const { transfers } = await stand.trail(order);
        assert.equal(transfers.length, 0);
        const results = stand.terminal.heard.filter(
          (each) => each.kind === 'result' && each.result.order === order.number,
        );
        assert.ok(
          results.every((each) => each.kind === 'result' && each.result.outcome === 'cancelled'),
        );
        await leave(phone);
      },
    );

    test('two phones want one terminal: the second waits until the first’s order has ended', async () => {
      const first = await paired(RICH);
      const second = await stand.phone(ALSO_RICH);
      const refused = await second.pair(stand.number);
      assert.equal(refused.status, 409);
      assert.equal(refused.body.code, 'terminal_taken');
      const order = await stand.offer();
      await first.step('confirm');
      await first.payAt(await first.agree(order));
      await first.step('paid');
      assert.equal((await second.pair(stand.number)).status, 201);
      const view = await first.look();
      assert.equal(view.unpaired, 'next_phone');
      assert.equal(view.step, 'paid', 'the bill stays');
      assert.equal((await first.answer(order, 'yes')).body.code, 'not_paired');
      await leave(second);
    });

    test('the vendor sends a phone away, and only the one that was meant', async () => {
      const phone = await paired();
      const { pairing } = await until('the pairing', () => {
        const last = stand.terminal.heard.findLast((each) => each.kind === 'pairing');
        return last?.kind === 'pairing' ? last.pairing.paired : undefined;
      });
      await stand.terminal.say({ kind: 'unpair', unpair: { pairing: 'another' } });
      assert.equal((await phone.look()).step, 'wait');
      await stand.terminal.say({ kind: 'unpair', unpair: { pairing } });
      assert.equal((await phone.step('pair')).unpaired, 'terminal');
    });

    test('an order that was open before is asked for as soon as the phone is paired', async () => {
      const order = await stand.offer();
      const phone = await paired();
      assert.equal((await phone.look()).order?.number, order.number);
      await cancel(order);
      await phone.step('ended');
      await leave(phone);
    });

    test('a terminal that comes back is told its number, its phone and its attempt', async () => {
      const phone = await paired();
      const order = await stand.offer();
      await phone.step('confirm');
      await phone.agree(order);
      const again = await Terminal.connect(stand.terminal.identity);
      const pairing = await until('the pairing', () =>
        again.heard.find((each) => each.kind === 'pairing'),
      );
      assert.equal(pairing.kind === 'pairing' && pairing.pairing.number, stand.number);
      const attempt = await until('the attempt', () =>
        again.heard.find((each) => each.kind === 'attempt'),
      );
      assert.equal(attempt.kind === 'attempt' && attempt.attempt.state, 'paying');
      await again.close();
      await leave(phone);
    });

    test('wrong PINs count for the account, wherever it is kept', async () => {
      const wrong = { ...POOR, pin: '111111' };
      const tries: unknown[] = [];
      for (let n = 0; n < 5; n += 1) {
        const { status, body } = await call(`${stand.gateway.http}/v1/pairing/sessions`, {
          body: wrong,
        });
        tries.push([status, body.code, body.tries_left]);
      }
      assert.deepEqual(tries, [
        ...[4, 3, 2, 1].map((left) => [401, 'wrong_pin', left]),
        [403, 'account_locked', undefined],
      ]);
      const { status } = await call(`${stand.gateway.http}/v1/pairing/sessions`, { body: POOR });
      assert.equal(status, 403);
      const unknown = { phone: '+8613899999999', pin: '111111' };
      const stranger = await call(`${stand.gateway.http}/v1/pairing/sessions`, { body: unknown });
      assert.deepEqual([stranger.status, stranger.body.code], [401, 'wrong_pin']);
    });

    test('the books balance', async () => {
      for (const book of await stand.all.books()) assert.deepEqual(book.complaints, []);
    });
  });
}
