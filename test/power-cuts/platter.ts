/**
 * What is on a disk after its power went: all that was synced, and of the rest whatever it had got to,
 * in any order, by sectors.
 */
import type { SeededChance } from '#simulators/simulation/chance.ts';
import type { DiskEvent } from './recording.ts';

const SECTOR = 512;
/** Name of the directory itself. */
const DIRECTORY = '';

/** What became of the writes that were not synced. */
export const LOSSES = ['dropped', 'kept', 'torn'] as const;
export type Loss = (typeof LOSSES)[number];

type Pending = Exclude<DiskEvent, { is: 'synced' }>;

interface Held {
  durable: Uint8Array;
  /** As the program sees it: what an appending write goes behind. */
  length: number;
  pending: Pending[];
}

export class Platter {
  readonly #files = new Map<string, Held>();

  /** Takes the next thing that was asked. */
  take(event: DiskEvent): void {
    if (event.is === 'synced' && event.file === DIRECTORY) {
      this.#syncRemovals();
      return;
    }
    const held = this.#files.get(event.file) ?? {
      ...{ durable: new Uint8Array(0), length: 0, pending: [] },
    };
    this.#files.set(event.file, held);
    switch (event.is) {
      case 'synced':
        held.durable = held.pending.reduce(perform, held.durable);
        held.pending = [];
        break;
      case 'write': {
        const place = event.place === 'end' ? held.length : event.place;
        held.pending.push({ ...event, place });
        held.length = Math.max(held.length, place + event.bytes.length);
        break;
      }
      case 'length':
        held.pending.push(event);
        held.length = event.length;
        break;
      case 'removed':
        held.pending.push(event);
        held.length = 0;
        break;
    }
  }

  #syncRemovals(): void {
    for (const held of this.#files.values()) {
      const removal = held.pending.findLastIndex(({ is }) => is === 'removed');
      if (removal < 0) continue;
      held.durable = new Uint8Array(0);
      held.pending = held.pending.slice(removal + 1);
    }
  }

  /** The files that a start after a cut at this moment finds. */
  cut(loss: Loss, chance: SeededChance): Map<string, Uint8Array> {
    const found = new Map<string, Uint8Array>();
    for (const [file, { durable, pending }] of this.#files) {
      const left = loss === 'dropped' ? [] : loss === 'kept' ? pending : tear(pending, chance);
      const bytes = left.reduce(perform, durable);
      found.set(file, bytes);
    }
    return found;
  }
}

/** Each sector of each write arrived or did not; so did each change of the length. */
function tear(pending: readonly Pending[], chance: SeededChance): Pending[] {
  const share = chance.fraction();
  return pending.flatMap((event): Pending[] => {
    if (event.is !== 'write') return chance.happens(share) ? [event] : [];
    if (event.place === 'end') throw new Error('a write without a place');
    const parts: Pending[] = [];
    for (let at = 0; at < event.bytes.length; ) {
      // A sector of the disk, not of the write.
      const end = Math.min(event.bytes.length, at + SECTOR - ((event.place + at) % SECTOR));
      const part = { ...event, place: event.place + at, bytes: event.bytes.subarray(at, end) };
      if (chance.happens(share)) parts.push(part);
      at = end;
    }
    return parts;
  });
}

function perform(before: Uint8Array, event: Pending): Uint8Array {
  switch (event.is) {
    case 'write': {
      if (event.place === 'end') throw new Error('a write without a place');
      const end = event.place + event.bytes.length;
      const after = end > before.length ? grown(before, end) : before.slice();
      after.set(event.bytes, event.place);
      return after;
    }
    case 'length':
      return grown(before, event.length);
    case 'removed':
      return new Uint8Array(0);
  }
}

function grown(before: Uint8Array, length: number): Uint8Array {
  const after = new Uint8Array(length);
  after.set(before.subarray(0, length));
  return after;
}
