/**
 * The terminal's disk: a small ext4 image on a loop device, so that it can truly be full. Needs root;
 * without it the terminal writes to an ordinary directory, and a full disk can't be had.
 */
import { execFile } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Fault, FaultError, type Simulator, type Watch } from '../wire.ts';

const run = promisify(execFile);

const SIZE_BYTES = 48 * 1024 * 1024;
const BALLAST = '.ballast';

export type DiskFault = Fault | { readonly fault: 'full' };

export class SmallDisk implements Simulator {
  readonly wire = 'disk';
  readonly directory: string;
  readonly #watch: Watch | undefined;

  private constructor(directory: string, watch: Watch | undefined) {
    this.directory = directory;
    this.#watch = watch;
  }

  /**
   * Mounts `directory` from `image`, made where it is missing; rejects with the reason where this
   * user or this machine can't. What a killed stall left mounted is taken as it is.
   */
  static async open(options: {
    directory: string;
    image: string;
    watch?: Watch;
  }): Promise<SmallDisk> {
    const { directory, image } = options;
    if (process.getuid?.() !== 0) throw new Error('only root can mount a disk of its own');
    if (!existsSync(image) && existsSync(join(directory, 'identity.json'))) {
      throw new Error('this terminal lives in an ordinary directory since it was enrolled');
    }
    const disk = new SmallDisk(directory, options.watch);
    mkdirSync(directory, { recursive: true });
    if (!isMounted(directory)) {
      const isNew = !existsSync(image);
      try {
        if (isNew) await makeImage(image);
        await run('mount', ['-o', 'loop', image, directory]);
      } catch (error) {
        // An image means that a terminal lives in it: one that never held any must not stay.
        if (isNew) rmSync(image, { force: true });
        throw error;
      }
    }
    rmSync(join(directory, BALLAST), { force: true });
    return disk;
  }

  async apply(fault: DiskFault): Promise<void> {
    switch (fault.fault) {
      case 'full':
        this.#fill();
        break;
      case 'clear':
        rmSync(join(this.directory, BALLAST), { force: true });
        break;
      default:
        throw new FaultError(`${this.wire} knows full, clear; not ${fault.fault}`);
    }
    this.#watch?.({ wire: this.wire, direction: 'state', text: `fault: ${fault.fault}` });
  }

  async close(): Promise<void> {
    rmSync(join(this.directory, BALLAST), { force: true });
    await run('umount', [this.directory]).catch(() => run('umount', ['-l', this.directory]));
  }

  /** Takes every block that is left, as a log that nobody rotates would. */
  #fill(): void {
    const file = openSync(join(this.directory, BALLAST), 'a');
    try {
      for (let block = 1 << 20; block >= 1; block >>= 1) {
        while (writes(file, Buffer.alloc(block, 0x55)));
      }
    } finally {
      closeSync(file);
    }
    const { bavail } = statfsSync(this.directory);
    if (bavail > 0) throw new Error(`${bavail} blocks of the disk are still free`);
  }
}

function writes(file: number, bytes: Uint8Array): boolean {
  try {
    return writeSync(file, bytes) > 0;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return false;
    throw error;
  }
}

async function makeImage(image: string): Promise<void> {
  const file = await open(image, 'w');
  await file.truncate(SIZE_BYTES);
  await file.close();
  await run('mkfs.ext4', ['-q', '-F', '-m', '0', image]);
}

function isMounted(directory: string): boolean {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  return mounts.some((line) => line.split(' ')[1] === directory.replaceAll(' ', '\\040'));
}
