/** Rows out of statements, typed where the SQL beside the call names the columns. */
import type { SQLInputValue, StatementSync } from 'node:sqlite';

/** The first row, or `undefined`. `Row` is what the statement's columns are; nothing checks it. */
export function first<Row>(statement: StatementSync, ...values: SQLInputValue[]): Row | undefined {
  const row = statement.get(...values);
  return row === undefined ? undefined : ({ ...row } as Row);
}

export function every<Row>(statement: StatementSync, ...values: SQLInputValue[]): Row[] {
  return statement.all(...values).map((row) => ({ ...row }) as Row);
}
