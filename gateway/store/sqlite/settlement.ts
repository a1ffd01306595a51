import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type {
  CardRow,
  CardTransactionRow,
  CentreCardRow,
  CentreCardTable,
  CentreVerdictRow,
  FindingRow,
  JobRow,
  KeptKeysRow,
  KeyVersionRow,
  Placed,
  SettlementTable,
  UnknownRow,
} from '../tables-settlement.ts';
import { every, first } from './rows.ts';

/** `INSERT` of these columns, each by its name. */
const insert = (table: string, columns: readonly string[]): string =>
  `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map((name) => `$${name}`)})`;

const renew = (key: string, columns: readonly string[]): string =>
  ` ON CONFLICT (${key}) DO UPDATE SET ${columns
    .filter((name) => name !== key)
    .map((name) => `${name} = excluded.${name}`)}`;

/** A row as named parameters. */
function named(columns: readonly string[], row: object): Record<string, SQLInputValue> {
  const values = row as Readonly<Record<string, SQLInputValue>>;
  return Object.fromEntries(columns.map((name) => [name, values[name] ?? null]));
}

const CARD = [
  ...['id', 'uid', 'state', 'currency', 'most_minor', 'key_version', 'personalised_at_s'],
  ...['made_version', 'rekeying'],
  ...['holder_name', 'holder_phone', 'because', 'made_at'],
];
const KEY_VERSION = [
  ...['version', 'state', 'because', 'made_at', 'ready_at', 'older_for_ms', 'ends_at', 'ended_at'],
  'waiting',
];
const KEPT_KEYS = ['terminal', 'key_version', 'set_at'];
const TRANSACTION = [
  ...['card', 'counter', 'kind', 'reference', 'terminal', 'vendor', 'amount_minor'],
  ...[
    'balance_before_minor',
    'balance_after_minor',
    'record',
    'mac',
    'mac_before',
    'purpose',
    'proof',
    'at',
  ],
];
const JOB = [
  ...['id', 'kind', 'card', 'amount_minor', 'currency', 'state', 'order_number', 'vendor'],
  ...[
    'source',
    'record',
    'counter_before',
    'balance_before_minor',
    'mac_before',
    'terminal',
    'reason',
  ],
  ...['asked_at', 'ended_at'],
];
const UNKNOWN = [
  ...['order_number', 'card', 'terminal', 'vendor', 'counter_before', 'balance_before_minor'],
  ...['amount_minor', 'record', 'at'],
];
const FINDING = [
  'kind',
  'card',
  'counter',
  'terminal',
  'order_number',
  'amount_minor',
  'says',
  'at',
];

export function settlementTable(database: DatabaseSync): SettlementTable {
  return {
    ...cards(database),
    ...keyVersions(database),
    ...transactions(database),
    ...jobs(database),
    ...unknowns(database),
    ...findings(database),
  };
}

function cards(
  database: DatabaseSync,
): Pick<SettlementTable, 'card' | 'cardByUid' | 'cards' | 'newCard' | 'putCard' | 'cardsWith'> {
  const find = database.prepare('SELECT * FROM settlement_cards WHERE id = ?');
  const byUid = database.prepare('SELECT * FROM settlement_cards WHERE uid = ?');
  const all = database.prepare('SELECT * FROM settlement_cards ORDER BY made_at, id');
  const fresh = database.prepare(
    `SELECT * FROM settlement_cards WHERE state = 'new' AND uid IS NULL
     AND currency = coalesce(?, currency) ORDER BY made_at, id LIMIT 1`,
  );
  const put = database.prepare(insert('settlement_cards', CARD) + renew('id', CARD));
  const having = database.prepare(
    `SELECT count(*) AS count FROM settlement_cards WHERE state = 'active' AND key_version = ?`,
  );
  return {
    card: (id) => first<CardRow>(find, id),
    cardByUid: (uid) => first<CardRow>(byUid, uid),
    cards: () => every<CardRow>(all),
    newCard: (currency = undefined) => first<CardRow>(fresh, currency ?? null),
    putCard: (row) => void put.run(named(CARD, row)),
    cardsWith: (keyVersion) => first<{ count: number }>(having, keyVersion)?.count ?? 0,
  };
}

function keyVersions(
  database: DatabaseSync,
): Pick<SettlementTable, 'keyVersions' | 'putKeyVersion'> {
  const all = database.prepare('SELECT * FROM settlement_key_versions ORDER BY version');
  const put = database.prepare(
    insert('settlement_key_versions', KEY_VERSION) + renew('version', KEY_VERSION),
  );
  return {
    keyVersions: () => every<KeyVersionRow>(all),
    putKeyVersion: (row) => void put.run(named(KEY_VERSION, row)),
  };
}

function transactions(
  database: DatabaseSync,
): Pick<
  SettlementTable,
  | 'transaction'
  | 'transactions'
  | 'transactionsOf'
  | 'lastTransaction'
  | 'addTransaction'
  | 'prove'
  | 'disprove'
  | 'debitsAt'
  | 'debit'
> {
  const from = `SELECT ${TRANSACTION.join(', ')} FROM settlement_transactions`;
  const find = database.prepare(`${from} WHERE card = ? AND counter = ? AND disproved = 0`);
  const all = database.prepare(`${from} WHERE card = ? AND disproved = 0 ORDER BY counter`);
  const of = database.prepare(`${from} WHERE reference = ? AND disproved = 0 ORDER BY id`);
  const last = database.prepare(
    `${from} WHERE card = ? AND disproved = 0 ORDER BY counter DESC LIMIT 1`,
  );
  const placed = `SELECT id AS place, ${TRANSACTION.join(', ')} FROM settlement_transactions
    WHERE kind = 'debit' AND disproved = 0 AND terminal = ?
      AND NOT EXISTS (SELECT 1 FROM settlement_jobs
        WHERE settlement_jobs.order_number = reference AND settlement_jobs.kind = 'pay')`;
  const debitsAt = database.prepare(`${placed} AND id > ? ORDER BY id LIMIT ?`);
  const debit = database.prepare(`${placed} AND card = ? AND counter = ?`);
  const add = database.prepare(insert('settlement_transactions', TRANSACTION));
  const prove = database.prepare(
    `UPDATE settlement_transactions SET mac = ?, proof = 'mac'
     WHERE card = ? AND counter = ? AND disproved = 0`,
  );
  const disprove = database.prepare(
    `UPDATE settlement_transactions SET disproved = 1
     WHERE card = ? AND counter = ? AND disproved = 0`,
  );
  return {
    transaction: (card, counter) => first<CardTransactionRow>(find, card, counter),
    transactions: (card) => every<CardTransactionRow>(all, card),
    transactionsOf: (reference) => every<CardTransactionRow>(of, reference),
    lastTransaction: (card) => first<CardTransactionRow>(last, card),
    debitsAt: (terminal, after, limit) =>
      every<CardTransactionRow & Placed>(debitsAt, terminal, after, limit),
    debit: (terminal, card, counter) =>
      first<CardTransactionRow & Placed>(debit, terminal, card, counter),
    addTransaction: (row) => void add.run(named(TRANSACTION, row)),
    prove: (card, counter, mac) => void prove.run(mac, card, counter),
    disprove: (card, counter) => void disprove.run(card, counter),
  };
}

function jobs(
  database: DatabaseSync,
): Pick<SettlementTable, 'job' | 'jobsOf' | 'refundsOf' | 'paysOf' | 'putJob'> {
  const find = database.prepare('SELECT * FROM settlement_jobs WHERE id = ?');
  const of = database.prepare(
    `SELECT * FROM settlement_jobs WHERE card = ? AND state IN (SELECT value FROM json_each(?))
     ORDER BY asked_at, id`,
  );
  const about = database.prepare(
    `SELECT * FROM settlement_jobs WHERE order_number = ? AND kind = ? ORDER BY asked_at, id`,
  );
  const put = database.prepare(insert('settlement_jobs', JOB) + renew('id', JOB));
  return {
    job: (id) => first<JobRow>(find, id),
    jobsOf: (card, states) => every<JobRow>(of, card, JSON.stringify(states)),
    refundsOf: (order) => every<JobRow>(about, order, 'refund'),
    paysOf: (order) => every<JobRow>(about, order, 'pay'),
    putJob: (row) => void put.run(named(JOB, row)),
  };
}

function unknowns(
  database: DatabaseSync,
): Pick<SettlementTable, 'addUnknown' | 'unknown' | 'openUnknowns' | 'endUnknown'> {
  const add = database.prepare(insert('settlement_unknowns', UNKNOWN));
  const find = database.prepare(
    'SELECT * FROM settlement_unknowns WHERE order_number = ? AND card = ? AND counter_before = ?',
  );
  const open = database.prepare(
    `SELECT * FROM settlement_unknowns WHERE card = ? AND state = 'open' ORDER BY id`,
  );
  const end = database.prepare('UPDATE settlement_unknowns SET state = ? WHERE id = ?');
  return {
    addUnknown: (row) => void add.run(named(UNKNOWN, row)),
    unknown: (order, card, counter) => first<UnknownRow>(find, order, card, counter),
    openUnknowns: (card) => every<UnknownRow>(open, card),
    endUnknown: (id, state) => void end.run(state, id),
  };
}

function findings(database: DatabaseSync): Pick<SettlementTable, 'addFinding' | 'findings'> {
  const add = database.prepare(`${insert('settlement_findings', FINDING)} ON CONFLICT DO NOTHING`);
  const all = database.prepare('SELECT * FROM settlement_findings ORDER BY id');
  return {
    addFinding: (row) => add.run(named(FINDING, row)).changes === 1,
    findings: () => every<FindingRow>(all),
  };
}

const PAYMENT = [
  ...['order_number', 'card', 'counter', 'payment', 'terminal', 'amount_minor', 'currency'],
  ...['state', 'at'],
];

export function centreCardTable(database: DatabaseSync): CentreCardTable {
  const payment = database.prepare('SELECT * FROM centre_card_payments WHERE order_number = ?');
  const put = database.prepare(
    insert('centre_card_payments', PAYMENT) + renew('order_number', PAYMENT),
  );
  const refused = database.prepare(
    `SELECT * FROM centre_card_payments WHERE state = 'refused' AND at >= ? ORDER BY at`,
  );
  const add = database.prepare(
    `INSERT INTO centre_card_verdicts
       (order_number, card, counter_before, terminal, committed, at)
     VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET committed = excluded.committed`,
  );
  const of = database.prepare(
    `SELECT * FROM (SELECT * FROM centre_card_verdicts WHERE terminal = ? ORDER BY at DESC LIMIT ?)
       ORDER BY at`,
  );
  const kept = database.prepare('SELECT * FROM centre_card_keys');
  const keep = database.prepare(
    insert('centre_card_keys', KEPT_KEYS) + renew('terminal', KEPT_KEYS),
  );
  return {
    keptKeys: () => every<KeptKeysRow>(kept),
    putKeptKeys: (row) => void keep.run(named(KEPT_KEYS, row)),
    payment: (order) => first<CentreCardRow>(payment, order),
    putPayment: (row) => void put.run(named(PAYMENT, row)),
    refused: (since) => every<CentreCardRow>(refused, since),
    addVerdict({ order_number, card, counter_before, terminal, committed, at }) {
      add.run(order_number, card, counter_before, terminal, committed ? 1 : 0, at);
    },
    verdicts: (terminal, most) =>
      every<Omit<CentreVerdictRow, 'committed'> & { committed: number }>(of, terminal, most).map(
        (row) => ({ ...row, committed: row.committed === 1 }),
      ),
  };
}
