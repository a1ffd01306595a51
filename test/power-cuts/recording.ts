/** Runs a program and reads back what it asked of the disk. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One thing that a program asked of the disk. */
export type DiskEvent =
  | {
      readonly is: 'write';
      readonly file: string;
      readonly place: number | 'end';
      readonly bytes: Uint8Array;
    }
  | { readonly is: 'synced'; readonly file: string }
  | { readonly is: 'length'; readonly file: string; readonly length: number }
  | { readonly is: 'removed'; readonly file: string }
  /** What was `from` is `file` now; what was `file` is gone. */
  | { readonly is: 'renamed'; readonly file: string; readonly from: string };

const HEAD = 17;

/** Compiles the recorder into `directory`; its path. */
function buildRecorder(directory: string): string {
  const library = join(directory, 'recorder.so');
  if (existsSync(library)) return library;
  const source = join(import.meta.dirname, 'recorder.c');
  const args = [
    '-shared',
    '-fPIC',
    '-O1',
    '-Wall',
    '-Werror',
    '-o',
    library,
    source,
    '-ldl',
    '-lpthread',
  ];
  const done = spawnSync('gcc', args, { encoding: 'utf8' });
  if (done.error) throw new Error('gcc is missing: sudo apt-get install gcc');
  if (done.status !== 0) throw new Error(`the recorder can't be compiled: ${done.stderr}`);
  return library;
}

/** What `program` asks of the disk below `directory`/data; rejects where it fails. */
export async function record(
  directory: string,
  program: string,
  args: readonly string[],
): Promise<DiskEvent[]> {
  const log = join(directory, 'record');
  const data = join(directory, 'data');
  const env = { ...process.env, LD_PRELOAD: buildRecorder(directory) };
  const child = spawn(process.execPath, [program, data, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...env, HAWKER_RECORD: log, HAWKER_RECORD_BELOW: data },
  });
  let complaint = '';
  child.stderr.on('data', (part: Buffer) => {
    complaint = (complaint + part.toString()).slice(-2000);
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${complaint}`);
  return readRecord(readFileSync(log), data);
}

function readRecord(bytes: Buffer, data: string): DiskEvent[] {
  const names: string[] = [];
  const events: DiskEvent[] = [];
  for (let at = 0; at < bytes.length; ) {
    const what = String.fromCharCode(bytes[at] ?? 0);
    const number = bytes.readInt32LE(at + 1);
    const place = Number(bytes.readBigInt64LE(at + 5));
    const length = bytes.readUInt32LE(at + 13);
    const carries = what === 'o' || what === 'w';
    const body = bytes.subarray(at + HEAD, at + HEAD + (carries ? length : 0));
    at += HEAD + body.length;
    if (what === 'o') names[number] = body.toString().slice(data.length + 1);
    else if (what === 'r') {
      events.push({ is: 'renamed', file: names[number] ?? '', from: names[place] ?? '' });
    } else events.push(eventOf(what, names[number] ?? '', place, body));
  }
  return events;
}

function eventOf(what: string, file: string, place: number, bytes: Uint8Array): DiskEvent {
  switch (what) {
    case 'w':
      return { is: 'write', file, place: place < 0 ? 'end' : place, bytes };
    case 's':
      return { is: 'synced', file };
    case 't':
      return { is: 'length', file, length: place };
    case 'u':
      return { is: 'removed', file };
    default:
      throw new Error(`the record holds ${what}`);
  }
}
