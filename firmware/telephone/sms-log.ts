/**
 * What the telephone terminal knows of short messages, on its disk: each that it was asked to send, how
 * far it came, and each that came in. One JSON object a line, appended and synced before it counts.
 */
import { existsSync } from 'node:fs';
import { open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { type FileDisk, openFileDisk, syncDirectory } from '#firmware/disk.ts';

const recordSchema = z.discriminatedUnion('is', [
  /** Asked under `key`; `body` is the hash of what was asked. */
  z.strictObject({
    is: z.literal('asked'),
    key: z.string(),
    body: z.string(),
    reference: z.string(),
    to: z.string(),
    at: z.number(),
  }),
  /** The network took all parts; reports name these. */
  z.strictObject({
    is: z.literal('taken'),
    key: z.string(),
    modem: z.string(),
    references: z.array(z.number()),
    at: z.number(),
  }),
  z.strictObject({ is: z.literal('refused'), key: z.string(), why: z.string(), at: z.number() }),
  /** All parts arrived, or one never will. */
  z.strictObject({
    is: z.literal('reported'),
    key: z.string(),
    outcome: z.enum(['delivered', 'failed']),
    at: z.number(),
  }),
  /** The gateway knows it. */
  z.strictObject({ is: z.literal('told'), key: z.string(), at: z.number() }),
  z.strictObject({
    is: z.literal('received'),
    from: z.string(),
    text: z.string(),
    sent_at: z.number(),
    at: z.number(),
  }),
]);
export type SmsRecord = z.infer<typeof recordSchema>;

export class SmsLog {
  readonly #disk: FileDisk;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(disk: FileDisk) {
    this.#disk = disk;
  }

  /** What is older than `oldest` is left out, for ever; a torn last line is, too. */
  static async open(
    path: string,
    oldest: number,
  ): Promise<{ readonly log: SmsLog; readonly records: readonly SmsRecord[] }> {
    const text = existsSync(path) ? await readFile(path, 'utf8') : '';
    const records = text
      .split('\n')
      .flatMap(readRecord)
      .filter(({ at }) => at >= oldest);
    const part = await open(`${path}.part`, 'w', 0o600);
    try {
      await part.writeFile(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
      await part.sync();
    } finally {
      await part.close();
    }
    await rename(`${path}.part`, path);
    await syncDirectory(dirname(path));
    return { log: new SmsLog(await openFileDisk(path)), records };
  }

  /** Resolves when it survives a power cut; rejects where the disk is full. */
  append(record: SmsRecord): Promise<void> {
    const done = this.#last.then(async () => {
      await this.#disk.append(Buffer.from(`${JSON.stringify(record)}\n`));
      await this.#disk.sync();
    });
    this.#last = done.catch(() => undefined);
    return done;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#disk.close();
  }
}

function readRecord(line: string): SmsRecord[] {
  try {
    return [recordSchema.parse(JSON.parse(line))];
  } catch {
    return [];
  }
}
