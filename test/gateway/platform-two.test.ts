/** A second platform of quite another kind is one adapter file: the same payments work through it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Harbour } from '#simulators/platform-two/harbour.ts';
import { until } from '#test/until.ts';
import { operator, RICH } from './harness.ts';
import { PairingStand } from './pairing-stand.ts';

const BO = { account: 'bo', password: 'harbour lights' };
const POOR = { account: 'poor', password: 'empty pockets' };

describe('a second platform', () => {
  let harbour: Harbour;
  let stand: PairingStand;
  before(async () => {
    harbour = await Harbour.open({
      merchants: { M1: 'a shared key' },
      accounts: {
        bo: { password: BO.password, balance: 10_000 },
        poor: { password: POOR.password, balance: 5 },
      },
    });
    const { url } = harbour;
    stand = await PairingStand.open({
      platforms: [{ kind: 'harbour', title: 'Harbour Pay', url, secret: 'M1:a shared key' }],
    });
  });
  after(async () => {
    await stand.close();
    await harbour.close();
  });

  const agree = async () => {
    const phone = await stand.phone(RICH);
    assert.equal((await phone.pair(stand.number)).status, 201);
    const order = await stand.offer();
    await phone.step('confirm');
    const view = async (key: string) => {
      await phone.answer(order, 'yes', key, 'harbour');
      return (await phone.look()).attempt;
    };
    return { phone, order, view };
  };

  test('refused for want of money, then paid; notified, and told once', async () => {
    const { phone, order, view } = await agree();
    const first = await view(`one-${order.number}`);
    assert.equal((await phone.payAt(first?.page_url ?? '', POOR)).status, 303);
    assert.equal((await stand.attempt(order, 'failed', 1)).reason, 'insufficient_funds');
    const second = await view(`two-${order.number}`);
    await phone.payAt(second?.page_url ?? '', BO);
    const result = await stand.terminal.result(order.number);
    assert.equal(result.outcome, 'paid');
    assert.match(result.payment ?? '', /^HB/);
    assert.equal(result.payer, 'b***');
    assert.equal(harbour.accounts.get('bo')?.balance, 8750);
    const id = await until('the notification', () => harbour.notified.at(-1));
    assert.equal(await harbour.notify(id), 'success', 'a repetition is taken, and changes nothing');
    const { transfers } = await stand.trail(order);
    assert.equal(transfers.length, 1);
    const { body } = await operator(stand.gateway, '/v1/ledger/trial-balance');
    assert.equal(body.balanced, true);
    assert.match(JSON.stringify(body), /centre:platform:harbour:CNY/);
    await phone.ask('/v1/pairing/leave', {});
  });

  test('cancelled and paid all the same: refunded', async () => {
    const { phone, order, view } = await agree();
    const attempt = await view(`late-${order.number}`);
    const before = harbour.accounts.get('bo')?.balance;
    const page = attempt?.page_url ?? '';
    const close = { order: order.number, because: 'cancelled' } as const;
    await Promise.all([stand.terminal.say({ kind: 'close', close }), phone.payAt(page, BO)]);
    const { outcome } = await stand.terminal.result(order.number);
    if (outcome === 'cancelled') {
      await until('the money is back', () => harbour.accounts.get('bo')?.balance === before);
    } else assert.equal(harbour.accounts.get('bo')?.balance, (before ?? 0) - 1250);
  });

  test('a forged notification is not believed', async () => {
    const body = new URLSearchParams({ out_trade_no: 'x', trade_status: 'PAID', sign: '00' });
    const url = `${stand.gateway.http}/v1/webhooks/platform/harbour`;
    const response = await fetch(url, { method: 'POST', body });
    assert.equal(response.status, 401);
  });
});
