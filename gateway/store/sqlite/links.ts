import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type {
  ChallengeRow,
  ContractRow,
  LinkPayerRow,
  LinkPlatformRow,
  LinkRow,
  LinkTable,
  MerchantCurrencyRow,
  MerchantRow,
  MethodRow,
  PasskeyRow,
} from '../tables-links.ts';
import { every, first } from './rows.ts';

const COLUMNS = [
  ...['id', 'fingerprint', 'digest', 'salt', 'merchant', 'order_number', 'lines', 'amount_minor'],
  ...['currency', 'phone', 'state', 'reason', 'device', 'payer', 'verified_by', 'verified_at'],
  ...['wrong', 'attempts', 'attempt', 'paid_from', 'next_at', 'made_at', 'expires_at', 'ended_at'],
] as const satisfies readonly (keyof LinkRow)[];

/** Those that {@link LinkTable.change} may change. */
const CHANGING = [
  ...['state', 'reason', 'device', 'payer', 'verified_by', 'verified_at', 'wrong', 'attempts'],
  ...['attempt', 'paid_from', 'next_at', 'ended_at'],
] as const satisfies readonly (keyof LinkRow)[];

export function linkTable(database: DatabaseSync): LinkTable {
  const next = database.prepare(
    'SELECT min(next_at) AS at FROM acquirer_links WHERE next_at IS NOT NULL',
  );
  return {
    ...merchants(database),
    ...contracts(database),
    ...links(database),
    ...passkeys(database),
    ...platforms(database),
    nextAt: () => first<{ at: number | null }>(next)?.at ?? undefined,
  };
}

function merchants(
  database: DatabaseSync,
): Pick<
  LinkTable,
  'merchant' | 'currency' | 'putMerchant' | 'putCurrency' | 'methods' | 'putMethod'
> {
  const find = database.prepare('SELECT * FROM acquirer_merchants WHERE id = ?');
  const currency = database.prepare(
    'SELECT * FROM acquirer_merchant_currencies WHERE merchant = ? AND currency = ?',
  );
  const put = database.prepare(
    `INSERT INTO acquirer_merchants (id, number, name, address, state) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET number = excluded.number, name = excluded.name,
       address = excluded.address, state = excluded.state`,
  );
  const putCurrency = database.prepare(
    `INSERT INTO acquirer_merchant_currencies (merchant, currency, least_minor, most_minor)
     VALUES (?, ?, ?, ?) ON CONFLICT (merchant, currency)
     DO UPDATE SET least_minor = excluded.least_minor, most_minor = excluded.most_minor`,
  );
  const methods = database.prepare(
    `SELECT * FROM acquirer_methods WHERE state = 'offered' ORDER BY id`,
  );
  const putMethod = database.prepare(
    `INSERT INTO acquirer_methods (id, state) VALUES (?, ?)
     ON CONFLICT (id) DO UPDATE SET state = excluded.state`,
  );
  return {
    merchant: (id) => first<MerchantRow>(find, id),
    currency: (merchant, code) => first<MerchantCurrencyRow>(currency, merchant, code),
    putMerchant: ({ id, number, name, address, state }) =>
      void put.run(id, number, name, address, state),
    putCurrency: (row) =>
      void putCurrency.run(row.merchant, row.currency, row.least_minor, row.most_minor),
    methods: () => every<MethodRow>(methods),
    putMethod: ({ id, state }) => void putMethod.run(id, state),
  };
}

function contracts(
  database: DatabaseSync,
): Pick<
  LinkTable,
  'payer' | 'addPayer' | 'contract' | 'contractOf' | 'contractsOf' | 'addContract' | 'setFailures'
> {
  const payer = database.prepare('SELECT * FROM acquirer_payers WHERE id = ?');
  const addPayer = database.prepare(
    'INSERT INTO acquirer_payers (id, name, identity_sealed) VALUES (?, ?, ?)',
  );
  const find = database.prepare('SELECT * FROM acquirer_contracts WHERE id = ?');
  const of = database.prepare('SELECT * FROM acquirer_contracts WHERE method = ? AND phone = ?');
  const ofPayer = database.prepare('SELECT * FROM acquirer_contracts WHERE payer = ?');
  const add = database.prepare(
    `INSERT INTO acquirer_contracts (id, payer, method, phone, verification, secret, state)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const fail = database.prepare(
    'UPDATE acquirer_contracts SET failures = ?, locked_until = ? WHERE id = ?',
  );
  return {
    payer: (id) => first<LinkPayerRow>(payer, id),
    addPayer: ({ id, name, identity_sealed }) => void addPayer.run(id, name, identity_sealed),
    contract: (id) => first<ContractRow>(find, id),
    contractOf: (method, phone) => first<ContractRow>(of, method, phone),
    contractsOf: (id) => every<ContractRow>(ofPayer, id),
    addContract({ id, payer: who, method, phone, verification, secret, state }) {
      add.run(id, who, method, phone, verification, secret, state);
    },
    setFailures: (id, failures, lockedUntil) => void fail.run(failures, lockedUntil, id),
  };
}

function links(
  database: DatabaseSync,
): Pick<LinkTable, 'find' | 'byDigest' | 'ofOrder' | 'byAttempt' | 'add' | 'change' | 'due'> {
  const find = database.prepare('SELECT * FROM acquirer_links WHERE id = ?');
  const byDigest = database.prepare('SELECT * FROM acquirer_links WHERE digest = ?');
  const ofOrder = database.prepare(
    'SELECT * FROM acquirer_links WHERE merchant = ? AND order_number = ?',
  );
  const byAttempt = database.prepare('SELECT * FROM acquirer_links WHERE attempt = ?');
  const add = database.prepare(
    `INSERT INTO acquirer_links (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map(() => '?').join(', ')})`,
  );
  const change = database.prepare(
    `UPDATE acquirer_links SET ${CHANGING.map((name) => `${name} = ?`).join(', ')} WHERE id = ?`,
  );
  const due = database.prepare(
    `SELECT * FROM acquirer_links WHERE next_at IS NOT NULL AND next_at <= ?
     ORDER BY next_at LIMIT ?`,
  );
  return {
    find: (id) => first<LinkRow>(find, id),
    byDigest: (digest) => first<LinkRow>(byDigest, digest),
    ofOrder: (merchant, order) => first<LinkRow>(ofOrder, merchant, order),
    byAttempt: (payment) => first<LinkRow>(byAttempt, payment),
    add(row) {
      const values: SQLInputValue[] = COLUMNS.map((name) => row[name]);
      add.run(...values);
    },
    change(id, wanted) {
      const row = first<LinkRow>(find, id);
      if (row === undefined) throw new Error(`link ${id} is gone`);
      const changed = { ...row, ...wanted };
      change.run(...CHANGING.map((name) => changed[name]), id);
    },
    due: (now, limit) => every<LinkRow>(due, now, limit),
  };
}

function passkeys(
  database: DatabaseSync,
): Pick<
  LinkTable,
  | 'passkey'
  | 'passkeysOf'
  | 'addPasskey'
  | 'setPasskey'
  | 'addChallenge'
  | 'takeChallenge'
  | 'forgetChallenges'
> {
  const find = database.prepare('SELECT * FROM acquirer_passkeys WHERE id = ?');
  const of = database.prepare('SELECT * FROM acquirer_passkeys WHERE contract = ?');
  const add = database.prepare(
    `INSERT INTO acquirer_passkeys (id, contract, public_key, counter, transports, state, added_at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const set = database.prepare('UPDATE acquirer_passkeys SET counter = ?, state = ? WHERE id = ?');
  const addChallenge = database.prepare(
    `INSERT INTO acquirer_challenges (digest, link, purpose, device, expires_at)
     VALUES (?, ?, ?, ?, ?)`,
  );
  const take = database.prepare('DELETE FROM acquirer_challenges WHERE digest = ? RETURNING *');
  const forget = database.prepare('DELETE FROM acquirer_challenges WHERE expires_at <= ?');
  return {
    passkey: (id) => first<PasskeyRow>(find, id),
    passkeysOf: (contract) => every<PasskeyRow>(of, contract),
    addPasskey(row) {
      const { id, contract, public_key, counter, transports, state, added_at } = row;
      add.run(id, contract, public_key, counter, transports, state, added_at);
    },
    setPasskey: (id, counter, state) => void set.run(counter, state, id),
    addChallenge: ({ digest, link, purpose, device, expires_at }) =>
      void addChallenge.run(digest, link, purpose, device, expires_at),
    takeChallenge: (digest) => first<ChallengeRow>(take, digest),
    forgetChallenges: (before) => void forget.run(before),
  };
}

function platforms(
  database: DatabaseSync,
): Pick<
  LinkTable,
  | 'platform'
  | 'putPlatform'
  | 'platformOf'
  | 'openPlatforms'
  | 'hurryPlatforms'
  | 'duePlatforms'
  | 'platformNextAt'
> {
  const find = database.prepare('SELECT * FROM acquirer_platform_attempts WHERE id = ?');
  const next = database.prepare(
    'SELECT min(next_at) AS at FROM acquirer_platform_attempts WHERE next_at IS NOT NULL',
  );
  const put = database.prepare(
    `INSERT INTO acquirer_platform_attempts (id, link, platform, contract, state, page_url, payment,
       tries, next_at, made_at, device, client, reason)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET state = excluded.state, page_url = excluded.page_url,
       reason = excluded.reason, payment = excluded.payment, tries = excluded.tries, next_at = excluded.next_at`,
  );
  const of = database.prepare(
    `SELECT * FROM acquirer_platform_attempts WHERE link = ? AND device = ?
     ORDER BY made_at DESC LIMIT 1`,
  );
  const open = database.prepare(
    `SELECT * FROM acquirer_platform_attempts
     WHERE link = ? AND state IN ('requesting', 'permitted') ORDER BY made_at DESC`,
  );
  const hurry = database.prepare(
    `UPDATE acquirer_platform_attempts SET next_at = ?
     WHERE link = ? AND state IN ('requesting', 'permitted')`,
  );
  const due = database.prepare(
    `SELECT * FROM acquirer_platform_attempts WHERE next_at IS NOT NULL AND next_at <= ?
     ORDER BY next_at LIMIT ?`,
  );
  return {
    platform: (id) => first<LinkPlatformRow>(find, id),
    putPlatform(row) {
      const { id, link, platform, contract, state, page_url, payment } = row;
      const { tries, next_at, made_at, device, client, reason } = row;
      const what = [id, link, platform, contract, state, page_url, payment] as const;
      put.run(...what, tries, next_at, made_at, device, client, reason);
    },
    platformOf: (link, device) => first<LinkPlatformRow>(of, link, device),
    openPlatforms: (link) => every<LinkPlatformRow>(open, link),
    hurryPlatforms: (link, at) => void hurry.run(at, link),
    platformNextAt: () => first<{ at: number | null }>(next)?.at ?? undefined,
    duePlatforms: (now, limit) => every<LinkPlatformRow>(due, now, limit),
  };
}
