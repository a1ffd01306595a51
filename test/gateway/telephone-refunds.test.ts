/** Money of telephone orders that goes back: once, with its goods, and everybody is told the same. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { systemChance } from '#gateway/clock.ts';
import { mintTelephoneNumber } from '#gateway/orders/telephone/number.ts';
import { until } from '#test/until.ts';
import { type Answer, call, freshKey } from './harness.ts';
import { type LinkStand, openLinkStand, payByPassword } from './link-stand.ts';
import { BareBrowser } from './platform-stand.ts';

const TIMEOUT_MS = 2500;

/** Events of a stream, as they come. */
async function readStream(url: string, bearer: string) {
  const response = await fetch(url, { headers: { authorization: `Bearer ${bearer}` } });
  const events: Record<string, unknown>[] = [];
  const state = { events, ended: false };
  const read = async (): Promise<void> => {
    let rest = '';
    for await (const bytes of response.body ?? []) {
      const parts = (rest + Buffer.from(bytes).toString()).split('\n\n');
      rest = parts.pop() ?? '';
      for (const part of parts) {
        const data = /^data: (.*)$/m.exec(part)?.[1];
        if (data !== undefined) events.push(JSON.parse(data));
      }
    }
    state.ended = true;
  };
  void read();
  return state;
}

for (const kind of ['together', 'apart'] as const) {
  describe(`telephone orders that are given back, ${kind}`, () => {
    let stand: LinkStand;
    const takings = () => stand.all.balance(/^acquirer:merchant:/);
    const payers = () => stand.all.balance(/^issuer:payer:/);

    before(async () => {
      stand = await openLinkStand(kind, { peerTimeoutMs: TIMEOUT_MS });
    });
    after(async () => {
      for (const book of await stand.all.books()) assert.deepEqual(book.complaints, []);
      const due = await stand.all.balance(/^(issuer:due:acquirer|acquirer:due:issuer):/);
      assert.equal(due, 0);
      await stand.close();
    });

    const paid = async (): Promise<{ number: string; link: string; browser: BareBrowser }> => {
      const { number, link } = await stand.order();
      const browser = new BareBrowser();
      await payByPassword(browser, link);
      await stand.state(number, 'paid');
      return { number, link, browser };
    };
    const stock = async (): Promise<number> => {
      const { body } = await call(`${stand.all.http}/v1/centre/products?code=2`, {
        bearer: stand.all.centre.agentToken,
      });
      return (body.products as { stock: number }[])[0]?.stock ?? Number.NaN;
    };

    test('in parts, repeated, then the rest: the goods are back with the last of it', async () => {
      const { number, link, browser } = await paid();
      const [had, took, left] = [await payers(), await takings(), await stock()];
      const key = freshKey();
      const part = await stand.done(number, 'refunds', { amount_minor: 500 }, key);
      assert.equal(part.status, 201, JSON.stringify(part.body));
      assert.equal(part.body.outcome, 'refunded');
      assert.deepEqual(
        (await stand.back(number, 'refunds', { amount_minor: 500 }, key)).body,
        part.body,
      );
      for (const other of [{ amount_minor: 600 }, {}, { amount_minor: 500, restock: false }]) {
        assert.equal((await stand.back(number, 'refunds', other, key)).status, 422);
      }
      assert.equal((await stand.back(number, 'voids', {}, key)).status, 422);
      const much = await stand.done(number, 'refunds', { amount_minor: 1501 });
      assert.equal(much.body.code, 'refund_refused');
      assert.equal(much.body.left_minor, 1500);
      assert.equal(await stock(), left, 'a part brings no goods back');
      assert.equal((await stand.done(number, 'voids')).body.reason, 'refunded');
      const rest = await stand.done(number, 'refunds');
      assert.equal(rest.body.amount_minor, 1500);
      assert.equal(await stock(), left + 2);
      assert.equal((await stand.done(number, 'refunds')).body.left_minor, 0, 'nothing twice');
      assert.equal((await payers()) - had, 2000);
      assert.equal(took - (await takings()), 2000);
      const seen = await stand.look(number);
      assert.equal(seen.body.state, 'paid');
      assert.equal(seen.body.refunded_minor, 2000);
      const refunds = seen.body.refunds as { state: string }[];
      assert.equal(refunds.filter(({ state }) => state === 'refunded').length, 2);
      assert.match((await browser.get(link)).text, /Given back/);
      await until('the payer’s messages', () => {
        const texts = stand.texts(number).filter((text) => /goes back to you/.test(text));
        return texts.length === 2 && /¥5\.00/.test(texts[0] ?? '') && texts;
      });
      const told = await until('the desk', () => {
        const all = stand.told(number).filter(({ type }) => type === 'order.refunded');
        return all.length === 2 && all;
      });
      assert.deepEqual(told.map(({ data }) => data.refunded_minor).sort(), [2000, 500]);
    });

    test('a void undoes the payment as a whole, once, and nothing goes back after it', async () => {
      const { number, link, browser } = await paid();
      const [had, left] = [await payers(), await stock()];
      const key = freshKey();
      const voided = await stand.done(number, 'voids', {}, key);
      assert.equal(voided.status, 201, JSON.stringify(voided.body));
      assert.equal(voided.body.outcome, 'voided');
      assert.deepEqual((await stand.back(number, 'voids', {}, key)).body, voided.body);
      await until('the money back', async () => (await payers()) - had === 2000);
      assert.equal((await stand.done(number, 'refunds')).body.code, 'refund_refused');
      assert.equal((await stand.done(number, 'voids')).body.code, 'refund_refused');
      assert.equal(await stock(), left + 2);
      assert.deepEqual((await stand.all.moved(number)).kinds, [
        ...['debit', 'payment', 'reversal', 'reversal'],
      ]);
      assert.match((await browser.get(link)).text, /Undone/);
      await until('the desk', () => stand.told(number).some(({ type }) => type === 'order.voided'));
    });

    test('goods that were delivered stay off the shelf', async () => {
      const { number } = await paid();
      const left = await stock();
      assert.equal((await stand.done(number, 'refunds', { restock: false })).status, 201);
      assert.equal(await stock(), left);
    });

    test('refunds and a void that race give back what was paid and no more', async () => {
      const { number } = await paid();
      const had = await payers();
      const keys = Array.from({ length: 6 }, freshKey);
      const ask = (key: string, at: number): Promise<Answer> =>
        at === 0
          ? stand.done(number, 'voids', {}, key)
          : stand.done(number, 'refunds', { amount_minor: 600 }, key);
      const ends = await Promise.all([...keys.map(ask), ...keys.map(ask)]);
      const [voided, ...refunds] = ends.slice(0, 6);
      const good = refunds.filter(({ status }) => status === 201).length;
      const back = voided?.status === 201 ? 2000 : good * 600;
      assert.equal(good, voided?.status === 201 ? 0 : 3);
      await until('the money back', async () => (await payers()) - had === back);
      assert.equal((await stand.look(number)).body.refunded_minor, back);
    });

    test('an order that is not paid, not known, or asked for by nobody known', async () => {
      const { number } = await stand.order();
      assert.equal((await stand.back(number, 'refunds')).body.code, 'not_paid');
      const unknown = await stand.back(mintTelephoneNumber(systemChance), 'voids');
      assert.equal(unknown.body.code, 'unknown_order');
      const url = `${stand.all.http}/v1/centre/orders/${number}/refunds`;
      const stranger = await call(url, { body: {}, key: freshKey(), bearer: 'nobody' });
      assert.equal(stranger.status, 401);
      const { agentToken: bearer } = stand.all.centre;
      assert.equal((await call(url, { body: {}, bearer })).body.code, 'idempotency_key_missing');
    });

    test('a stream that follows refunds tells each, and ends with the last', async () => {
      const { number } = await paid();
      const { agentToken } = stand.all.centre;
      const url = `${stand.all.http}/v1/centre/orders/${number}/events`;
      const short = await readStream(url, agentToken);
      const long = await readStream(`${url}?follow=refunds`, agentToken);
      await until('the end of the short one', () => short.ended);
      await stand.done(number, 'refunds', { amount_minor: 700 });
      await until('the first', () => long.events.at(-1)?.refunded_minor === 700);
      assert.equal(long.ended, false);
      await stand.done(number, 'refunds');
      await until('the end', () => long.ended);
      assert.equal(long.events.at(-1)?.refunded_minor, 2000);
    });

    if (kind === 'together') return;
    for (const wire of ['issuer', 'acquirer'] as const) {
      for (const fault of ['lose_answer', 'lose_request', 'double'] as const) {
        test(`a refund whose way to the ${wire} does this: ${fault}`, async () => {
          const { number } = await paid();
          const had = await payers();
          stand.all.wires?.[wire].next(`/v1/${wire}/refunds`, fault);
          const done = await stand.done(number, 'refunds', { amount_minor: 450 });
          assert.equal(done.status, 201);
          assert.equal((await payers()) - had, 450);
          assert.equal((await stand.look(number)).body.refunded_minor, 450);
          const { kinds, held } = await stand.all.moved(number);
          assert.deepEqual(kinds, ['debit', 'payment', 'refund', 'refund']);
          assert.equal(held, 0);
        });
      }
    }

    test('a void whose answer is lost is done once', async () => {
      const { number } = await paid();
      const had = await payers();
      stand.all.wires?.acquirer.next('/v1/acquirer/voids', 'lose_answer');
      const voided = await stand.done(number, 'voids');
      assert.equal(voided.body.outcome, 'voided');
      await until('the money back', async () => (await payers()) - had === 2000);
      assert.equal(stand.texts(number).filter((text) => /goes back/.test(text)).length <= 1, true);
    });
  });
}
