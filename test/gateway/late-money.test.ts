/** Money that came too late for its telephone order stays owed to its payer until it is back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { merchantAccount } from '#gateway/acquirer/accounts.ts';
import { askGate } from '#gateway/gate.ts';
import { placeHold, releaseHold } from '#gateway/ledger/holds.ts';
import { trialBalance } from '#gateway/ledger/trial-balance.ts';
import { orderRequestSchema, viewTelephoneOrder } from '#gateway/orders/telephone/order.ts';
import { PRODUCTS } from './centre-bench.ts';
import { RICH, SEED } from './harness.ts';
import { openHouse } from './house.ts';
import { settle } from './stand.ts';

test('a void that the merchant’s funds do not allow is asked for until they do', async () => {
  const { core, clock, logged } = await openHouse({ ...SEED, products: PRODUCTS });
  const { tables, writer, telephone } = core;
  core.payLinks.reachAt('https://pay.test');
  const balance = (of: RegExp): number =>
    tables.ledger
      .accounts()
      .filter(({ id }) => of.test(id))
      .reduce((sum, { balance_minor }) => sum + balance_minor, 0);
  const payers = /^issuer:payer:/;
  const had = balance(payers);
  const wish = { merchant: 'lin', lines: [{ code: '2', quantity: 1 }], phone: RICH.phone };
  const request = orderRequestSchema.parse(wish);
  const placed = await writer.run((tx) => telephone.register(tx, request, RICH.phone));
  assert.ok(placed.ok);
  const { number, amount_minor } = placed.row;
  await writer.run((tx) => telephone.cancel(tx, number));
  const gate = core.acquirer.gate();
  const payer = await gate.present({ by: 'pin', ...RICH });
  const of = { merchant: 'lin', amount_minor, currency: 'CNY' } as const;
  const pay = { ...of, id: 'PAY-late', order: 'elsewhere', payer, capture: 'now' } as const;
  assert.equal((await askGate(writer, gate.pay, pay)).said, 'paid');
  assert.equal(had - balance(payers), amount_minor);

  // The merchant's funds are frozen for something else just then.
  const account = merchantAccount('lin', 'CNY');
  const hold = { id: 'acquirer:hold:other', account, amount_minor, purpose: 'refund' };
  await writer.run((tx) => placeHold(tx, { ...hold, order_number: null, at: clock.now() }));
  const answer = { said: 'paid', payer: '•••• 0001', at: clock.now() } as const;
  const result = { ...of, id: 'PAY-late', order: number, answer, at: clock.now() } as const;
  await writer.run((tx) => core.tell(tx, { kind: 'payment', event: 'late', ...result }));
  await clock.pass(600_000);
  const view = () => {
    const row = telephone.find(number);
    assert.ok(row);
    return viewTelephoneOrder(tables, row);
  };
  const kinds = () => tables.orders.events(number).map(({ kind }) => kind);
  assert.deepEqual(view().owed_back, ['PAY-late'], 'whoever looks sees what is owed');
  assert.equal(kinds().filter((kind) => kind === 'void_refused').length, 1, 'said once');
  assert.ok(
    logged.some(({ says, mend }) => /refused for now/.test(says) && /funds/.test(mend ?? '')),
  );
  assert.equal(had - balance(payers), amount_minor);

  await writer.run((tx) => releaseHold(tx, hold.id, clock.now()));
  await clock.pass(70_000);
  await settle();
  assert.equal(balance(payers), had, 'the payer has it back');
  assert.equal(balance(/^acquirer:merchant:/), 0);
  assert.equal(view().owed_back, undefined);
  assert.equal(kinds().filter((kind) => kind === 'void_voided').length, 1);
  assert.equal(view().state, 'cancelled');
  // Under its id it is undone once.
  const again = await askGate(writer, gate.void, { id: 'void:PAY-late', payment: 'PAY-late' });
  assert.equal(again.said, 'voided');
  assert.equal(balance(payers), had);
  assert.deepEqual(trialBalance(tables).complaints, []);
  core.close();
});
