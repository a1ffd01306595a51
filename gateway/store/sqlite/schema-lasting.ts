/**
 * Closes the ways around "append-only" that are left to whoever opens the file: `REPLACE` deletes
 * without a delete trigger (SQLite fires those for it under `recursive_triggers` alone), and what money
 * rests on may change its state but not go, nor become another amount.
 */

/** A row that is there is not replaced. */
const unreplaced = (table: string): string => `
  CREATE TRIGGER ${table}_no_replace BEFORE INSERT ON ${table}
    WHEN EXISTS (SELECT 1 FROM ${table} WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, '${table} is append-only'); END;`;

const undeleted = (table: string): string => `
  CREATE TRIGGER ${table}_no_delete BEFORE DELETE ON ${table}
    BEGIN SELECT RAISE(ABORT, '${table} keeps its rows'); END;`;

const LASTING = ['accounts', 'acquirer_payments', 'centre_payments', 'acquirer_actions'];

// A reference that is known moves nothing, however it is inserted: what the product means by
// ON CONFLICT DO NOTHING holds for REPLACE, too.
export const lastingSchema = `
  ${['transfers', 'postings', 'order_events'].map(unreplaced).join('')}
  CREATE TRIGGER transfers_once BEFORE INSERT ON transfers
    WHEN EXISTS (SELECT 1 FROM transfers WHERE reference = NEW.reference)
    BEGIN SELECT RAISE(IGNORE); END;
  ${LASTING.map(undeleted).join('')}
  CREATE TRIGGER acquirer_payments_stay
    BEFORE UPDATE OF id, amount_minor, currency, order_number ON acquirer_payments
    WHEN NEW.id <> OLD.id OR NEW.amount_minor <> OLD.amount_minor
      OR NEW.currency <> OLD.currency OR NEW.order_number <> OLD.order_number
    BEGIN SELECT RAISE(ABORT, 'a payment keeps its amount'); END;`;
