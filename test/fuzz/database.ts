/** What stands in a gateway's store, read through its own connection: it lets nobody else in. */
import { createHash } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';

/** What refusals are counted and remembered in: they change where everything else must not. */
const COUNTED =
  /^(answers|order_events|wrong_tries|platform_tries|sqlite_)|sessions|challenges|attempts|received/;

/** Wrong PINs of a payer are counted beside it. */
const UNCOUNTED = { failures: 0, locked_until: 0 };

/** Catches the connection that `open` makes. */
export async function withDatabase<T>(open: () => Promise<T>): Promise<[T, DatabaseSync]> {
  const { exec } = DatabaseSync.prototype;
  let found: DatabaseSync | null = null;
  DatabaseSync.prototype.exec = function catching(this: DatabaseSync, sql: string): void {
    found = this;
    exec.call(this, sql);
  };
  try {
    const opened = await open();
    if (found === null) throw new Error('no database was opened');
    return [opened, found];
  } finally {
    DatabaseSync.prototype.exec = exec;
  }
}

/** Names of the tables in which two digests differ. */
export function differing(before: string, after: string): string {
  const known = new Set(before.split('\n'));
  const changed = after.split('\n').filter((line) => !known.has(line));
  return changed.map((line) => line.split(' ')[0]).join(', ');
}

/** A hash of each table, which is made anew only where something was written. */
export function digester(database: DatabaseSync): () => string {
  const names = database
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    .all()
    .map(({ name }) => String(name))
    .filter((name) => !COUNTED.test(name));
  const tables = names.map((name) => database.prepare(`SELECT * FROM "${name}"`));
  const changes = database.prepare('SELECT total_changes() AS changes');
  let known: { readonly changes: number; readonly digest: string } | null = null;
  return () => {
    const now = Number(changes.get()?.changes);
    if (known?.changes !== now) {
      const digests = tables.map((table, at) => {
        const hash = createHash('sha256');
        for (const row of table.all()) hash.update(JSON.stringify({ ...row, ...UNCOUNTED }));
        return `${names[at]} ${hash.digest('base64')}`;
      });
      known = { changes: now, digest: digests.join('\n') };
    }
    return known.digest;
  };
}
