/**
 * An ear: recognises prompts in samples by comparing them, sample for sample, with the clips that the
 * terminal keeps. It hears what was really played; what it does not know it says that it does not.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { textOf, VOCABULARY } from '#device/words/clips.ts';

export interface Heard {
  /** Clip ids in the order heard; empty where any of it was unknown. */
  readonly clips: readonly string[];
  /** The words, or `null` where any of it was unknown. */
  readonly text: string | null;
}

const KNOWN = new Set(VOCABULARY.map((clip) => clip.id));
const HEADER_BYTES = 44;
const UNKNOWN: Heard = { clips: [], text: null };

export class Ear {
  readonly #directory: string;
  readonly #files = new Map<string, { id: string; pcm: Buffer }>();

  /** `directory`: where the terminal keeps its clips, as `en.twelve-0123456789ab.wav`. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Recognises 16-bit mono samples: clips, with digital silence before, between and after. */
  listen(pcm: Uint8Array): Heard {
    this.#learn();
    const sound = Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength);
    const clips: string[] = [];
    let at = 0;
    for (;;) {
      at = loudFrom(sound, at);
      if (at >= sound.length) break;
      const found = this.#clipAt(sound, at);
      if (found === null) return UNKNOWN;
      clips.push(found.id);
      at += found.pcm.length;
    }
    return { clips, text: textOf(clips) };
  }

  #clipAt(sound: Buffer, at: number): { id: string; pcm: Buffer } | null {
    let longest: { id: string; pcm: Buffer } | null = null;
    for (const clip of this.#files.values()) {
      const end = at + clip.pcm.length;
      if (end > sound.length || clip.pcm.length <= (longest?.pcm.length ?? 0)) continue;
      if (clip.pcm.compare(sound, at, end) === 0) longest = clip;
    }
    return longest;
  }

  #learn(): void {
    let names: string[];
    try {
      names = readdirSync(this.#directory);
    } catch {
      return;
    }
    for (const name of names) {
      const id = /^([a-z]+\.[a-z-]+)-[0-9a-f]+\.wav$/.exec(name)?.[1];
      if (id === undefined || this.#files.has(name) || !KNOWN.has(id)) continue;
      const pcm = readFileSync(join(this.#directory, name)).subarray(HEADER_BYTES);
      const first = loudFrom(pcm, 0);
      if (first < pcm.length) this.#files.set(name, { id, pcm: pcm.subarray(first) });
    }
  }
}

/** Where the first sample from `at` on stands that is not silence; the length where there is none. */
function loudFrom(pcm: Buffer, at: number): number {
  let from = at;
  while (from + 1 < pcm.length && pcm.readInt16LE(from) === 0) from += 2;
  return from + 1 < pcm.length ? from : pcm.length;
}
