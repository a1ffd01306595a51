/** The TypeScript files of the house, as git sees them. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export const HOME = join(import.meta.dirname, '..', '..');

/** Paths below the house, tracked or new, that end in `ending`. */
export function sources(ending = '.ts'): string[] {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard'];
  return execFileSync('git', args, { cwd: HOME, encoding: 'utf8' })
    .split('\n')
    .filter((file) => file !== '' && file.endsWith(ending) && existsSync(join(HOME, file)));
}
