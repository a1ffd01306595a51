/** What a directory of the kernel's holds now. */
import { opendirSync } from 'node:fs';

/** Names, in no order; none where there is no such directory, as on a machine without such devices. */
export function listed(path: string): string[] {
  const names: string[] = [];
  try {
    using directory = opendirSync(path);
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
      names.push(entry.name);
    }
  } catch {
    // Unplugged meanwhile, or never there.
  }
  return names;
}
