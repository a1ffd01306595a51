/** One stall a data directory: a second one would pull the first one's wires out. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Takes the directory for this process, or throws naming who has it; the answer gives it back. */
export function lockDirectory(directory: string): () => void {
  const path = join(directory, 'stall.pid');
  const owner = ownerOf(path);
  if (owner !== null && owner !== process.pid) {
    throw new Error(
      `another stall (process ${owner}) is open with ${directory}; ` +
        'stop it, or give this one another --data and --port',
    );
  }
  writeFileSync(path, String(process.pid));
  return () => rmSync(path, { force: true });
}

/** The living stall that the file names; a process number may be another program's by now. */
function ownerOf(path: string): number | null {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('stall/') ? pid : null;
  } catch {
    return null;
  }
}

/**
 * Ends terminal and gateway of a stall that was killed before it could: known by the data directory
 * on their command lines, which nobody else has while this stall holds the lock.
 */
export async function endOrphans(directory: string): Promise<void> {
  const homes = ['gateway', 'platform', 'terminal', 'telephone'].map((name) =>
    join(directory, name),
  );
  const orphans = readdirSync('/proc').flatMap((name) => {
    const words = wordsOf(name);
    const isOurs = words.some((word) => homes.includes(word));
    return isOurs && words.some((word) => word.endsWith('/main.ts')) ? [Number(name)] : [];
  });
  for (const pid of orphans) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Gone already.
    }
  }
  const isAlive = (pid: number): boolean => wordsOf(String(pid)).length > 0;
  for (let looks = 0; looks < 100 && orphans.some(isAlive); looks += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function wordsOf(pid: string): string[] {
  if (!/^\d+$/.test(pid)) return [];
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean);
  } catch {
    return [];
  }
}
