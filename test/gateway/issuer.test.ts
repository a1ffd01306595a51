import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { payerAccount } from '#gateway/issuer/accounts.ts';
import type { PayerProof } from '#gateway/issuer/gate.ts';
import { trialBalance } from '#gateway/ledger/trial-balance.ts';
import { applySeed, seedSchema } from '#gateway/seed.ts';
import { BLOCKED, POOR, RICH } from './harness.ts';
import { type House, openHouse } from './house.ts';

const ANN = {
  ...{ phone: '+8613800000021', pin: '111222' },
  holder: { name: 'Ann Wang 王安', identity_number: '31010119900307122X' },
};

type IssuerGate = ReturnType<House['core']['issuer']['gate']>;

describe('the issuer', () => {
  let stand: House;
  let gate: IssuerGate;
  let ids = 0;
  const mint = (): string => `r-${ids++}`;
  before(async () => {
    stand = await openHouse();
    gate = stand.core.issuer.gate('acquirer');
    const balances = [{ currency: 'CNY', amount_minor: 1000, credit_minor: 500 }] as const;
    const payers = [
      { ...ANN, balances: [...balances] },
      { ...ANN, phone: '+8613800000022', state: 'closed' as const, balances: [...balances] },
    ];
    const seed = { calling_code: '86', vendors: [], terminals: [], payers };
    await applySeed(stand.core, seedSchema.parse(seed));
  });
  after(() => {
    assert.deepEqual(trialBalance(stand.core.tables).complaints, []);
    stand.core.close();
  });

  const taking = (id: string, amount_minor: number) => ({
    ...{ id, amount_minor, currency: 'CNY' as const, merchant: 'lin', reference: `order-${id}` },
  });
  const take = async (
    name: 'debit' | 'authorise',
    proof: PayerProof,
    amount: number,
    id = mint(),
  ) => {
    const payer = await gate.present(proof);
    return stand.core.writer.run((tx) => gate[name].ask(tx, { ...taking(id, amount), payer }));
  };
  const ask = <Q, A>(verb: { ask: (tx: never, question: Q) => A }, question: Q): Promise<A> =>
    stand.core.writer.run((tx) => verb.ask(tx as never, question));
  const byPin = ({ phone, pin }: { phone: string; pin: string }): PayerProof => ({
    ...{ by: 'pin', phone, pin },
  });
  const byName = (changes: Partial<Extract<PayerProof, { by: 'identity' }>> = {}): PayerProof => ({
    ...{ by: 'identity', phone: ANN.phone, ...ANN.holder, ...changes },
  });
  const account = (phone: string) => {
    const payer = stand.core.tables.payers.byPhone(phone);
    const found = stand.core.tables.ledger.account(payerAccount(payer?.id ?? '', 'CNY'));
    if (found === undefined) throw new Error('no account');
    return found;
  };

  test('checks name, identity number and phone, however they are written', async () => {
    for (const right of [
      byName(),
      byName({ name: ' ann  WANG 王安 ' }),
      byName({ identity_number: '310101 19900307 122x' }),
    ]) {
      assert.equal((await take('debit', right, 1)).said, 'debited');
    }
    for (const wrong of [
      byName({ name: 'Bob Wang' }),
      byName({ identity_number: '310101199003071222' }),
      byName({ phone: '+8613800000099' }),
      byName({ phone: RICH.phone }),
    ]) {
      const answer = await take('debit', wrong, 1);
      assert.deepEqual(answer, { said: 'declined', reason: 'payer_not_verified' });
    }
  });

  test('keeps no identity number and no name in what it logs or answers', () => {
    const row = stand.core.tables.payers.byPhone(ANN.phone);
    assert.equal(row?.identity_masked, '•••• 122x');
    const kept = JSON.stringify([row, stand.logged]);
    assert.equal(kept.includes(ANN.holder.identity_number), false);
  });

  test('looks at state, balance and credit line', async () => {
    const said = async (proof: PayerProof, amount: number) => {
      const answer = await take('debit', proof, amount);
      return answer.said === 'declined' ? answer.reason : answer.said;
    };
    assert.equal(await said(byPin(BLOCKED), 1), 'account_blocked');
    assert.equal(await said(byName({ phone: '+8613800000022' }), 1), 'account_blocked');
    assert.equal(await said(byPin(POOR), 301), 'insufficient_funds');
    assert.equal(await said(byName(), 1498), 'insufficient_funds');
    assert.equal(await said(byName(), 1400), 'debited', 'with 500 of credit');
    assert.equal(account(ANN.phone).balance_minor, 1000 - 3 - 1400);
  });

  test('decides an id once: the same body gets the same, another body a conflict', async () => {
    const id = mint();
    const first = await take('debit', byPin(RICH), 100, id);
    const earlier = account(RICH.phone).balance_minor;
    assert.deepEqual(await take('debit', byPin(RICH), 100, id), first);
    for (const other of [
      await take('debit', byPin(RICH), 101, id),
      await take('authorise', byPin(RICH), 100, id),
      await take('debit', byPin(POOR), 100, id),
    ]) {
      assert.deepEqual(other, { said: 'conflict' });
    }
    assert.equal(account(RICH.phone).balance_minor, earlier);
    const others = stand.core.issuer.gate('funds');
    const status = await ask(others.status, id);
    assert.deepEqual(status, { said: 'unknown' }, 'ids are the own ones of each caller');
  });

  test('freezes, captures a part, refunds, and lets nothing be done twice', async () => {
    const before = account(RICH.phone);
    const authorisation = mint();
    await take('authorise', byPin(RICH), 1000, authorisation);
    assert.equal(account(RICH.phone).balance_minor, before.balance_minor);
    assert.equal(account(RICH.phone).held_minor, 1000);
    const capture = { id: mint(), authorisation, amount_minor: 700 };
    assert.equal((await ask(gate.capture, capture)).said, 'captured');
    assert.equal((await ask(gate.capture, capture)).said, 'captured');
    const again = await ask(gate.capture, { ...capture, id: mint(), amount_minor: 300 });
    assert.deepEqual(again, { said: 'refused', code: 'captured' });
    const release = await ask(gate.release, { id: mint(), authorisation });
    assert.deepEqual(release, { said: 'refused', code: 'captured' });
    assert.equal(account(RICH.phone).held_minor, 0);
    assert.equal(account(RICH.phone).balance_minor, before.balance_minor - 700);
    const part = await ask(gate.refund, { id: mint(), of: authorisation, amount_minor: 200 });
    assert.equal(part.said, 'refunded');
    const much = await ask(gate.refund, { id: mint(), of: authorisation, amount_minor: 501 });
    assert.deepEqual(much, { said: 'refused', code: 'too_much', left_minor: 500 });
    const rest = await ask(gate.reverse, { id: mint(), of: authorisation });
    assert.equal(rest.said === 'reversed' && rest.amount_minor, 500, 'what is left of it');
    assert.equal(account(RICH.phone).balance_minor, before.balance_minor);
    const late = await ask(gate.refund, { id: mint(), of: authorisation, amount_minor: 1 });
    assert.deepEqual(late, { said: 'refused', code: 'reversed' });
  });

  test('a reversal that comes first makes what it reverses be refused for good', async () => {
    const before = account(RICH.phone).balance_minor;
    const id = mint();
    const reversed = await ask(gate.reverse, { id: mint(), of: id });
    assert.equal(reversed.said === 'reversed' && reversed.amount_minor, 0);
    for (let again = 0; again < 2; again += 1) {
      const answer = await take('debit', byPin(RICH), 100, id);
      assert.deepEqual(answer, { said: 'refused', code: 'reversed' });
    }
    assert.equal(account(RICH.phone).balance_minor, before);
    assert.equal((await ask(gate.status, id)).said, 'answered');
  });

  test('a proof that was not presented here is not believed', async () => {
    const payer = { proof: byPin(RICH) };
    const forged = stand.core.writer.run((tx) =>
      gate.debit.ask(tx, { ...taking(mint(), 1), payer }),
    );
    await assert.rejects(forged, /not presented/);
  });

  for (const seed of [11, 12, 13, 14]) {
    test(`doubled and reordered requests leave the books right (seed ${seed})`, async () => {
      let state = seed;
      const pick = (limit: number): number => {
        state = (state * 1103515245 + 12345) % 2147483648;
        return Math.floor((state / 2147483648) * limit);
      };
      const opening = account(RICH.phone).balance_minor;
      const payer = await gate.present(byPin(RICH));
      const calls: (() => Promise<readonly [string, unknown]>)[] = [];
      const plan = <Q extends { id: string }>(
        verb: { ask: (tx: never, question: Q) => unknown },
        question: Q,
      ): void => {
        for (let copy = 0; copy <= pick(3); copy += 1) {
          calls.push(async () => [question.id, await ask(verb, question)] as const);
        }
      };
      const of: string[] = [];
      for (let round = 0; round < 60; round += 1) {
        const id = `s${seed}-${round}`;
        of.push(id);
        const kind = pick(2) === 0 ? gate.debit : gate.authorise;
        plan(kind as typeof gate.debit, { ...taking(id, 1 + pick(50)), payer });
        const about = of[pick(of.length)] ?? id;
        const amount_minor = 1 + pick(40);
        plan(gate.capture, { id: `${id}-c`, authorisation: about, amount_minor });
        if (pick(3) === 0) plan(gate.release, { id: `${id}-l`, authorisation: about });
        if (pick(3) === 0) plan(gate.reverse, { id: `${id}-v`, of: about });
        plan(gate.refund, { id: `${id}-f`, of: about, amount_minor });
      }
      for (let at = calls.length - 1; at > 0; at -= 1) {
        const other = pick(at + 1);
        const [left, right] = [calls[at], calls[other]];
        if (left === undefined || right === undefined) continue;
        [calls[at], calls[other]] = [right, left];
      }
      const answers = await Promise.all(calls.map((each) => each()));
      const first = new Map<string, string>();
      for (const [id, answer] of answers) {
        const text = JSON.stringify(answer);
        assert.equal(first.get(id) ?? text, text, `${id} is answered the same each time`);
        first.set(id, text);
      }
      for (const id of of) {
        const about = stand.core.tables.issued.about('acquirer', id);
        const sum = (said: string) =>
          about
            .filter((each) => each.said === said)
            .reduce((total, each) => total + each.amount_minor, 0);
        const row = stand.core.tables.issued.find('acquirer', id);
        const taken = row?.said === 'debited' ? row.amount_minor : sum('captured');
        assert.ok(sum('refunded') <= taken, `${id} gave back more than it took`);
        const ends = about.filter(({ said }) => said === 'captured' || said === 'released');
        assert.ok(ends.length <= 1, `${id} ended more than once`);
      }
      // Whatever is left is undone: then there must be as much as at first.
      for (const id of of) await ask(gate.reverse, { id: `end-${id}`, of: id });
      assert.equal(account(RICH.phone).balance_minor, opening);
      assert.equal(account(RICH.phone).held_minor, 0);
      assert.deepEqual(trialBalance(stand.core.tables, 'issuer').complaints, []);
    });
  }
});
