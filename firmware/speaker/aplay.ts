/** One sentence through `aplay`: handed over whole, heard to its end, its failure named. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeviceError, type DeviceErrorCode } from '#device/ports/device.ts';
import { NOWHERE } from '#firmware/nowhere.ts';
import { missingTool } from './program.ts';

export interface Playing {
  /** Resolves when `aplay` handed the last sample over; rejects with a `DeviceError`. */
  readonly done: Promise<void>;
  /** Ends it at once. */
  stop(): void;
}

export interface PlaySettings {
  readonly organ: string;
  /** As `aplay -D` takes it. */
  readonly device: string;
  /** Where the sentence lies while it is spoken. */
  readonly directory: string;
  /** After this the card counts as hung. */
  readonly timeoutMs: number;
  /** The card was opened and takes the first sample. */
  readonly started?: () => void;
  /** A directory that is made as the sentence begins; where it is there already, nothing is heard. */
  readonly mark?: string;
  /** A file that then holds the process id of what speaks. */
  readonly note?: string;
}

/** Exit code of a sentence that was heard before. */
const HEARD_BEFORE = 77;

const FAILURES: readonly [RegExp, DeviceErrorCode, string][] = [
  [/resource busy/, 'busy', 'stop the program that uses the sound card'],
  [
    /permission denied|not permitted/,
    'denied',
    'add this user to the group audio: sudo usermod -aG audio $USER, then log in again',
  ],
  [
    /no such (file|device)|unknown pcm|cannot find card/,
    'absent',
    'plug it in, or correct its device in boards.json: aplay -L lists what there is',
  ],
];

/** What `aplay` printed in its last line decides; its writing of samples failed where it had begun. */
function failure(organ: string, said: string, begun: boolean, how: string): DeviceError {
  const lines = said.split('\n').filter((line) => line.startsWith('aplay:'));
  const last = (lines.at(-1) ?? said.trim().split('\n').at(-1)) || `aplay ended with ${how}`;
  if (begun) return new DeviceError('lost', organ, last, { mend: 'plug it in again' });
  for (const [pattern, code, mend] of FAILURES) {
    if (pattern.test(last.toLowerCase())) return new DeviceError(code, organ, last, { mend });
  }
  return new DeviceError('protocol', organ, last);
}

/**
 * The sentence as an open file that has no name any more: `aplay` can read it to its end whatever
 * becomes of this process, and nothing is left to clean up. `null` where the disk takes no file.
 */
function nameless(directory: string, wav: Uint8Array): number | null {
  const path = join(directory, `sentence-${process.pid}.wav`);
  try {
    writeFileSync(path, wav);
    const descriptor = openSync(path, 'r');
    unlinkSync(path);
    return descriptor;
  } catch {
    return null;
  }
}

/**
 * SIGPIPE is ignored: a complaint that nobody reads any more does not end it in mid-sentence. Mark
 * and note are made by the very process that speaks: whenever the terminal dies, either all happen or
 * nothing does. A disk that takes neither does not silence the speaker.
 */
const SCRIPT = `trap "" PIPE
if [ -n "$1" ] && ! mkdir "$1" 2>/dev/null && [ -d "$1" ]; then exit ${HEARD_BEFORE}; fi
if [ -n "$2" ]; then { printf %s $$ >"$2"; } 2>/dev/null; fi
exec aplay -D "$0" -t wav -`;

function start({ device, mark, note }: PlaySettings, input: number | 'pipe'): ChildProcess {
  // Its own session: Ctrl-C on the terminal's console does not reach it.
  return spawn('/bin/sh', ['-c', SCRIPT, device, mark ?? '', note ?? ''], {
    stdio: [input, NOWHERE, 'pipe'],
    detached: true,
    env: { ...process.env, LC_ALL: 'C' },
  });
}

/** Begins to play a whole WAV file. The caller sees to it that one plays at a time. */
export function play(wav: Uint8Array, settings: PlaySettings): Playing {
  const { organ } = settings;
  const file = nameless(settings.directory, wav);
  const child = start(settings, file ?? 'pipe');
  if (file !== null) closeSync(file);
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(wav);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let said = '';
  let begun = false;
  const timer = setTimeout(() => {
    child.kill('SIGKILL');
    reject(
      new DeviceError('timeout', organ, `${settings.device} takes no sound`, {
        mend: 'unplug the speaker and plug it in again',
      }),
    );
  }, settings.timeoutMs);
  child.stderr?.on('data', (bytes: Buffer) => {
    said += bytes.toString();
    // aplay names what it plays once the card is open.
    if (begun || !/^Playing WAVE/m.test(said)) return;
    begun = true;
    settings.started?.();
  });
  child.once('error', (cause) => {
    clearTimeout(timer);
    reject(new DeviceError('protocol', organ, `/bin/sh: ${cause.message}`, { cause }));
  });
  child.once('close', (code, signal) => {
    clearTimeout(timer);
    if (code === HEARD_BEFORE) settings.started?.();
    if (code === 0 || code === HEARD_BEFORE) resolve();
    else if (code === 127 && !begun) reject(missingTool(organ, 'aplay'));
    else reject(failure(organ, said, begun, signal ?? String(code)));
  });
  return { done: promise, stop: () => void child.kill('SIGKILL') };
}
