/** SQLite as an engine of the store: write-ahead log, every commit synced, one process alone. */
import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { Engine } from '../tables.ts';
import { StoreError } from '../writer.ts';
import { agentTable } from './agents.ts';
import { attemptTable } from './attempts.ts';
import { dayTable } from './days.ts';
import { deliveryTable } from './deliveries.ts';
import { fundTable } from './funds.ts';
import { identityTable } from './identity.ts';
import { issuedTable } from './issued.ts';
import { ledgerTable } from './ledger.ts';
import { linkTable } from './links.ts';
import { merchantWebhookTable } from './merchants.ts';
import { orderTable } from './orders.ts';
import { outboxTable } from './outbox.ts';
import { pairingTable } from './pairing.ts';
import { answerTable, payerTable, settingTable, terminalTable } from './parties.ts';
import { payerDeskTable } from './payer-desk.ts';
import { paymentTable } from './payments.ts';
import { platformTable } from './platform.ts';
import { productTable } from './products.ts';
import { MIGRATIONS } from './schema.ts';
import { centreCardTable, settlementTable } from './settlement.ts';
import { shopTable } from './shop.ts';
import { telephoneTable } from './telephone.ts';
import { topUpTable } from './topups.ts';

/** Primary result codes NOMEM, IOERR, CORRUPT, FULL, CANTOPEN. */
const BROKEN: readonly number[] = [7, 10, 11, 13, 14];

/** Opens or makes the database; `:memory:` lasts as long as the engine. Throws a `StoreError`. */
export function openSqlite(path: string): Engine {
  const database = openDatabase(path);
  const verbs = {
    begin: database.prepare('BEGIN IMMEDIATE'),
    savepoint: database.prepare('SAVEPOINT unit'),
    release: database.prepare('RELEASE unit'),
    rollbackTo: database.prepare('ROLLBACK TO unit'),
    commit: database.prepare('COMMIT'),
  };
  return {
    tables: {
      orders: orderTable(database),
      ledger: ledgerTable(database),
      outbox: outboxTable(database),
      terminals: terminalTable(database),
      payers: payerTable(database),
      answers: answerTable(database),
      settings: settingTable(database),
      issued: issuedTable(database),
      payments: paymentTable(database),
      attempts: attemptTable(database),
      products: productTable(database),
      telephone: telephoneTable(database),
      deliveries: deliveryTable(database),
      pairings: pairingTable(database),
      platform: platformTable(database),
      links: linkTable(database),
      identity: identityTable(database),
      agents: agentTable(database),
      merchantWebhooks: merchantWebhookTable(database),
      shop: shopTable(database),
      topups: topUpTable(database),
      payerDesk: payerDeskTable(database),
      settlement: settlementTable(database),
      cardPayments: centreCardTable(database),
      funds: fundTable(database),
      days: dayTable(database),
    },
    begin: () => void verbs.begin.run(),
    savepoint: () => void verbs.savepoint.run(),
    release: () => void verbs.release.run(),
    undo: () => {
      verbs.rollbackTo.run();
      verbs.release.run();
    },
    commit: () => void verbs.commit.run(),
    isBroken: (error) =>
      error instanceof Error && 'errcode' in error && BROKEN.includes(Number(error.errcode) & 0xff),
    abandon: () => {
      // A full disk makes SQLite roll back by itself.
      if (database.isTransaction) database.exec('ROLLBACK');
    },
    close: () => database.close(),
  };
}

function openDatabase(path: string): DatabaseSync {
  let database: DatabaseSync;
  try {
    // Made here first, so that neither it nor its log is ever readable by others.
    if (path !== ':memory:') closeSync(openSync(path, 'a', 0o600));
    database = new DatabaseSync(path);
    // Two gateways on one store would each keep timers and outboxes of their own.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec('PRAGMA journal_mode = WAL');
    // In WAL mode NORMAL, the usual default, lets a power cut take back what was committed.
    database.exec('PRAGMA synchronous = FULL');
    database.exec('PRAGMA foreign_keys = ON');
    database.exec('PRAGMA wal_autocheckpoint = 10000');
    // What a savepoint may have to undo stays out of files: a fifth of a payment's time (measured).
    database.exec('PRAGMA temp_store = MEMORY');
    checkDurable(database, path);
    migrate(database);
  } catch (cause) {
    const says = cause instanceof Error ? cause.message : String(cause);
    const mend = /locked/.test(says) ? 'another gateway uses it: stop that one' : says;
    throw new StoreError(`${path}: ${mend}`, { cause });
  }
  return database;
}

/** Some file systems refuse the write-ahead log silently: then this store must not take money. */
function checkDurable(database: DatabaseSync, path: string): void {
  const mode = database.prepare('PRAGMA journal_mode').get()?.journal_mode;
  const synchronous = database.prepare('PRAGMA synchronous').get()?.synchronous;
  if (path !== ':memory:' && (mode !== 'wal' || synchronous !== 2)) {
    throw new Error(`journal ${mode}, synchronous ${synchronous}: use a local disk`);
  }
}

function migrate(database: DatabaseSync): void {
  const version = Number(database.prepare('PRAGMA user_version').get()?.user_version ?? 0);
  if (version > MIGRATIONS.length) {
    throw new Error(`made by a newer gateway (schema ${version}): use that or a newer one`);
  }
  for (const [at, migration] of MIGRATIONS.entries()) {
    if (at < version) continue;
    database.exec(`BEGIN IMMEDIATE; ${migration}; PRAGMA user_version = ${at + 1}; COMMIT`);
  }
}
