/**
 * A card's memory and what a torn write leaves in it. The card keeps two copies of its state, each
 * with a sequence number and a checksum; it writes over the older one, checksum last. Power that
 * goes between any two bytes leaves the newest whole copy: the old state or the new one.
 */
import { crc32 } from '#device/codecs/aes.ts';
import { concat, readUint, uint } from '#device/codecs/bytes.ts';

/** The field went away while the card was writing. */
export class PowerLost extends Error {}

const SIZE = 65_536;

/** Cells that keep what they hold without power; power may go at any byte. */
export class Eeprom {
  readonly #cells: Uint8Array;
  #left: number | null = null;
  /** Bytes that really changed so far. */
  written = 0;
  /** Told after each write that was not torn; whoever keeps cards over restarts saves here. */
  changed: (() => void) | null = null;

  /** `image` is what {@link Eeprom.image} gave once. */
  constructor(image?: Uint8Array) {
    this.#cells = new Uint8Array(SIZE);
    this.#cells.set(image ?? []);
  }

  image(): Uint8Array {
    return this.#cells.slice();
  }

  /** Power goes before the byte after `bytes` more bytes have changed; `null`: it stays. */
  cutAfter(bytes: number | null): void {
    this.#left = bytes;
  }

  read(at: number, length: number): Uint8Array {
    return this.#cells.slice(at, at + length);
  }

  /** Throws {@link PowerLost} where the power went; the byte it hit holds what came of it. */
  write(at: number, bytes: Uint8Array): void {
    for (let index = 0; index < bytes.length; index += 1) {
      const byte = bytes[index] ?? 0;
      const before = this.#cells[at + index] ?? 0;
      if (before === byte) continue;
      if (this.#left === 0) {
        this.#left = null;
        // Erased and half programmed: neither what was there nor what was to come.
        this.#cells[at + index] = before & byte;
        throw new PowerLost('the field went away during a write');
      }
      if (this.#left !== null) this.#left -= 1;
      this.#cells[at + index] = byte;
      this.written += 1;
    }
  }
}

const HEAD = 12;
const COPY = SIZE / 2;

/** One value that is always either what it was or what it is to be. */
export class TwoCopies {
  readonly #eeprom: Eeprom;

  constructor(eeprom: Eeprom) {
    this.#eeprom = eeprom;
  }

  /** The newest whole copy; `null` where there never was one. */
  load(): Uint8Array | null {
    return this.#newest()?.content ?? null;
  }

  /** Throws {@link PowerLost}, or a RangeError where the content does not fit. */
  save(content: Uint8Array): void {
    if (content.length > COPY - HEAD) throw new RangeError('more than a card holds');
    const newest = this.#newest();
    const copy = newest?.copy === 0 ? 1 : 0;
    const sequence = (newest?.sequence ?? 0) + 1;
    const head = concat(uint(sequence, 4), uint(content.length, 4));
    this.#eeprom.write(copy * COPY + HEAD, content);
    this.#eeprom.write(copy * COPY, concat(head, crc32(concat(head, content))));
    this.#eeprom.changed?.();
  }

  #newest(): { copy: number; sequence: number; content: Uint8Array } | null {
    const copies = [0, 1].flatMap((copy) => {
      const head = this.#eeprom.read(copy * COPY, HEAD);
      const [sequence, length] = [readUint(head.slice(0, 4)), readUint(head.slice(4, 8))];
      if (sequence === 0 || length > COPY - HEAD) return [];
      const content = this.#eeprom.read(copy * COPY + HEAD, length);
      const right = readUint(crc32(concat(head.slice(0, 8), content)));
      return right === readUint(head.slice(8)) ? [{ copy, sequence, content }] : [];
    });
    return copies.sort((left, right) => right.sequence - left.sequence)[0] ?? null;
  }
}
