/**
 * `npm run bench:call`: a long call at the telephone terminal, at the speed that the wire allows, and how
 * its memory grows. The caller speaks all the time, the terminal speaks back, all of it is recorded.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CALL_SETTINGS } from '#device/flows/call.ts';
import type { CallHandler, CallLine, Conversation } from '#device/ports/call-handler.ts';
import { CALL_RATE, FRAME_MS } from '#device/ports/modem.ts';
import { systemChance, systemClock } from '#firmware/clock.ts';
import node from '#firmware/node.json' with { type: 'json' };
import { CallDesk } from '#firmware/telephone/desk.ts';
import { openLine } from '#firmware/telephone/line.ts';
import { Recordings } from '#firmware/telephone/recordings.ts';
import { answerHelp } from '#test/command.ts';
import { memoryOf } from './process.ts';

const GOAL_MB = 10;
/** Times as fast as a real call; a disk that syncs each 0.8 s of sound has to keep up. */
const SPEED = 40;
const CHILD = 'HAWKER_CALL_BENCH';

/** Says again what it hears, a second at a time. */
class Echo implements CallHandler, Conversation {
  #line: CallLine | null = null;
  /** In turns: one is said while the other is filled. */
  readonly #seconds = Array.from({ length: 4 }, () => new Int16Array(CALL_RATE));
  #turn = 0;
  #filled = 0;

  places(): number {
    return this.#line === null ? 1 : 0;
  }
  take(line: CallLine): Conversation {
    this.#line = line;
    return this;
  }
  onChange(): void {
    // There is one call, and it is taken once.
  }
  frame({ heard }: { readonly heard: Int16Array }): void {
    const second = this.#seconds[this.#turn % 4];
    if (second === undefined) return;
    second.set(heard, this.#filled);
    this.#filled += heard.length;
    if (this.#filled < CALL_RATE) return;
    this.#filled = 0;
    this.#turn += 1;
    if ((this.#line?.ahead() ?? 0) < 2 * CALL_RATE) void this.#line?.say(second);
  }
  key(): void {
    // Nobody presses any.
  }
  ended(): void {
    this.#line = null;
  }
}

/** The terminal, alone in its process: what it takes is what is measured. */
async function terminal(directory: string): Promise<void> {
  const files = join(directory, 'recordings');
  const recordings = await Recordings.open({ directory: files, keepMs: 3_600_000 }, systemClock, {
    log: (what) => process.stderr.write(`${what}\n`),
  });
  const desk = new CallDesk({
    ...{ clock: systemClock, chance: systemChance, recordings, settings: CALL_SETTINGS },
    voice: { render: async () => new Int16Array(CALL_RATE) },
    tell: (event) => process.stdout.write(`${JSON.stringify(event)}\n`),
    handlers: { assistant: new Echo() },
  });
  openLine({
    ...{ name: 'modem', dataDirectory: directory, clock: systemClock, desk },
    settings: {
      ...{ driver: 'sim7600', port: 'wires/modem-at', audio_port: 'wires/modem-audio' },
      baud: 115_200,
    },
    messages: { received: async () => undefined, reported: () => undefined },
    tell: (event) => process.stdout.write(`${JSON.stringify(event)}\n`),
  });
}

async function measure(minutes: number): Promise<void> {
  const { spawn } = await import('node:child_process');
  const { ModemSimulator } = await import('#simulators/modem/modem.ts');
  const { amid, pinkNoise, speakAs, VOICES } = await import('#simulators/modem/voices.ts');
  const { until } = await import('#test/until.ts');
  const directory = mkdtempSync(join(tmpdir(), 'bench-call-'));
  const network = await ModemSimulator.open({
    atPath: join(directory, 'wires/modem-at'),
    audioPath: join(directory, 'wires/modem-audio'),
    speed: SPEED,
  });
  const child = spawn(
    process.execPath,
    [...node.telephone_flags, import.meta.filename, '--data', directory],
    {
      env: { ...process.env, [CHILD]: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let said = '';
  child.stdout.on('data', (bytes) => {
    said += String(bytes);
  });
  try {
    await until('the network', () => said.includes('"home"'));
    const { ann } = VOICES;
    if (ann === undefined) throw new Error('there is no such voice');
    const clean = await speakAs(ann, 'I would like two pork dumplings and a soy milk please');
    const sentence = amid(clean, pinkNoise(clean.length, 1), 15);
    const phone = network.phone('+8613800000001');
    phone.listening = false;
    const began = performance.now();
    phone.dial();
    await until('the menu', () => phone.heardCount > 1.5 * CALL_RATE);
    phone.press('2');
    await until('the talk', () => said.includes('"connected"'));
    const pid = child.pid ?? 0;
    const memoryAt = async (minute: number): Promise<number> => {
      while ((network.frames * FRAME_MS) / 60_000 < minute) await phone.speak(sentence);
      return memoryOf(pid).resident;
    };
    // What a first minute brings in (code, buffers) is not growth.
    const first = await memoryAt(1);
    const steps = [first];
    for (let at = 1; at <= 5; at += 1) steps.push(await memoryAt(1 + (at * (minutes - 1)) / 5));
    phone.hangUp();
    await until('the end', () => said.includes('"ended"'));
    const seconds = (performance.now() - began) / 1000;
    const [file = ''] = (await import('node:fs'))
      .readdirSync(join(directory, 'recordings'))
      .filter((name) => /\.(wav|part)$/.test(name));
    const size = statSync(join(directory, 'recordings', file)).size / 2 ** 20;
    const grown = Math.max(...steps) - first;
    process.stdout.write(
      `${minutes} min of call in ${seconds.toFixed(0)} s, ${size.toFixed(0)} MB recorded\n` +
        `resident ${steps.map((mb) => mb.toFixed(1)).join(' → ')} MB\n` +
        `grown by ${grown.toFixed(1)} MB of at most ${GOAL_MB}${grown > GOAL_MB ? '  OVER' : ''}\n`,
    );
    process.exitCode = grown > GOAL_MB ? 1 : 0;
  } finally {
    child.kill('SIGKILL');
    await network.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

const text = { type: 'string' } as const;
const USAGE = `usage: npm run bench:call -- [--minutes N], 2 to 600 of them (default 30)`;

function readOptions() {
  answerHelp(USAGE);
  try {
    return parseArgs({ options: { minutes: text, data: text } }).values;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${USAGE}\n`);
    return process.exit(2);
  }
}

const values = readOptions();
const minutes = Number(values.minutes ?? '30');
if (process.env[CHILD] === '1') await terminal(values.data ?? '');
else if (minutes >= 2 && minutes <= 600) await measure(minutes);
else {
  process.stderr.write(`--minutes ${values.minutes}: use 2 to 600\n\n${USAGE}\n`);
  process.exitCode = 2;
}
