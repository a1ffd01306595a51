/** Cuts the power of a recorded program at many moments, and looks what is left. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SeededChance } from '#simulators/simulation/chance.ts';
import { isPromises, promised } from './acknowledged.ts';
import { checkGateway } from './gateway-check.ts';
import { checkJournal } from './journal-check.ts';
import { LOSSES, type Loss, Platter } from './platter.ts';
import { type DiskEvent, record } from './recording.ts';

export type Check = (
  directory: string,
  files: ReadonlyMap<string, Uint8Array>,
  promises: readonly unknown[],
) => void | Promise<void>;

export interface Store {
  readonly name: 'journal' | 'gateway';
  readonly program: string;
  readonly check: Check;
}

const HERE = import.meta.dirname;
/** What is looked at once needs no disk. */
const MEMORY = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

export const STORES: readonly Store[] = [
  { name: 'journal', program: join(HERE, 'journal-program.ts'), check: checkJournal },
  { name: 'gateway', program: join(HERE, 'gateway-program.ts'), check: checkGateway },
];

export interface Cut {
  /** Events that came before it. */
  readonly at: number;
  readonly loss: Loss;
}

export interface Told {
  readonly events: number;
  readonly syncs: number;
  readonly promises: number;
  readonly cuts: number;
  readonly failure: { readonly cut: Cut; readonly why: string } | null;
}

/** What the store asks of the disk in `seconds` of work. */
export const recordStore = (store: Store, directory: string, seconds: number) =>
  record(directory, store.program, [String(seconds)]);

/**
 * Goes through the recording once and cuts at moments drawn from `chance`, `many` in all, each in the
 * three ways in which what was not synced is lost; ends with the first failure, or as `until` comes.
 */
export async function cutStore(
  store: Store,
  events: readonly DiskEvent[],
  options: { readonly chance: SeededChance; readonly many: number; readonly until: number },
): Promise<Told> {
  const { chance, many } = options;
  const moments = new Set(Array.from({ length: many }, () => chance.between(0, events.length)));
  moments.add(events.length);
  const began = performance.now();
  const platter = new Platter();
  const promises: unknown[] = [];
  let cuts = 0;
  const told = () => ({
    ...{ events: events.length, promises: promises.length, cuts },
    syncs: events.filter(({ is }) => is === 'synced').length,
  });
  for (let at = 0; at <= events.length; at += 1) {
    // Behind its time, some are left out; never the last, which has every promise.
    const share = (performance.now() - began) / (options.until - began);
    const wanted = share < (at + 1) / events.length || at === events.length;
    if (moments.has(at) && wanted) {
      for (const loss of LOSSES) {
        const failure = await look(store, platter.cut(loss, chance), promises);
        cuts += 1;
        if (failure !== null) return { ...told(), failure: { cut: { at, loss }, why: failure } };
      }
    }
    const event = events[at];
    if (event === undefined) continue;
    const promise = promised(event);
    if (promise !== null) promises.push(promise);
    if (!isPromises(event.file)) platter.take(event);
  }
  return { ...told(), failure: null };
}

async function look(
  { check }: Store,
  files: ReadonlyMap<string, Uint8Array>,
  promises: readonly unknown[],
): Promise<string | null> {
  const place = mkdtempSync(join(MEMORY, 'hawker-cut-'));
  try {
    await check(place, files, promises);
    return null;
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}
