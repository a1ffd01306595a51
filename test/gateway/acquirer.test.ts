import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Acquirer } from '#gateway/acquirer/acquirer.ts';
import type { AcquirerGate, AcquirerResult, PayRequest } from '#gateway/acquirer/gate.ts';
import { type Ask, askGate, there } from '#gateway/gate.ts';
import type { IssuerGate } from '#gateway/issuer/gate.ts';
import { trialBalance } from '#gateway/ledger/trial-balance.ts';
import { until } from '#test/until.ts';
import { RICH } from './harness.ts';
import { type House, openHouse } from './house.ts';
import { settle } from './stand.ts';

/** The issuer of another store, by calls that a test may hold back. */
function calledIssuer(issuer: House, gone: { held: boolean }): IssuerGate {
  const local = issuer.core.issuer.gate('acquirer');
  const far = <Q, A>(ask: Ask<Q, A>) =>
    there<Q, A>(async (question) => {
      const answer = await askGate(issuer.core.writer, ask, question);
      if (gone.held) throw new Error('no answer');
      return answer;
    });
  return {
    present: local.present,
    admit: far(local.admit),
    authorise: far(local.authorise),
    debit: far(local.debit),
    capture: far(local.capture),
    release: far(local.release),
    reverse: far(local.reverse),
    refund: far(local.refund),
    status: far(local.status),
  };
}

for (const where of ['here', 'there'] as const) {
  describe(`the acquirer, its issuer ${where}`, () => {
    let stand: House;
    let bank: House;
    let acquirer: Acquirer;
    let gate: AcquirerGate;
    const gone = { held: false };
    const told: AcquirerResult[] = [];
    let ids = 0;
    const mint = (): string => `P-${ids++}`;
    before(async () => {
      stand = await openHouse();
      bank = where === 'here' ? stand : await openHouse();
      acquirer =
        where === 'here'
          ? stand.core.acquirer
          : new Acquirer({
              ...stand.core,
              issuer: calledIssuer(bank, gone),
              tell: (_tx, result) => told.push(result),
            });
      // Only one of them looks after what is open.
      if (where === 'there') stand.core.acquirer.close();
      gate = acquirer.gate();
      assert.equal(gate.pay.where, where);
    });
    after(() => {
      if (where === 'there') acquirer.close();
      for (const { core } of new Set([stand, bank])) {
        assert.deepEqual(trialBalance(core.tables).complaints, []);
        core.close();
      }
    });

    const ask = <Q, A>(verb: Ask<Q, A>, question: Q): Promise<A> =>
      askGate(stand.core.writer, verb, question);
    const pay = async (changes: Partial<PayRequest> = {}) => {
      const id = changes.id ?? mint();
      const payer = await gate.present({ by: 'pin', ...RICH });
      const request = { merchant: 'lin', order: `o-${id}`, amount_minor: 1000, payer };
      const capture = 'now' as const;
      return ask(gate.pay, { ...request, currency: 'CNY', capture, ...changes, id });
    };
    const sum = (
      of: House,
      name: RegExp,
      field: 'balance_minor' | 'held_minor' = 'balance_minor',
    ) =>
      of.core.tables.ledger
        .accounts()
        .filter(({ id }) => name.test(id))
        .reduce((total, account) => total + account[field], 0);
    const payers = () => sum(bank, /^issuer:payer:/);
    const takings = () => sum(stand, /^acquirer:merchant:lin:/);

    test('captures a part of what it froze, once', async () => {
      const [payerBefore, takingsBefore] = [payers(), takings()];
      const payment = mint();
      assert.equal((await pay({ id: payment, capture: 'later' })).said, 'authorised');
      assert.equal(payers(), payerBefore);
      assert.equal(sum(bank, /^issuer:payer:/, 'held_minor'), 1000);
      const capture = { id: mint(), payment, amount_minor: 600 };
      assert.equal((await ask(gate.capture, capture)).said, 'captured');
      assert.equal((await ask(gate.capture, capture)).said, 'captured');
      const again = await ask(gate.capture, { ...capture, id: mint() });
      assert.deepEqual(again, { said: 'refused', code: 'not_authorised' });
      assert.equal(payerBefore - payers(), 600);
      assert.equal(takings() - takingsBefore, 600);
      assert.equal(sum(bank, /^issuer:payer:/, 'held_minor'), 0);
      const much = await ask(gate.refund, { id: mint(), payment, amount_minor: 601 });
      assert.equal(much.said === 'refused' && much.left_minor, 600);
    });

    test('voids before capture: nothing is taken, and a capture comes too late', async () => {
      const earlier = payers();
      const payment = mint();
      await pay({ id: payment, capture: 'later' });
      const voided = { id: mint(), payment };
      assert.equal((await ask(gate.void, voided)).said, 'voided');
      assert.equal((await ask(gate.void, voided)).said, 'voided');
      assert.equal((await ask(gate.void, { id: mint(), payment })).said, 'voided');
      const late = await ask(gate.capture, { id: mint(), payment, amount_minor: 1 });
      assert.deepEqual(late, { said: 'refused', code: 'not_authorised' });
      assert.equal(payers(), earlier);
      assert.equal(sum(bank, /^issuer:payer:/, 'held_minor'), 0);
    });

    test('voids what is paid, and what has not arrived yet', async () => {
      const [payerBefore, takingsBefore] = [payers(), takings()];
      const payment = mint();
      assert.equal((await pay({ id: payment })).said, 'paid');
      assert.equal((await ask(gate.void, { id: mint(), payment })).said, 'voided');
      assert.deepEqual([payers(), takings()], [payerBefore, takingsBefore]);
      const early = mint();
      assert.equal((await ask(gate.void, { id: mint(), payment: early })).said, 'voided');
      assert.deepEqual(await pay({ id: early }), { said: 'voided' });
      assert.equal(payers(), payerBefore);
    });

    test('an order is paid once, whatever ids it is paid under', async () => {
      const order = `once-${where}`;
      const answers = await Promise.all(
        Array.from({ length: 6 }, () => pay({ order, amount_minor: 10 })),
      );
      assert.deepEqual(answers.map(({ said }) => said).sort(), [
        'closed',
        'closed',
        'closed',
        'closed',
        'closed',
        'paid',
      ]);
    });

    test('what was given back is not voided on top', async () => {
      const payment = mint();
      await pay({ id: payment });
      await ask(gate.refund, { id: mint(), payment, amount_minor: 1 });
      const voided = await ask(gate.void, { id: mint(), payment });
      assert.deepEqual(voided, { said: 'refused', code: 'refunded' });
    });

    test('another body under an id is a conflict', async () => {
      const payment = mint();
      await pay({ id: payment });
      assert.deepEqual(await pay({ id: payment, amount_minor: 1 }), { said: 'conflict' });
      const refund = { id: mint(), payment, amount_minor: 5 };
      assert.equal((await ask(gate.refund, refund)).said, 'refunded');
      const other = await ask(gate.refund, { ...refund, amount_minor: 6 });
      assert.deepEqual(other, { said: 'conflict' });
    });

    if (where === 'here') return;

    test('a void while the issuer is silent, then a late approval: reversed', async () => {
      const [payerBefore, takingsBefore] = [payers(), takings()];
      const payment = mint();
      gone.held = true;
      assert.deepEqual(await pay({ id: payment }), { said: 'pending' });
      assert.equal(payerBefore - payers(), 1000, 'the issuer did it');
      assert.equal((await ask(gate.void, { id: mint(), payment })).said, 'voided');
      gone.held = false;
      await stand.clock.pass(60_000);
      await until('the reversal', () => payers() === payerBefore);
      assert.equal(takings(), takingsBefore);
      const status = await ask(gate.status, payment);
      assert.equal(status.said === 'answered' && status.answer.said, 'voided');
      assert.equal(stand.core.tables.payments.nextAt(), undefined, 'nothing is left open');
    });

    test('asks ever less often, and tells the result of what it left pending, once', async () => {
      const payment = mint();
      gone.held = true;
      await pay({ id: payment });
      for (let minute = 0; minute < 10; minute += 1) await stand.clock.pass(60_000);
      const { tries } = stand.core.tables.payments.find(payment) ?? { tries: 0 };
      assert.ok(tries >= 8 && tries <= 20, `${tries} tries in ten minutes`);
      gone.held = false;
      await stand.clock.pass(60_000);
      await settle();
      const ours = told.filter((each) => each.kind === 'payment' && each.id === payment);
      assert.equal(ours.length, 1);
      assert.equal(ours[0]?.answer.said, 'paid');
    });
  });
}
