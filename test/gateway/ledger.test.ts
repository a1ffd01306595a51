import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { LedgerError, openAccount, post, type Transfer } from '#gateway/ledger/ledger.ts';
import { trialBalance } from '#gateway/ledger/trial-balance.ts';
import { openSqlite } from '#gateway/store/sqlite/engine.ts';
import type { Engine } from '#gateway/store/tables.ts';
import { StoreError, type Transaction, Writer } from '#gateway/store/writer.ts';

const transfer = (
  reference: string,
  ...postings: [account: string, amount: number][]
): Transfer => ({
  reference,
  kind: 'payment',
  order_number: null,
  at: 1,
  postings: postings.map(([account, amount_minor]) => ({ account, amount_minor })),
});

function openBooks(path = ':memory:'): { engine: Engine; writer: Writer } {
  const engine = openSqlite(path);
  return { engine, writer: new Writer(engine, (then) => setImmediate(then)) };
}

function openAccounts(tx: Transaction): void {
  openAccount(tx, 'bank', 'asset', 'CNY', null);
  openAccount(tx, 'ann', 'liability', 'CNY', 0);
  openAccount(tx, 'lin', 'liability', 'CNY', 0);
  openAccount(tx, 'yen', 'liability', 'JPY', null);
  post(tx, transfer('opening', ['bank', -1000], ['ann', 1000]));
}

describe('the ledger', () => {
  let books: ReturnType<typeof openBooks>;
  const balance = (id: string) => books.engine.tables.ledger.account(id)?.balance_minor;
  before(async () => {
    books = openBooks();
    await books.writer.run(openAccounts);
  });
  after(() => books.writer.close());

  test('moves money between accounts, and the same reference moves it once', async () => {
    const move = transfer('move', ['ann', -300], ['lin', 300]);
    const [first, second] = await Promise.all([
      books.writer.run((tx) => post(tx, move)),
      books.writer.run((tx) => post(tx, move)),
    ]);
    assert.deepEqual(first, { ok: true, repeated: false });
    assert.deepEqual(second, { ok: true, repeated: true });
    assert.deepEqual([balance('bank'), balance('ann'), balance('lin')], [-1000, 700, 300]);
  });

  test('never lets a balance below its floor, whatever is in the same batch', async () => {
    const take = (reference: string) =>
      books.writer.run((tx) => post(tx, transfer(reference, ['ann', -700], ['lin', 700])));
    const answers = await Promise.all([take('all-1'), take('all-2'), take('all-3')]);
    assert.deepEqual(
      answers.map(({ ok }) => ok),
      [true, false, false],
    );
    assert.equal(balance('ann'), 0);
  });

  for (const [name, wrong] of [
    ['out of balance', transfer('w1', ['ann', -10], ['lin', 11])],
    ['one posting', transfer('w2', ['ann', 0])],
    ['an account twice', transfer('w3', ['lin', -10], ['lin', 10])],
    ['two currencies that do not each sum to zero', transfer('w4', ['lin', -10], ['yen', 10])],
    ['an unknown account', transfer('w5', ['lin', -10], ['nobody', 10])],
    ['a reference with other postings', transfer('move', ['ann', -1], ['lin', 1])],
  ] as const) {
    test(`refuses ${name} and undoes its unit alone`, async () => {
      const earlier = balance('lin');
      const outcomes = await Promise.allSettled([
        books.writer.run((tx) => {
          openAccount(tx, `half-done ${name}`, 'expense', 'CNY', null);
          return post(tx, wrong);
        }),
        books.writer.run((tx) => tx.settings.set('neighbour', name)),
      ]);
      assert.equal(outcomes[0]?.status, 'rejected');
      assert.ok(outcomes[0].reason instanceof LedgerError);
      assert.equal(outcomes[1]?.status, 'fulfilled');
      assert.equal(balance('lin'), earlier);
      assert.equal(books.engine.tables.ledger.account(`half-done ${name}`), undefined);
      assert.equal(books.engine.tables.settings.get('neighbour'), name);
    });
  }

  test('balances', () => {
    const trial = trialBalance(books.engine.tables);
    assert.deepEqual(trial.complaints, []);
    const cny = trial.currencies.find(({ currency }) => currency === 'CNY');
    assert.equal(cny?.debit_minor, 1000);
    assert.equal(cny?.credit_minor, 1000);
  });
});

describe('the books on disk', () => {
  let directory: string;
  let path: string;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'hawker-books-'));
    path = join(directory, 'gateway.sqlite');
    const { writer } = openBooks(path);
    await writer.run(openAccounts);
    writer.close();
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  test('are opened by one gateway at a time', () => {
    const { writer } = openBooks(path);
    assert.throws(
      () => openBooks(path),
      (error) => {
        assert.ok(error instanceof StoreError);
        assert.match(error.message, /another gateway uses it/);
        return true;
      },
    );
    writer.close();
  });

  test('refuse changes of what is only appended, also to whoever opens the file', () => {
    const database = new DatabaseSync(path);
    for (const change of [
      'UPDATE postings SET amount_minor = amount_minor + 1',
      'DELETE FROM postings',
      'UPDATE transfers SET at = 0',
      'DELETE FROM transfers',
      'REPLACE INTO postings SELECT id, transfer, account, currency, 1, 1 FROM postings',
      'DELETE FROM accounts',
    ]) {
      assert.throws(() => database.exec(change), /append-only|keeps its rows/, change);
    }
    const all = 'SELECT * FROM transfers ORDER BY id';
    const before = database.prepare(all).all();
    assert.ok(before.length > 0);
    database.exec('REPLACE INTO transfers SELECT * FROM transfers');
    database.exec(
      'REPLACE INTO transfers (reference, kind, at) SELECT reference, kind, 0 FROM transfers',
    );
    assert.deepEqual(database.prepare(all).all(), before);
    assert.throws(() => database.exec("UPDATE accounts SET balance_minor = -1 WHERE id = 'ann'"));
    database.close();
  });

  test('a balance that was tampered with is named by the trial balance', () => {
    const database = new DatabaseSync(path);
    database.exec("UPDATE accounts SET balance_minor = 5000 WHERE id = 'ann'");
    database.close();
    const { engine, writer } = openBooks(path);
    const trial = trialBalance(engine.tables);
    assert.equal(trial.balanced, false);
    assert.match(trial.complaints.join('; '), /account ann differs/);
    writer.close();
  });
});

describe('the batching writer', () => {
  test('answers after the commit, and tells listeners of committed units alone', async () => {
    const { engine, writer } = openBooks();
    const told: string[] = [];
    writer.listen((note) => told.push('number' in note ? note.number : note.about));
    const good = writer.run((tx) => {
      tx.note({ about: 'order', number: 'good' });
      tx.settings.set('a', '1');
    });
    const bad = writer.run((tx) => {
      tx.note({ about: 'order', number: 'bad' });
      throw new Error('no');
    });
    assert.deepEqual(told, []);
    await good;
    await assert.rejects(bad, /no/);
    assert.deepEqual(told, ['good']);
    assert.equal(engine.tables.settings.get('a'), '1');
    writer.close();
    await assert.rejects(() => writer.run(() => 1), StoreError);
  });

  test('a commit that fails fails every unit of its batch, and the next batch works', async () => {
    const engine = openSqlite(':memory:');
    let broken = true;
    const flaky: Engine = {
      ...engine,
      commit() {
        if (broken) throw new Error('disk I/O error');
        engine.commit();
      },
    };
    const writer = new Writer(flaky, (then) => setImmediate(then));
    const told: unknown[] = [];
    writer.listen((note) => told.push(note));
    const batch = ['a', 'b'].map((name) =>
      writer.run((tx) => {
        tx.note({ about: 'order', number: name });
        tx.settings.set(name, '1');
      }),
    );
    for (const each of await Promise.allSettled(batch)) {
      assert.equal(each.status, 'rejected');
      assert.ok(each.reason instanceof StoreError);
    }
    assert.deepEqual(told, []);
    assert.equal(engine.tables.settings.get('a'), undefined);
    broken = false;
    await writer.run((tx) => tx.settings.set('c', '1'));
    assert.equal(engine.tables.settings.get('c'), '1');
    writer.close();
  });

  test('a full disk in the middle of a unit fails the whole batch, not the unit alone', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'hawker-full-'));
    const path = join(directory, 'gateway.sqlite');
    openSqlite(path).close();
    const { engine, writer } = openBooks(path);
    const full = Object.assign(new Error('database or disk is full'), { errcode: 13 });
    const outcomes = await Promise.allSettled([
      writer.run((tx) => tx.settings.set('neighbour', '1')),
      writer.run(() => {
        throw full;
      }),
    ]);
    for (const outcome of outcomes) {
      assert.equal(outcome.status, 'rejected');
      assert.ok(outcome.reason instanceof StoreError);
    }
    assert.equal(engine.tables.settings.get('neighbour'), undefined);
    writer.close();
    rmSync(directory, { recursive: true, force: true });
  });
});
