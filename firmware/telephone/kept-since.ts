/**
 * From when the time of a recording is counted. A clock that was ahead has dated some after the time
 * that is believed now: they would be kept for as much longer as it was wrong. Nobody knows when those
 * were made, so they count from when they were first seen so.
 */
import { z } from 'zod';
import { readStored, writeDurably } from '#firmware/durable.ts';

/** Recording → ms since 1970 at which it was first seen dated ahead. */
const stateSchema = z.record(z.string(), z.number());

export interface KeptSince {
  /** Ms since 1970, not after `now`, of each that was asked about. */
  readonly since: ReadonlyMap<string, number>;
  /** Why `path` could not be written: after a restart those dated ahead count anew. */
  readonly trouble: unknown;
}

/**
 * `dates` is when each recording says that it was made, `now` the believed time. What `path` has of
 * those dated ahead is kept there for as long as they are.
 */
export async function keptSince(
  path: string,
  dates: ReadonlyMap<string, number>,
  now: number,
): Promise<KeptSince> {
  const known = new Map(Object.entries((await readStored(path, stateSchema)) ?? {}));
  const ahead = [...dates].filter(([, at]) => at > now);
  // Seen by a time that was wrong as well, it is seen anew.
  const seen = new Map(ahead.map(([id]) => [id, Math.min(known.get(id) ?? now, now)]));
  const since = new Map([...dates, ...seen]);
  const same = seen.size === known.size && [...seen].every(([id, at]) => known.get(id) === at);
  if (same) return { since, trouble: null };
  try {
    await writeDurably(path, `${JSON.stringify(Object.fromEntries(seen))}\n`);
    return { since, trouble: null };
  } catch (trouble) {
    return { since, trouble };
  }
}
