import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { trialBalance } from '#gateway/ledger/trial-balance.ts';
import { openSqlite } from '#gateway/store/sqlite/engine.ts';
import { MIGRATIONS } from '#gateway/store/sqlite/schema.ts';

/** A store as the first version left it: one book, payments straight from payer to vendor. */
function writeFirstBooks(path: string): void {
  const database = new DatabaseSync(path);
  database.exec(`${MIGRATIONS[0]}; PRAGMA user_version = 1`);
  database.exec(`
    INSERT INTO payers (id, phone, pin, state) VALUES ('p-1', '+8613800000001', 'x', 'active');
    INSERT INTO accounts (id, kind, currency, floor_minor, balance_minor) VALUES
      ('funding:CNY', 'asset', 'CNY', NULL, -1000), ('payer:p-1:CNY', 'liability', 'CNY', 0, 600),
      ('vendor:lin:CNY', 'liability', 'CNY', 0, 400);
    INSERT INTO transfers (id, reference, kind, order_number, at) VALUES
      (1, 'opening:p-1:CNY', 'opening', NULL, 1), (2, 'payment:A', 'payment', 'A', 2),
      (3, 'payment:B', 'payment', 'B', 3);
    INSERT INTO postings (transfer, account, currency, amount_minor, balance_after_minor) VALUES
      (1, 'funding:CNY', 'CNY', -1000, -1000), (1, 'payer:p-1:CNY', 'CNY', 1000, 1000),
      (2, 'payer:p-1:CNY', 'CNY', -300, 700), (2, 'vendor:lin:CNY', 'CNY', 300, 300),
      (3, 'payer:p-1:CNY', 'CNY', -100, 600), (3, 'vendor:lin:CNY', 'CNY', 100, 400);`);
  database.close();
}

test('books of the first version become one book for each organisation, and balance', () => {
  const directory = mkdtempSync(join(tmpdir(), 'hawker-migration-'));
  const path = join(directory, 'gateway.sqlite');
  writeFirstBooks(path);
  const engine = openSqlite(path);
  const { tables } = engine;
  for (const book of [undefined, 'issuer', 'acquirer']) {
    assert.deepEqual(trialBalance(tables, book).complaints, [], book);
  }
  const balances = Object.fromEntries(
    tables.ledger.accounts().map(({ id, balance_minor }) => [id, balance_minor]),
  );
  assert.deepEqual(balances, {
    'acquirer:due:issuer:CNY': -400,
    'acquirer:merchant:lin:CNY': 400,
    'issuer:due:acquirer:CNY': 400,
    'issuer:funding:CNY': -1000,
    'issuer:payer:p-1:CNY': 600,
  });
  const [second] = tables.ledger.transfersOfOrder('B');
  assert.equal(tables.ledger.postingsOf(second?.id ?? 0).length, 4);
  assert.equal(tables.payers.byPhone('+8613800000001')?.state, 'active');
  engine.close();
  rmSync(directory, { recursive: true, force: true });
});
