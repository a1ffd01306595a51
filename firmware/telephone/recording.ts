/**
 * One call on its way to the disk. What is older than a second survives a power cut; a disk that is full
 * costs sound, never the call.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { type CallFrame, FRAME_MS, FRAME_SAMPLES } from '#device/ports/modem.ts';
import { FRAME_BYTES, HEAD_BYTES, writeHead } from './wav-stereo.ts';

/** Written and synced at once: 0.8 s. */
const BLOCK_FRAMES = 40;
/** Blocks that wait for a slow disk: half a minute. What is over it is lost, and counted. */
const MOST_BLOCKS = 40;

export interface Pause {
  readonly from_ms: number;
  readonly to_ms: number;
}

export class Recording {
  readonly #file: FileHandle;
  readonly #failed: (error: Error) => void;
  readonly pauses: Pause[] = [];
  #block: Buffer = Buffer.alloc(BLOCK_FRAMES * FRAME_BYTES);
  #filled = 0;
  #waiting: Buffer[] = [];
  #free: Buffer[] = [];
  #writing: Promise<void> = Promise.resolve();
  #busy = false;
  #at = HEAD_BYTES;
  #frames = 0;
  #pausedAt: number | null = null;
  #erasures: { readonly from: number; readonly to: number }[] = [];
  #told = false;
  /** Frames that no disk took. */
  lostFrames = 0;

  private constructor(file: FileHandle, failed: (error: Error) => void) {
    this.#file = file;
    this.#failed = failed;
  }

  /** Rejects where the file can't be made. `failed` is told once when the disk takes no more. */
  static async begin(path: string, failed: (error: Error) => void): Promise<Recording> {
    const file = await open(path, 'wx', 0o600);
    try {
      const head = writeHead(null);
      await file.write(head, 0, head.length, 0);
    } catch (error) {
      await file.close();
      throw error;
    }
    return new Recording(file, failed);
  }

  /** Of the frames that came; those that were lost are left out of the file. */
  get lengthMs(): number {
    return this.#frames * FRAME_MS;
  }

  frame({ heard, said }: CallFrame): void {
    const silent = this.#pausedAt !== null;
    for (let at = 0; at < FRAME_SAMPLES; at += 1) {
      this.#block.writeInt16LE(silent ? 0 : (heard[at] ?? 0), this.#filled);
      this.#block.writeInt16LE(silent ? 0 : (said[at] ?? 0), this.#filled + 2);
      this.#filled += 4;
    }
    this.#frames += 1;
    if (this.#filled < this.#block.length) return;
    this.#hand(this.#block);
    this.#block = this.#free.pop() ?? Buffer.alloc(BLOCK_FRAMES * FRAME_BYTES);
    this.#filled = 0;
  }

  /**
   * Silence from the next frame on, and in place of the last `backMs`, on the disk too: what must not
   * be kept is often understood only when it was said.
   */
  pause(backMs = 0): void {
    const back = Math.min(this.#frames, Math.ceil(backMs / FRAME_MS));
    this.#pausedAt ??= this.lengthMs - back * FRAME_MS;
    if (back === 0) return;
    let left = back * FRAME_BYTES;
    const memory = [this.#block.subarray(0, this.#filled), ...this.#waiting.toReversed()];
    for (const piece of memory) {
      piece.fill(0, Math.max(0, piece.length - left));
      left = Math.max(0, left - piece.length);
    }
    // A block that is just being written may have left already: the disk has the last word.
    const end = this.#at + this.#waiting.reduce((sum, { length }) => sum + length, this.#filled);
    const from = Math.max(HEAD_BYTES, end - back * FRAME_BYTES);
    this.#erasures.push({ from, to: end });
    if (!this.#busy) this.#writing = this.#write();
  }

  resume(): void {
    if (this.#pausedAt === null) return;
    this.pauses.push({ from_ms: this.#pausedAt, to_ms: this.lengthMs });
    this.#pausedAt = null;
  }

  /** Resolves when all of it is safe, with its head; never rejects. */
  async end(): Promise<void> {
    this.resume();
    if (this.#filled > 0) this.#hand(this.#block.subarray(0, this.#filled));
    this.#filled = 0;
    // Once more, where the disk was full.
    if (this.#waiting.length + this.#erasures.length > 0 && !this.#busy)
      this.#writing = this.#write();
    await this.#writing;
    for (const { length } of this.#waiting.splice(0)) this.lostFrames += length / FRAME_BYTES;
    try {
      await this.#file.truncate(this.#at);
      const head = writeHead(this.#at - HEAD_BYTES);
      await this.#file.write(head, 0, head.length, 0);
      await this.#file.sync();
    } catch (error) {
      this.#fail(error);
    }
    await this.#file.close().catch(() => undefined);
  }

  #hand(block: Buffer): void {
    if (this.#waiting.length >= MOST_BLOCKS) {
      this.lostFrames += block.length / FRAME_BYTES;
      return;
    }
    this.#waiting.push(block);
    if (!this.#busy) this.#writing = this.#write();
  }

  async #write(): Promise<void> {
    this.#busy = true;
    for (let block = this.#waiting[0]; block !== undefined; block = this.#waiting[0]) {
      try {
        // Always at the same place until it is whole: a torn try leaves nothing behind.
        for (let done = 0; done < block.length; ) {
          const { bytesWritten } = await this.#file.write(
            ...([block, done, block.length - done, this.#at + done] as const),
          );
          done += bytesWritten;
        }
        await this.#file.datasync();
        this.#at += block.length;
        this.#waiting.shift();
        if (block.length === BLOCK_FRAMES * FRAME_BYTES) this.#free.push(block);
        if (this.#free.length > 2) this.#free.pop();
      } catch (error) {
        // Tried again with the next block: space may come back.
        this.#fail(error);
        break;
      }
    }
    await this.#erase();
    this.#busy = false;
  }

  async #erase(): Promise<void> {
    try {
      for (let range = this.#erasures[0]; range !== undefined; range = this.#erasures[0]) {
        const zeros = Buffer.alloc(Math.max(0, Math.min(range.to, this.#at) - range.from));
        for (let done = 0; done < zeros.length; ) {
          const { bytesWritten } = await this.#file.write(
            ...([zeros, done, zeros.length - done, range.from + done] as const),
          );
          done += bytesWritten;
        }
        if (zeros.length > 0) await this.#file.datasync();
        this.#erasures.shift();
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#told) return;
    this.#told = true;
    this.#failed(error instanceof Error ? error : new Error(String(error)));
  }
}
