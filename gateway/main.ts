/** The gateway as a program: reads its flags, says where it is, ends on SIGTERM. */
import { systemClock } from './clock.ts';
import { createGateway } from './gateway.ts';
import { readCommand, runCommand } from './identity/command.ts';
import { logToStderr } from './log.ts';
import { readOptions, USAGE } from './options.ts';
import { openPlatform } from './platform/platform.ts';
import { asksForPlatform, PLATFORM_USAGE, readPlatformOptions } from './platform/program.ts';

const args = process.argv.slice(2);
const command = readCommand(args);
if (command !== null) process.exit(await runCommand(command, args.slice(1)));
const platform = asksForPlatform(args);
const usage = platform ? PLATFORM_USAGE : USAGE;
if (args.includes('--help')) {
  process.stdout.write(usage);
  process.exit(0);
}
const start = readStart();
const log = logToStderr(() => systemClock.now());

let gateway: Running | null = null;
let ending = false;
const end = (): void => {
  // A signal during the start is obeyed as soon as there is something to close.
  if (ending || gateway === null) {
    ending = true;
    return;
  }
  ending = true;
  gateway.close().then(
    () => process.exit(0),
    (error: unknown) => {
      log({ level: 'error', place: 'gateway', says: `did not end cleanly: ${String(error)}` });
      process.exit(1);
    },
  );
};
process.on('SIGTERM', end);
process.on('SIGINT', end);

try {
  gateway = await start();
  process.stdout.write(`${JSON.stringify({ ready: true, ...gateway.at })}\n`);
  if (ending) {
    ending = false;
    end();
  }
} catch (error) {
  const says = error instanceof Error ? error.message : String(error);
  const mend = mendOf(says);
  log({ level: 'error', place: 'gateway', says, ...(mend === undefined ? {} : { mend }) });
  process.exit(1);
}

function mendOf(says: string): string | undefined {
  if (says.includes('EADDRINUSE'))
    return 'stop the program that listens there, or use another port';
  if (says.includes('EACCES'))
    return 'use a port over 1023 and a directory that this user may write';
  return undefined;
}

interface Running {
  readonly at: { readonly http: string; readonly mqtt?: string; readonly peer_door?: string };
  close(): Promise<void>;
}

/** What these arguments start, or the end with what is wrong with them. */
function readStart(): () => Promise<Running> {
  if (platform) {
    const read = readPlatformOptions(args);
    if (!read.ok) return refuse(read.complaint);
    return async () => {
      const { url, close } = await openPlatform({ ...read.options, log });
      return { at: { http: url }, close };
    };
  }
  const read = readOptions(args, process.env);
  if (!read.ok) return refuse(read.complaint);
  return async () => {
    const { http, mqtt, peerDoor, close } = await createGateway({ ...read.options, log });
    const at = {
      http,
      ...(mqtt === null ? {} : { mqtt }),
      ...(peerDoor === null ? {} : { peer_door: peerDoor }),
    };
    return { at, close };
  };
}

function refuse(complaint: string): never {
  process.stderr.write(`${complaint}\n\n${usage}`);
  process.exit(2);
}
