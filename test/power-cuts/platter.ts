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

type Pending = Exclude<DiskEvent, { is: 'synced' | 'renamed' }>;

interface Held {
  durable: Content;
  /** As the program sees it: what an appending write goes behind. */
  length: number;
  pending: Pending[];
  /** What has this name until the directory is synced, where it was renamed to it. */
  before?: Held | undefined;
}

export class Platter {
  readonly #files = new Map<string, Held>();

  /** Takes the next thing that was asked. */
  take(event: DiskEvent): void {
    if (event.is === 'synced' && event.file === DIRECTORY) {
      this.#syncNames();
      return;
    }
    if (event.is === 'renamed') {
      this.#rename(event.from, event.file);
      return;
    }
    const held = this.#files.get(event.file) ?? {
      ...{ durable: new Content(), length: 0, pending: [] },
    };
    this.#files.set(event.file, held);
    switch (event.is) {
      case 'synced':
        for (const each of held.pending) held.durable.perform(each);
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

  #rename(from: string, to: string): void {
    const moved = this.#files.get(from);
    if (moved === undefined) return;
    const nothing: Held = { durable: new Content(), length: 0, pending: [] };
    this.#files.delete(from);
    this.#files.set(to, { ...moved, before: this.#files.get(to) ?? nothing });
  }

  #syncNames(): void {
    for (const held of this.#files.values()) {
      held.before = undefined;
      const removal = held.pending.findLastIndex(({ is }) => is === 'removed');
      if (removal < 0) continue;
      held.durable = new Content();
      held.pending = held.pending.slice(removal + 1);
    }
  }

  /** The files that a start after a cut at this moment finds. */
  cut(loss: Loss, chance: SeededChance): Map<string, Uint8Array> {
    const found = new Map<string, Uint8Array>();
    for (const [file, held] of this.#files) {
      const renamed = loss === 'kept' || (loss === 'torn' && chance.happens(0.5));
      const { durable, pending } = renamed ? held : (held.before ?? held);
      const left = loss === 'dropped' ? [] : loss === 'kept' ? pending : tear(pending, chance);
      const content = new Content(durable.bytes);
      for (const each of left) content.perform(each);
      found.set(file, content.bytes);
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

/** The bytes of a file, changed in place: a log of many megabytes is written in small pieces. */
class Content {
  #bytes: Uint8Array;
  #length: number;

  constructor(bytes: Uint8Array = new Uint8Array(0)) {
    this.#bytes = bytes.slice();
    this.#length = bytes.length;
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  perform(event: Pending): void {
    switch (event.is) {
      case 'write':
        if (event.place === 'end') throw new Error('a write without a place');
        this.#reach(event.place + event.bytes.length);
        this.#bytes.set(event.bytes, event.place);
        break;
      case 'length':
        this.#reach(event.length);
        this.#cut(event.length);
        break;
      case 'removed':
        this.#cut(0);
        break;
    }
  }

  #reach(length: number): void {
    if (length > this.#bytes.length) {
      const wider = new Uint8Array(Math.max(length, 2 * this.#bytes.length));
      wider.set(this.bytes);
      this.#bytes = wider;
    }
    this.#length = Math.max(this.#length, length);
  }

  /** What is cut off reads as zeros where the file grows again. */
  #cut(length: number): void {
    this.#bytes.fill(0, length, this.#length);
    this.#length = length;
  }
}
