import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  bearerFor,
  call,
  enrol,
  makeOrder,
  operator,
  POOR,
  pay,
  RICH,
  startGateway,
  Terminal,
  type TestGateway,
} from './harness.ts';

describe('one sale through the gateway', () => {
  let gateway: TestGateway;
  let terminal: Terminal;
  before(async () => {
    gateway = await startGateway();
    terminal = await Terminal.connect(await enrol(gateway.http));
  });
  after(async () => {
    await terminal.close();
    await gateway.close();
  });

  test('order, match, pay: both sides have the result and the bill', async () => {
    const lines = [
      { name: 'Dumplings', code: '1', quantity: 2, unit_minor: 1200 },
      { quantity: 1, unit_minor: 50 },
    ];
    const order = await terminal.offer(makeOrder(terminal.identity, lines));
    const bearer = await bearerFor(gateway.http, terminal, order);
    const paid = await pay(gateway.http, order.number, bearer, RICH);
    assert.equal(paid.status, 201);
    assert.equal(paid.body.outcome, 'paid');
    const result = await terminal.result(order.number);
    assert.equal(result.outcome, 'paid');
    assert.equal(result.amount_minor, 2450);
    assert.equal(result.payment, paid.body.payment);
    assert.equal(result.payer, '•••• 0001');
    const bill = await call(`${gateway.http}/v1/orders/${order.number}/bill`, { bearer });
    assert.equal(bill.body.payment, paid.body.payment);
    assert.deepEqual(bill.body.lines, [
      { name: 'Dumplings', code: '1', quantity: 2, unit_minor: 1200, total_minor: 2400 },
      { quantity: 1, unit_minor: 50, total_minor: 50 },
    ]);
    const balance = await operator(gateway, '/v1/ledger/trial-balance');
    assert.equal(balance.body.balanced, true);
  });

  test('too little money ends the order as declined', async () => {
    const order = await terminal.offer(makeOrder(terminal.identity));
    const bearer = await bearerFor(gateway.http, terminal, order);
    const answer = await pay(gateway.http, order.number, bearer, POOR);
    assert.equal(answer.body.outcome, 'declined');
    assert.equal(answer.body.reason, 'insufficient_funds');
    const result = await terminal.result(order.number);
    assert.equal(result.reason, 'insufficient_funds');
    const next = await pay(gateway.http, order.number, bearer, RICH);
    assert.equal(next.status, 409);
    assert.equal(next.body.code, 'closed');
    assert.equal(next.body.state, 'declined');
  });
});
