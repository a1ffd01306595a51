import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { captureHold, placeHold, releaseHold } from '#gateway/ledger/holds.ts';
import { availableMinor, LedgerError, openAccount, post } from '#gateway/ledger/ledger.ts';
import { trialBalance } from '#gateway/ledger/trial-balance.ts';
import { openSqlite } from '#gateway/store/sqlite/engine.ts';
import type { Engine } from '#gateway/store/tables.ts';
import { type Transaction, Writer } from '#gateway/store/writer.ts';
import { fractions } from '#simulators/simulation/chance.ts';

const CREDIT_MINOR = 300;

/** A repeatable stream of whole numbers below `limit`. */
function stream(seed: number): (limit: number) => number {
  const roll = fractions(seed);
  return (limit) => Math.floor(roll() * limit);
}

/** All there is to know about holds: what was promised in docs/ledger.md, in a few lines. */
class Model {
  balance = 1000;
  shop = 0;
  readonly holds = new Map<string, { amount: number; state: 'held' | 'captured' | 'released' }>();

  get held(): number {
    return [...this.holds.values()]
      .filter(({ state }) => state === 'held')
      .reduce((total, { amount }) => total + amount, 0);
  }

  get available(): number {
    return this.balance + CREDIT_MINOR - this.held;
  }

  spend(amount: number): boolean {
    if (amount > this.available) return false;
    this.balance -= amount;
    this.shop += amount;
    return true;
  }

  place(id: string, amount: number): boolean {
    if (this.holds.has(id)) return true;
    if (amount > this.available) return false;
    this.holds.set(id, { amount, state: 'held' });
    return true;
  }

  capture(id: string, amount: number): boolean {
    const hold = this.holds.get(id);
    if (hold?.state !== 'held' || amount > hold.amount) return false;
    hold.state = 'captured';
    this.balance -= amount;
    this.shop += amount;
    return true;
  }

  release(id: string): boolean {
    const hold = this.holds.get(id);
    if (hold === undefined || hold.state === 'captured') return false;
    hold.state = 'released';
    return true;
  }
}

const move = (reference: string, amount: number) => ({
  reference,
  kind: 'capture' as const,
  order_number: null,
  at: 2,
  postings: [
    { account: 'ann', amount_minor: -amount },
    { account: 'shop', amount_minor: amount },
  ],
});

function openBooks(): { engine: Engine; writer: Writer } {
  const engine = openSqlite(':memory:');
  return { engine, writer: new Writer(engine, (then) => setImmediate(then)) };
}

function openAccounts(tx: Transaction): void {
  openAccount(tx, 'bank', 'asset', 'CNY', null);
  openAccount(tx, 'ann', 'liability', 'CNY', -CREDIT_MINOR);
  openAccount(tx, 'shop', 'liability', 'CNY', 0);
  const postings = [
    { account: 'bank', amount_minor: -1000 },
    { account: 'ann', amount_minor: 1000 },
  ];
  post(tx, { reference: 'open', kind: 'opening', order_number: null, at: 1, postings });
}

describe('holds', () => {
  let books: ReturnType<typeof openBooks>;
  const ann = () => {
    const account = books.engine.tables.ledger.account('ann');
    if (account === undefined) throw new Error('no account');
    return account;
  };
  const hold = (id: string, amount_minor: number) => ({
    ...{ id, account: 'ann', amount_minor, purpose: 'voucher', order_number: null, at: 1 },
  });
  before(async () => {
    books = openBooks();
    await books.writer.run(openAccounts);
  });
  after(() => books.writer.close());

  for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
    test(`agree with the model under random interleavings (seed ${seed})`, async () => {
      const { engine, writer } = openBooks();
      await writer.run(openAccounts);
      const pick = stream(seed);
      const model = new Model();
      const steps: Promise<void>[] = [];
      for (let step = 0; step < 400; step += 1) {
        const id = `h-${pick(40)}`;
        const amount = 1 + pick(120);
        const verb = pick(5);
        // Queued without waiting, so that many of them share a commit.
        const check = (unit: (tx: Transaction) => boolean, expected: () => boolean) =>
          steps.push(
            writer.run((tx) => {
              const before = expected();
              assert.equal(unit(tx), before, `step ${step}: verb ${verb} of ${id}, ${amount}`);
            }),
          );
        if (verb === 0) {
          const reference = `spend-${step}`;
          check(
            (tx) => post(tx, move(reference, amount)).ok,
            () => model.spend(amount),
          );
        } else if (verb <= 2) {
          const size = model.holds.get(id)?.amount;
          check(
            (tx) => {
              const terms = tx.ledger.hold(id)?.amount_minor ?? size ?? amount;
              return placeHold(tx, hold(id, terms)).ok;
            },
            () => model.place(id, model.holds.get(id)?.amount ?? amount),
          );
        } else if (verb === 3) {
          check(
            (tx) => captureHold(tx, id, move(`capture-${id}-${step}`, amount)).ok,
            () => model.capture(id, amount),
          );
        } else {
          check(
            (tx) => releaseHold(tx, id, 3).ok,
            () => model.release(id),
          );
        }
      }
      await Promise.all(steps);
      const account = engine.tables.ledger.account('ann');
      assert.ok(account !== undefined);
      assert.equal(account.balance_minor, model.balance);
      assert.equal(account.held_minor, model.held);
      assert.equal(availableMinor(account), model.available);
      assert.equal(engine.tables.ledger.account('shop')?.balance_minor, model.shop);
      assert.deepEqual(trialBalance(engine.tables).complaints, []);
      writer.close();
    });
  }

  test('frozen money is there and is not to be spent', async () => {
    await books.writer.run((tx) => {
      assert.deepEqual(placeHold(tx, hold('voucher', 1200)), { ok: true, repeated: false });
      assert.deepEqual(placeHold(tx, hold('voucher', 1200)), { ok: true, repeated: true });
      assert.equal(post(tx, move('spend', 101)).ok, false);
      assert.equal(placeHold(tx, hold('second', 101)).ok, false);
    });
    assert.equal(ann().balance_minor, 1000);
    assert.equal(availableMinor(ann()), 100);
  });

  test('a part is captured and the rest let go, once', async () => {
    await books.writer.run((tx) => {
      assert.deepEqual(captureHold(tx, 'voucher', move('take', 1250)), {
        ok: false,
        why: 'too_much',
      });
      assert.deepEqual(captureHold(tx, 'voucher', move('take', 800)), {
        ok: true,
        repeated: false,
      });
      assert.deepEqual(captureHold(tx, 'voucher', move('take', 800)), { ok: true, repeated: true });
      assert.deepEqual(captureHold(tx, 'voucher', move('again', 1)), {
        ok: false,
        why: 'captured',
      });
      assert.deepEqual(releaseHold(tx, 'voucher', 4), { ok: false, why: 'captured' });
    });
    assert.equal(ann().balance_minor, 200);
    assert.equal(ann().held_minor, 0);
  });

  test('the database itself refuses to spend what is held, and to end a hold twice', async () => {
    await books.writer.run((tx) => placeHold(tx, hold('kept', 400)));
    const { ledger } = books.engine.tables;
    const row = ledger.hold('kept');
    assert.ok(row !== undefined);
    await books.writer.run((tx) => {
      const { balance_minor, held_minor } = ann();
      assert.ok(balance_minor + CREDIT_MINOR - held_minor < 200);
      assert.equal(tx.ledger.move('ann', -200), undefined);
    });
    await books.writer.run((tx) => releaseHold(tx, 'kept', 5));
    const again = { ...row, state: 'released', ended_at: 6 } as const;
    await assert.rejects(
      books.writer.run((tx) => tx.ledger.endHold(again, 0)),
      /ends once/,
    );
  });

  test('nothing, other terms, and an unknown account are a mistake', async () => {
    for (const wrong of [hold('zero', 0), { ...hold('who', 1), account: 'nobody' }]) {
      await assert.rejects(
        books.writer.run((tx) => placeHold(tx, wrong)),
        LedgerError,
      );
    }
    await books.writer.run((tx) => placeHold(tx, hold('terms', 5)));
    await assert.rejects(
      books.writer.run((tx) => placeHold(tx, hold('terms', 6))),
      LedgerError,
    );
  });
});
