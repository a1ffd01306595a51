/** Reads the QR in the pixels of a display that is no web page. */
import type { Organs } from './organs.ts';
import { notNow } from './problems.ts';

/** Off the customer's panel; `null` where it shows none. */
export async function scanPanel({ hmi }: Organs): Promise<string | null> {
  if (hmi === null) throw notNow('The customer’s panel is missing; scan the screen instead.');
  const { scanPixels } = await import('../picture.ts');
  return scanPixels(hmi.pixels());
}

/** Off the newest paper. */
export async function scanPaper({ printer }: Organs): Promise<string | null> {
  const last = (printer?.papers().length ?? 0) - 1;
  if (printer === null || last < 0) {
    throw notNow('Nothing was printed yet; scan the screen instead.');
  }
  const { scanPixels } = await import('../picture.ts');
  return scanPixels(printer.pixels(last));
}
