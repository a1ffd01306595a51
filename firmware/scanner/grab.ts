/** The one call that Node has no words for: an input device for this program alone. */
import koffi from 'koffi';

/** `_IOW('E', 0x90, int)` of <linux/input.h>. */
const EVIOCGRAB = 0x40044590;

/**
 * Takes an open input device from everybody else, until its file is closed everywhere; throws where
 * another program holds it.
 */
export function grabInput(file: number): void {
  // Of the program itself, so that a library loaded before libc's is asked first, as for all else.
  const ioctl = koffi.load(null).func('int ioctl(int, unsigned long, ...)');
  const failed = Number(ioctl(file, EVIOCGRAB, 'long', 1)) !== 0;
  if (failed) throw new Error(`EVIOCGRAB: error ${koffi.errno()}`);
}
