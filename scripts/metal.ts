/**
 * `npm start -- --board raspberry-pi-4`: the terminal on real organs, and beside it a gateway of its
 * own unless `--gateway` names one. The two are separate processes, as they are anywhere.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { readBoard } from '#firmware/boards.ts';
import node from '#firmware/node.json' with { type: 'json' };

const HOME = join(import.meta.dirname, '..');

const USAGE = `usage: npm start -- --board NAME [options]
  --board NAME      profile in boards.json, such as raspberry-pi-4
  --boards FILE     another boards.json
  --data DIR        journal, identity and store (default .hawker/NAME)
  --gateway URL     a gateway that runs elsewhere; needs --enrol at the first start
  --enrol CODE      one-time enrolment code (default: that of the example stall)
  --seed FILE       stall, catalogue and payers of the gateway that is started here
  --http HOST:PORT  where that gateway listens (default 0.0.0.0:8080)
  --mqtt HOST:PORT  where its broker listens, mutual TLS (default 127.0.0.1:8883)
`;

function readOptions() {
  const text = { type: 'string' } as const;
  if (process.argv.includes('--help')) {
    process.stdout.write(USAGE);
    process.exit(0);
  }
  try {
    return parseArgs({
      options: {
        board: text,
        boards: text,
        data: text,
        gateway: text,
        enrol: text,
        seed: text,
        http: text,
        mqtt: text,
      },
    }).values;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    return process.exit(2);
  }
}

/** The address that a phone on the same network reaches this machine by. */
function lanAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return all.find((each) => each.family === 'IPv4' && !each.internal)?.address ?? '127.0.0.1';
}

const children: ChildProcess[] = [];

function start(name: string, args: readonly string[], line: (json: unknown) => void): ChildProcess {
  const child = spawn(process.execPath, args, { cwd: HOME, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  createInterface({ input: child.stdout }).on('line', (text) => {
    process.stdout.write(`${name}: ${text}\n`);
    try {
      line(JSON.parse(text));
    } catch {
      // A line that is not JSON is for the person at the screen alone.
    }
  });
  child.once('exit', (code) => {
    process.stderr.write(`${name} ended with ${code ?? 'a signal'}\n`);
    stopAll();
    process.exitCode = code ?? 1;
  });
  return child;
}

function stopAll(): void {
  for (const child of children) child.kill('SIGTERM');
}

/** Before anything is started: the terminal would say the same, behind a gateway that runs already. */
function refuseWrongBoard(boards: string, board: string): void {
  let complaints: readonly string[] = [];
  try {
    const read = readBoard(readFileSync(boards, 'utf8'), board);
    complaints = read.ok ? [] : read.complaints;
  } catch (error) {
    complaints = [`can't be read: ${error instanceof Error ? error.message : String(error)}`];
  }
  if (complaints.length === 0) return;
  for (const each of complaints) process.stderr.write(`${boards}: ${each}\n`);
  process.exit(2);
}

function startGateway(data: string, options: ReturnType<typeof readOptions>): Promise<string> {
  const http = options.http ?? '0.0.0.0:8080';
  const args = ['gateway/main.ts', '--data', join(data, 'gateway'), '--http', http];
  const port = http.slice(http.lastIndexOf(':') + 1);
  args.push('--mqtt', options.mqtt ?? '127.0.0.1:8883');
  args.push('--public-url', `http://${lanAddress()}:${port}`);
  args.push('--seed', resolve(options.seed ?? join(HOME, 'simulators', 'stall', 'seed.json')));
  return new Promise((found) => {
    start('gateway', args, (json) => {
      if (typeof json !== 'object' || json === null || !('ready' in json)) return;
      found(`http://127.0.0.1:${port}`);
    });
  });
}

const options = readOptions();
if (options.board === undefined) {
  process.stderr.write(`--board is missing\n${USAGE}`);
  process.exit(2);
}
const boards = resolve(options.boards ?? join(HOME, 'boards.json'));
refuseWrongBoard(boards, options.board);
const data = resolve(options.data ?? join(HOME, '.hawker', options.board));
mkdirSync(data, { recursive: true, mode: 0o700 });
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stopAll);

const terminal = [...node.flags, 'firmware/main.ts', '--board', options.board];
terminal.push('--data', join(data, 'terminal'));
terminal.push('--boards', boards);
const gateway = options.gateway ?? (await startGateway(data, options));
if (!existsSync(join(data, 'terminal', 'identity.json'))) {
  const code = options.enrol ?? (options.gateway === undefined ? 'LIN-DUMPLINGS-0001' : undefined);
  if (code !== undefined) terminal.push('--enrol', code, '--gateway', gateway);
}
start('terminal', terminal, () => undefined);
