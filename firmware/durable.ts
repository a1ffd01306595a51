import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { syncDirectory } from './disk.ts';

/** Replaces a file that its owner alone may read: whole and on disk, or not at all. */
export async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  await syncDirectory(join(path, '..'));
}

/** What a JSON file holds; `null` where there is none, or it holds what the schema does not allow. */
export async function readStored<Stored>(
  path: string,
  schema: z.ZodType<Stored>,
): Promise<Stored | null> {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return null;
  }
}
