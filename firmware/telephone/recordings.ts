/**
 * The recordings of calls: kept for a set time in a private directory and deleted after it. What a crash
 * left unfinished is mended at the next start.
 */
import { mkdirSync } from 'node:fs';
import { type FileHandle, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '#device/ports/clock.ts';
import { syncDirectory } from '#firmware/disk.ts';
import { readStored } from '#firmware/durable.ts';
import { BelievedTime } from './believed-time.ts';
import { keptSince } from './kept-since.ts';
import { type Pause, Recording } from './recording.ts';
import { durationMs, HEAD_BYTES, PAIR_BYTES, writeHead } from './wav-stereo.ts';

const infoSchema = z.strictObject({
  id: z.string().regex(/^[0-9TZ]{16}-[0-9a-f]{8}$/),
  /** Ms since 1970, by this machine's clock. */
  started_at: z.number(),
  /** Of the caller, as the network gave it. Mask it wherever it is shown. */
  number: z.string().nullable(),
  length_ms: z.number(),
  /** `crash`: the end is missing, up to a second of it. */
  ended: z.enum(['recording', 'caller', 'us', 'dropped', 'unanswered', 'crash']),
  /** What was left out on purpose. */
  pauses: z.array(z.strictObject({ from_ms: z.number(), to_ms: z.number() })),
  /** What no disk took. */
  lost_ms: z.number(),
});
export type RecordingInfo = z.infer<typeof infoSchema>;

export interface RecordingsSettings {
  readonly directory: string;
  readonly keepMs: number;
}

export interface RecordingsEvents {
  log(what: string): void;
  deleted?(id: string): void;
}

const SWEEP_MS = 15 * 60_000;
/** Where the time of the last sweep is. */
const SWEPT = 'swept';
/** Where it is since when those dated ahead are kept. */
const AHEAD = 'ahead';

export interface OpenRecording {
  readonly recording: Pick<Recording, 'frame' | 'pause' | 'resume'>;
  /** There was nothing to record. */
  discard(): Promise<void>;
  /** Resolves when it is safe. */
  end(how: RecordingInfo['ended']): Promise<RecordingInfo>;
}

export class Recordings {
  readonly #settings: RecordingsSettings;
  readonly #clock: Clock;
  readonly #events: RecordingsEvents;
  #time: BelievedTime | null = null;
  #doubted = false;
  #cancelSweep = (): void => undefined;
  #closed = false;

  private constructor(settings: RecordingsSettings, clock: Clock, events: RecordingsEvents) {
    this.#settings = settings;
    this.#clock = clock;
    this.#events = events;
  }

  /** Mends what a crash left, deletes what is over its time, and goes on doing so. */
  static async open(
    settings: RecordingsSettings,
    clock: Clock,
    events: RecordingsEvents,
  ): Promise<Recordings> {
    mkdirSync(settings.directory, { recursive: true, mode: 0o700 });
    const recordings = new Recordings(settings, clock, events);
    await recordings.#mend();
    const newest = (await recordings.list())[0]?.started_at ?? clock.now();
    recordings.#time = await BelievedTime.open(join(settings.directory, SWEPT), clock, newest);
    await recordings.#sweep();
    return recordings;
  }

  close(): void {
    this.#closed = true;
    this.#cancelSweep();
  }

  /** Rejects where nothing can be written; the call can go on without. */
  async begin(id: string, number: string | null): Promise<OpenRecording> {
    const info: RecordingInfo = {
      ...{ id, number, started_at: this.#clock.now(), length_ms: 0 },
      ...{ ended: 'recording', pauses: [], lost_ms: 0 },
    };
    await this.#writeInfo(info);
    const recording = await Recording.begin(this.#path(id, 'part'), (error) => {
      this.#events.log(`recording ${id}: ${error.message}; free some space`);
    });
    await syncDirectory(this.#settings.directory);
    return {
      recording,
      end: (how) => this.#finish(info, recording, how),
      discard: async () => {
        await recording.end();
        await rm(this.#path(id, 'part'), { force: true });
        await rm(this.#path(id, 'json'), { force: true });
      },
    };
  }

  /** Newest first; a recording that goes on is among them. */
  async list(): Promise<RecordingInfo[]> {
    const names = await readdir(this.#settings.directory);
    const infos = await Promise.all(
      names
        .filter((name) => name.endsWith('.json'))
        .map((name) => this.#readInfo(name.slice(0, -5))),
    );
    return infos
      .flatMap((info) => (info === null ? [] : [info]))
      .sort((a, b) => b.started_at - a.started_at);
  }

  find(id: string): Promise<RecordingInfo | null> {
    return this.#readInfo(id);
  }

  /** Its WAV file, to be closed by the caller; `null` where it is deleted or goes on. */
  async file(id: string): Promise<FileHandle | null> {
    if (!infoSchema.shape.id.safeParse(id).success) return null;
    return open(this.#path(id, 'wav'), 'r').catch(() => null);
  }

  #path(id: string, ending: 'part' | 'wav' | 'json'): string {
    return join(this.#settings.directory, `${id}.${ending}`);
  }

  async #finish(
    info: RecordingInfo,
    recording: Recording,
    ended: RecordingInfo['ended'],
  ): Promise<RecordingInfo> {
    await recording.end();
    const lost_ms = recording.lostFrames * 20;
    const pauses: Pause[] = [...recording.pauses];
    const whole = { ...info, ended, pauses, lost_ms, length_ms: recording.lengthMs - lost_ms };
    try {
      await rename(this.#path(info.id, 'part'), this.#path(info.id, 'wav'));
      await this.#writeInfo(whole);
    } catch (error) {
      // The next start mends it.
      this.#events.log(`recording ${info.id}: ${String(error)}`);
    }
    return whole;
  }

  /** Whole or not at all. */
  async #writeInfo(info: RecordingInfo): Promise<void> {
    const path = this.#path(info.id, 'json');
    const file = await open(`${path}.part`, 'w', 0o600);
    try {
      await writeFile(file, JSON.stringify(info));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.part`, path);
    await syncDirectory(this.#settings.directory);
  }

  async #readInfo(id: string): Promise<RecordingInfo | null> {
    if (!infoSchema.shape.id.safeParse(id).success) return null;
    return readStored(this.#path(id, 'json'), infoSchema);
  }

  async #mend(): Promise<void> {
    const { directory } = this.#settings;
    for (const name of await readdir(directory)) {
      if (name.endsWith('.json.part')) await rm(join(directory, name), { force: true });
      else if (name.endsWith('.part'))
        await this.#try(name.slice(0, -5), (id) => this.#mendOne(id));
    }
    for (const info of await this.list()) {
      if (info.ended === 'recording') await this.#try(info.id, () => this.#describe(info));
    }
  }

  /** A disk that is full or broken keeps nobody from calling: the next start tries again. */
  async #try(id: string, mend: (id: string) => Promise<void>): Promise<void> {
    try {
      await mend(id);
    } catch (error) {
      this.#events.log(`recording ${id} can't be mended: ${String(error)}; free some space`);
    }
  }

  /** Renamed, but not described: or described, and no sound of it came to the disk. */
  async #describe(info: RecordingInfo): Promise<void> {
    const size = await stat(this.#path(info.id, 'wav')).then(
      ({ size: s }) => s,
      () => HEAD_BYTES,
    );
    await this.#writeInfo({ ...info, ended: 'crash', length_ms: durationMs(size) });
  }

  async #mendOne(id: string): Promise<void> {
    const path = this.#path(id, 'part');
    const file = await open(path, 'r+');
    try {
      const { size } = await file.stat();
      const data = Math.max(0, Math.floor((size - HEAD_BYTES) / PAIR_BYTES) * PAIR_BYTES);
      await file.truncate(HEAD_BYTES + data);
      const head = writeHead(data);
      await file.write(head, 0, head.length, 0);
      await file.sync();
      this.#events.log(
        `recording ${id} was mended: ${Math.round(durationMs(HEAD_BYTES + data) / 1000)} s`,
      );
    } finally {
      await file.close();
    }
    await rename(path, this.#path(id, 'wav'));
  }

  /** Deletes what is older than it may be, now and again: the next look begins when this one is over. */
  async #sweep(): Promise<void> {
    try {
      await this.#deleteOld();
    } finally {
      if (!this.#closed) this.#cancelSweep = this.#clock.after(SWEEP_MS, () => this.#sweepAgain());
    }
  }

  #sweepAgain(): void {
    this.#sweep().catch((error: unknown) => {
      this.#events.log(`recordings were not looked at: ${String(error)}`);
    });
  }

  async #deleteOld(): Promise<void> {
    const now = await this.#believedNow();
    if (now === null) return;
    const path = join(this.#settings.directory, AHEAD);
    const { since, trouble } = await keptSince(path, await this.#dates(), now);
    if (trouble !== null) {
      this.#events.log(`recordings dated ahead are kept anew: ${String(trouble)}; free some space`);
    }
    for (const [id, at] of since) {
      if (at >= now - this.#settings.keepMs) continue;
      await rm(this.#path(id, 'wav'), { force: true });
      await rm(this.#path(id, 'json'), { force: true });
      this.#events.deleted?.(id);
    }
  }

  /** A clock that leapt deletes nothing for a day; neither does a disk that can't keep the time. */
  async #believedNow(): Promise<number | null> {
    if (this.#time === null) return null;
    try {
      const { at, behindMs } = await this.#time.look();
      if (behindMs > 0 && !this.#doubted) {
        const days = Math.ceil(behindMs / 86_400_000);
        this.#events.log(
          `the clock is ${days} days ahead of the last look: no recording is deleted by it for a day; if it is wrong, set it`,
        );
      }
      this.#doubted = behindMs > 0;
      return at;
    } catch (error) {
      this.#events.log(`no recording is deleted: ${String(error)}; free some space`);
      return null;
    }
  }

  /** When each was made that does not go on; where its description was lost its name has it. */
  async #dates(): Promise<Map<string, number>> {
    const names = await readdir(this.#settings.directory);
    const ids = new Set(names.flatMap((name) => /^(.+)\.(?:wav|json)$/.exec(name)?.[1] ?? []));
    const dates = new Map<string, number>();
    for (const id of ids) {
      const info = await this.#readInfo(id);
      const at = info?.started_at ?? timeOf(id);
      if (at !== null && info?.ended !== 'recording') dates.set(id, at);
    }
    return dates;
  }
}

/** `20261122T190512Z` */
const nameOf = (now: number): string => new Date(now).toISOString().replace(/[-:]|\.\d+/g, '');

/** Of a name that {@link mintCallId} gave; `null` of any other. */
function timeOf(id: string): number | null {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-/.exec(id);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second] = match;
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(at) ? null : at;
}

/** `20261122T190512Z-1a2b3c4d`: sorts by time, and is no other call's. */
export const mintCallId = (now: number, chance: Uint8Array): string =>
  `${nameOf(now)}-${Buffer.from(chance.subarray(0, 4)).toString('hex')}`;
