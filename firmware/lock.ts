/** A data directory has one owner: two programs that write one journal would tear it. */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

export type Locked =
  | { readonly ok: true; readonly unlock: () => void }
  | { readonly ok: false; readonly complaint: string };

/** The lock names its owner, a process of `program`, and dies with it. */
export function lockData(directory: string, program: string, name = 'lock'): Locked {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, name);
  if (existsSync(path)) {
    const owner = Number(readFileSync(path, 'utf8'));
    if (owner !== process.pid && runs(owner, program)) {
      const complaint = `${directory} is in use by process ${owner}; stop it, or use another --data`;
      return { ok: false, complaint };
    }
    rmSync(path);
  }
  const file = openSync(path, 'wx', 0o600);
  writeFileSync(file, String(process.pid));
  closeSync(file);
  return { ok: true, unlock: () => rmSync(path, { force: true }) };
}

/** A process number may be another program's by now: its command line says. */
function runs(pid: number, program: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(program);
  } catch {
    return false;
  }
}
