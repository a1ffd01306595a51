/**
 * A microphone on an ALSA sound card (row F5), through `arecord`. It runs while somebody was asked to
 * speak, and at no other time.
 */
import { spawn } from 'node:child_process';
import { DeviceError, type DeviceErrorCode, type DeviceEvents } from '#device/ports/device.ts';
import {
  type Capture,
  type CaptureEvents,
  MICROPHONE_RATE,
  type Microphone,
} from '#device/ports/microphone.ts';
import { NOWHERE } from '#firmware/nowhere.ts';
import { isInstalled, missingTool } from '../speaker/program.ts';

export interface AlsaMicrophoneSettings {
  /** As `arecord -D` takes it, such as `default` or `plughw:CARD=Device`. */
  readonly device: string;
}

/** A card that gives no sample for so long is hung. */
const PATIENCE_MS = 2000;
/** 50 ms a read, and a second of room where this process is late. */
const PERIOD_US = 50_000;
const BUFFER_US = 1_000_000;

const FAILURES: readonly [RegExp, DeviceErrorCode, string][] = [
  [/resource busy/, 'busy', 'stop the program that uses the microphone'],
  [
    /permission denied|not permitted/,
    'denied',
    'add this user to the group audio: sudo usermod -aG audio $USER, then log in again',
  ],
  [
    /no such (file|device)|unknown pcm|cannot find card/,
    'absent',
    'plug it in, or correct its device in boards.json: arecord -L lists what there is',
  ],
];

function failure(organ: string, said: string, begun: boolean, how: string): DeviceError {
  const lines = said.split('\n').filter((line) => line.startsWith('arecord:'));
  const last = (lines.at(-1) ?? said.trim().split('\n').at(-1)) || `arecord ended with ${how}`;
  if (begun) return new DeviceError('lost', organ, last, { mend: 'plug it in again' });
  for (const [pattern, code, mend] of FAILURES) {
    if (pattern.test(last.toLowerCase())) return new DeviceError(code, organ, last, { mend });
  }
  return new DeviceError('protocol', organ, last);
}

/** One run of `arecord`. */
function record(organ: string, device: string, events: CaptureEvents): Capture {
  const format = ['-t', 'raw', '-f', 'S16_LE', '-c', '1', '-r', String(MICROPHONE_RATE)];
  const timing = [`--period-time=${PERIOD_US}`, `--buffer-time=${BUFFER_US}`];
  const child = spawn('arecord', ['-q', '-D', device, ...format, ...timing], {
    stdio: [NOWHERE, 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C' },
  });
  let said = '';
  let begun = false;
  let over = false;
  let odd: number | null = null;
  const end = (error: DeviceError | null): void => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    child.kill('SIGKILL');
    if (error !== null) events.failed(error);
  };
  const hung = (): void => {
    const mend = 'unplug the microphone and plug it in again';
    end(new DeviceError('timeout', organ, `${device} gives no sound`, { mend }));
  };
  let timer = setTimeout(hung, PATIENCE_MS);
  child.stdout?.on('data', (bytes: Buffer) => {
    if (over) return;
    begun = true;
    clearTimeout(timer);
    timer = setTimeout(hung, PATIENCE_MS);
    const all: Buffer = odd === null ? bytes : Buffer.concat([Buffer.of(odd), bytes]);
    odd = all.length % 2 === 0 ? null : (all.at(-1) ?? 0);
    const samples = new Int16Array(all.length >> 1);
    for (let at = 0; at < samples.length; at += 1) samples[at] = all.readInt16LE(2 * at);
    events.samples(samples);
  });
  child.stderr?.on('data', (bytes: Buffer) => {
    said += bytes.toString();
  });
  child.once('error', (cause: NodeJS.ErrnoException) => {
    const failed = new DeviceError('protocol', organ, `arecord: ${cause.message}`, { cause });
    end(cause.code === 'ENOENT' ? missingTool(organ, 'arecord') : failed);
  });
  child.once('close', (code, signal) => end(failure(organ, said, begun, signal ?? String(code))));
  return { stop: () => end(null) };
}

class AlsaMicrophone implements Microphone {
  readonly #organ: string;
  readonly #device: string;
  readonly #events: DeviceEvents;
  #capture: Capture | null = null;
  #over = false;

  constructor(organ: string, device: string, events: DeviceEvents) {
    this.#organ = organ;
    this.#device = device;
    this.#events = events;
  }

  capture(events: CaptureEvents): Capture {
    this.#capture?.stop();
    this.#capture = record(this.#organ, this.#device, {
      samples: events.samples,
      failed: (error) => {
        events.failed(error);
        if (!this.#over) this.#events.lost(error);
        this.#over = true;
      },
    });
    return this.#capture;
  }

  async close(): Promise<void> {
    this.#over = true;
    this.#capture?.stop();
  }
}

/**
 * Opens the microphone and looks whether it gives sound. Rejects with `missing_tool`, `absent`,
 * `busy`, `denied` or `timeout`.
 */
export async function openAlsaMicrophone(
  name: string,
  settings: AlsaMicrophoneSettings,
  events: DeviceEvents,
): Promise<Microphone> {
  if (!isInstalled('arecord')) throw missingTool(name, 'arecord');
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const trial = record(name, settings.device, { samples: () => resolve(), failed: reject });
  await promise.finally(() => trial.stop());
  return new AlsaMicrophone(name, settings.device, events);
}
