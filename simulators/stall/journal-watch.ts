/** Sees the terminal's disk from outside: each time its journal has grown, as a wire event. */
import { type FSWatcher, statSync, watch } from 'node:fs';
import { join } from 'node:path';
import type { Watch } from '../wire.ts';

/** Begins to watch; the answer ends it. */
export function watchJournal(directory: string, tell: Watch): () => void {
  const path = join(directory, 'journal');
  const size = (): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  let before = size();
  const watcher: FSWatcher = watch(directory, (_event, name) => {
    if (name !== 'journal') return;
    const after = size();
    if (after === before) return;
    const text = `journal: ${after - before} bytes more, ${after} in all`;
    before = after;
    tell({ wire: 'disk', direction: 'out', text });
  });
  watcher.on('error', () => undefined);
  return () => watcher.close();
}
