import type { DatabaseSync } from 'node:sqlite';
import type { MerchantWebhookRow, MerchantWebhookTable } from '../tables-merchants.ts';
import { first } from './rows.ts';

/** Where merchants' own systems are told of results. */
export const MERCHANT_WEBHOOKS = `
  CREATE TABLE acquirer_webhooks (
    merchant TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    salt TEXT NOT NULL,
    since INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;`;

export function merchantWebhookTable(database: DatabaseSync): MerchantWebhookTable {
  const find = database.prepare('SELECT * FROM acquirer_webhooks WHERE merchant = ?');
  const put = database.prepare(
    `INSERT INTO acquirer_webhooks (merchant, url, salt, since) VALUES (?, ?, ?, ?)
     ON CONFLICT (merchant) DO UPDATE SET url = excluded.url, salt = excluded.salt,
       since = excluded.since`,
  );
  const end = database.prepare('DELETE FROM acquirer_webhooks WHERE merchant = ?');
  return {
    find: (merchant) => first<MerchantWebhookRow>(find, merchant),
    put: ({ merchant, url, salt, since }) => void put.run(merchant, url, salt, since),
    end: (merchant) => void end.run(merchant),
  };
}
