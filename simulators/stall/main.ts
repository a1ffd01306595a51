/** `npm start`: opens the stall, says where it is, and closes it on a signal. */
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { openInterface } from './interface.ts';
import { Stall } from './stall.ts';
import { HOME, SEED } from './wiring.ts';

const USAGE = `usage: npm start -- [options]
  --data DIR             what is kept from one start to the next (default .hawker)
  --port N               of the stall's page and interface (default 8400; 0 for any)
  --gateway-port N       of the payers' pages (default 8401; 0 for any)
  --mqtt-port N          of the gateway's broker (default 8402; 0 for any)
  --public-url URL       what real phones reach the gateway by, such as http://192.168.1.20:8401
  --language en|zh-CN    of the terminal
  --order-lifetime S     how long an order is offered, in seconds (default 180)
  --seed FILE            vendors, terminals and payers (default simulators/stall/seed.json)
  --boards FILE          another boards.json; its profile simulated is used
  --phones LIST          who stands before it, with metres (default Alice:1,Bob:3.5,Chen:40)
  --board NAME           another board than simulated runs on metal, without a stall
  --model-zh DIR         a voice model, for callers and vendors who speak Mandarin (docs/speech-recognition.md)
  --no-browser           leaves the terminal's screen to a browser of yours, at the address it prints
  --headless             prints one JSON line with the addresses instead of words`;

function fail(text: string): never {
  process.stderr.write(`${text}\n`);
  process.exit(2);
}

function numberOf(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  return fail(`${flag}: ${text} is not a whole number from ${least} to ${most}\n\n${USAGE}`);
}

function readOptions(args: string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  try {
    return parseArgs({
      args,
      options: {
        data: { ...text, default: join(HOME, '.hawker') },
        port: { ...text, default: '8400' },
        'gateway-port': { ...text, default: '8401' },
        'mqtt-port': { ...text, default: '8402' },
        'public-url': text,
        language: text,
        'order-lifetime': text,
        seed: { ...text, default: SEED },
        boards: text,
        'model-zh': text,
        phones: { ...text, default: 'Alice:1,Bob:3.5,Chen:40' },
        board: { ...text, default: 'simulated' },
        'no-browser': flag,
        headless: flag,
        help: flag,
      },
    }).values;
  } catch (error) {
    return fail(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  }
}

const options = readOptions(process.argv.slice(2));
if (options.help) {
  process.stdout.write(`${USAGE}\n`);
  process.exit(0);
}
const { language, headless } = options;
if (language !== undefined && language !== 'en' && language !== 'zh-CN') {
  fail(`--language: ${language} is neither en nor zh-CN`);
}
if (options.board !== 'simulated') {
  fail(
    `--board: the stall has simulated organs; on metal run npm start -- --board ${options.board}`,
  );
}
const phones = options.phones.split(',').flatMap((each) => {
  if (each === '') return [];
  const [, name = '', metres] = /^([^:]+):(\d+(?:\.\d+)?)$/.exec(each.trim()) ?? [];
  if (name === '') fail(`--phones: ${each} is not NAME:METRES\n\n${USAGE}`);
  return [{ name, distance_m: Number(metres) }];
});
// All that is typed is read before anything is started.
const modelZh = options['model-zh'];
if (modelZh !== undefined && !existsSync(join(resolve(modelZh), 'tokens.txt'))) {
  const lacks = existsSync(modelZh) ? 'has no tokens.txt' : 'is not there';
  fail(
    `--model-zh: ${resolve(modelZh)} ${lacks}; name the directory of an unpacked voice model (docs/speech-recognition.md), or leave the option out`,
  );
}
const lifetime = options['order-lifetime'];
const port = numberOf('--port', options.port, 0, 65535);
const ports = {
  http: numberOf('--gateway-port', options['gateway-port'], 0, 65535),
  mqtt: numberOf('--mqtt-port', options['mqtt-port'], 0, 65535),
};
const orderLifetimeS =
  lifetime === undefined ? undefined : numberOf('--order-lifetime', lifetime, 10, 3600);
const say = (line: string): void => {
  if (!headless) process.stdout.write(`${line}\n`);
};
const began = performance.now();
const directory = resolve(options.data);
mkdirSync(directory, { recursive: true, mode: 0o700 });

let stall: Stall | null = null;
let opening: Promise<Stall> | null = null;
let closing = false;
async function close(code: number): Promise<void> {
  if (closing) return;
  closing = true;
  // What is being started has to be there before it can be ended.
  const opened = stall ?? (await opening?.catch(() => null));
  await opened?.close();
  process.exit(code);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => void close(0));
}

try {
  opening = Stall.open({
    directory,
    seed: options.seed,
    ports,
    language,
    orderLifetimeS,
    publicUrl: options['public-url'],
    boards: options.boards,
    modelZh,
    browser: !options['no-browser'],
    progress: (text) => say(`  ${text} …`),
  });
  stall = await opening;
  // Called off meanwhile: `close` ends the process.
  if (closing) await new Promise<never>(() => undefined);
  const { url } = await openInterface(stall, port);
  for (const { name, distance_m } of phones) stall.street.add(name, distance_m);
  const ms = Math.round(performance.now() - began);
  if (headless) {
    process.stdout.write(
      `${JSON.stringify({ ready: true, stall: url, gateway: stall.gatewayUrl, ms })}\n`,
    );
  }
  for (const { wire, state, why, mend } of stall.rack.view()) {
    if (state === 'missing') say(`  missing: ${wire} (${why}). To bring it: ${mend}`);
  }
  say(`\n  The stall is open (${(ms / 1000).toFixed(1)} s).\n`);
  say(`  Stall page        ${url}`);
  say(`  Payers' pages     ${stall.gatewayUrl}`);
  say(`  Terminal's screen ${stall.screenAddress ?? 'none'}`);
  say(`  Data              ${directory}\n\n  Ctrl-C closes it.`);
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  const mend = message.includes('EADDRINUSE')
    ? '\nIs another stall open? Stop it, or give this one another --port and --data.'
    : '';
  process.stderr.write(`the stall can't open: ${message}${mend}\n`);
  await close(1);
}
