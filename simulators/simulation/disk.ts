/**
 * A disk with a cache: what was not synced may be lost, torn, swapped for zeros or have flipped bits
 * when the power goes. What was synced stays.
 */
import type { Disk } from '#device/ports/disk.ts';
import type { SeededChance } from './chance.ts';
import type { VirtualTime } from './time.ts';

const SECTOR = 512;

export type DiskVerb = 'append' | 'sync' | 'truncate' | 'replace';
/** `cut`: the power goes while it is under way. `full` and `broken` reject, half done. */
export type DiskFault = 'none' | 'full' | 'broken' | 'cut';

export interface DiskFaults {
  /** Asked once for each verb. */
  of(verb: DiskVerb): DiskFault;
  /** The power goes now. */
  cut(): void;
}

const failure = (code: string, says: string): Error => Object.assign(new Error(says), { code });

export class SimulatedDisk implements Disk {
  readonly #time: VirtualTime;
  readonly #chance: SeededChance;
  readonly #faults: DiskFaults;
  #file: Uint8Array = new Uint8Array();
  #synced: Uint8Array = new Uint8Array();
  /** Bytes below are on the platters as they are in the file. */
  #firm = 0;
  /** Verbs of a machine that went off never answer. */
  #session = 0;

  constructor(time: VirtualTime, chance: SeededChance, faults: DiskFaults) {
    this.#time = time;
    this.#chance = chance;
    this.#faults = faults;
  }

  append(bytes: Uint8Array): Promise<void> {
    return this.#perform('append', 1, (share) => {
      const whole = share === 1 ? bytes.length : Math.floor(bytes.length * share);
      this.#file = join(this.#file, bytes.subarray(0, whole));
    });
  }

  sync(): Promise<void> {
    return this.#perform('sync', this.#chance.happens(0.02) ? 400 : 6, (share) => {
      if (share === 1) {
        this.#synced = this.#file;
        this.#firm = this.#file.length;
      }
    });
  }

  truncate(length: number): Promise<void> {
    return this.#perform('truncate', 1, (share) => {
      if (share !== 1) return;
      this.#file = this.#file.slice(0, length);
      this.#firm = Math.min(this.#firm, length);
    });
  }

  /** A new file beside it, synced, takes its name: that has happened, or has not. */
  replace(bytes: Uint8Array): Promise<void> {
    return this.#perform('replace', 12, (share) => {
      if (share < 0.6) return;
      this.#file = bytes.slice();
      this.#synced = this.#file;
      this.#firm = this.#file.length;
    });
  }

  async read(): Promise<Uint8Array> {
    return this.#file.slice();
  }

  /** The program ended, however it did: the operating system still has what was written. */
  abandon(): void {
    this.#session += 1;
  }

  /** The power went: of what was not synced, each sector has a fate of its own. */
  tear(): void {
    this.abandon();
    const chance = this.#chance;
    const [file, old] = [this.#file, this.#synced];
    const longest = Math.max(file.length, old.length);
    const length = chance.pick([file.length, chance.between(this.#firm, longest)]);
    const left = new Uint8Array(length);
    for (let at = 0; at < length; at += SECTOR) {
      const source = chance.happens(0.7) || at >= old.length ? file : old;
      const end = Math.min(at + SECTOR, length);
      if (chance.happens(0.8)) left.set(source.subarray(at, Math.min(end, source.length)), at);
      if (chance.happens(0.1)) flipBit(left, chance.between(at, end - 1), chance.between(0, 7));
    }
    left.set(file.subarray(0, Math.min(this.#firm, length)));
    this.#file = left;
    this.#synced = left;
    this.#firm = left.length;
  }

  #perform(verb: DiskVerb, longestMs: number, act: (share: number) => void): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const session = this.#session;
    const takesMs = this.#chance.between(0, longestMs);
    const fault = this.#faults.of(verb);
    this.#time.after(takesMs, () => {
      if (session !== this.#session) return;
      if (fault === 'none') {
        act(1);
        resolve();
        return;
      }
      act(this.#chance.fraction());
      if (fault === 'cut') this.#faults.cut();
      else if (fault === 'full') reject(failure('ENOSPC', 'no space left on device'));
      else reject(failure('EIO', 'input/output error'));
    });
    return promise;
  }
}

function join(left: Uint8Array, right: Uint8Array): Uint8Array {
  const both = new Uint8Array(left.length + right.length);
  both.set(left);
  both.set(right, left.length);
  return both;
}

function flipBit(bytes: Uint8Array, at: number, bit: number): void {
  bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
}
