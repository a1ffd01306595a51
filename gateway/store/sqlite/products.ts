import type { DatabaseSync } from 'node:sqlite';
import type { MovementRow, ProductRow, ProductTable } from '../tables-centre.ts';
import { every, first } from './rows.ts';

const COLUMNS =
  'merchant, code, name_en, name_zh, service_en, service_zh, currency, unit_minor, stock';
const MOVEMENT = 'merchant, code, kind, quantity, stock_after, order_number, at';

export function productTable(database: DatabaseSync): ProductTable {
  const find = database.prepare(
    `SELECT ${COLUMNS} FROM centre_products WHERE merchant = ? AND code = ?`,
  );
  // Every word in one of the names: none of the words given is missing from it.
  const search = database.prepare(
    `SELECT ${COLUMNS} FROM centre_products
     WHERE (?1 IS NULL OR merchant = ?1) AND (?2 IS NULL OR code = ?2) AND (?3 = 0 OR stock > 0)
       AND NOT EXISTS (SELECT 1 FROM json_each(?4) WHERE instr(search, value) = 0)
     ORDER BY merchant, length(code), code LIMIT ?5`,
  );
  const add = database.prepare(
    `INSERT INTO centre_products (merchant, code, name_en, name_zh, service_en, service_zh, currency,
       unit_minor, search)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const setStock = database.prepare(
    'UPDATE centre_products SET stock = ? WHERE merchant = ? AND code = ? AND stock = ?',
  );
  const move = database.prepare(
    `INSERT INTO centre_stock_movements (${MOVEMENT}) VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const movements = database.prepare(
    `SELECT ${MOVEMENT} FROM centre_stock_movements WHERE merchant = ? AND code = ? ORDER BY id`,
  );
  const ofOrder = database.prepare(
    `SELECT ${MOVEMENT} FROM centre_stock_movements WHERE order_number = ? ORDER BY id`,
  );
  const name = database.prepare('SELECT name FROM vendors WHERE id = ?');
  return {
    find: (merchant, code) => first<ProductRow>(find, merchant, code),
    search({ merchant, code, words, in_stock, limit }) {
      const wanted = JSON.stringify(words.map((word) => word.toLowerCase()));
      return every<ProductRow>(search, merchant, code, in_stock ? 1 : 0, wanted, limit);
    },
    add(row) {
      const { merchant, code, name_en, name_zh, service_en, service_zh, currency, unit_minor } =
        row;
      const names = `${name_en}\n${name_zh}`.toLowerCase();
      add.run(
        ...[merchant, code, name_en, name_zh, service_en, service_zh],
        ...[currency, unit_minor, names],
      );
    },
    move(row) {
      const { merchant, code, kind, quantity, stock_after, order_number, at } = row;
      move.run(merchant, code, kind, quantity, stock_after, order_number, at);
      const { changes } = setStock.run(stock_after, merchant, code, stock_after - quantity);
      if (changes !== 1) throw new Error(`stock of ${merchant} ${code} is not what was read`);
    },
    movements: (merchant, code) => every<MovementRow>(movements, merchant, code),
    movementsOf: (order) => every<MovementRow>(ofOrder, order),
    merchantName: (merchant) => first<{ name: string }>(name, merchant)?.name,
  };
}
