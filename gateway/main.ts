/** The gateway as a program: reads its flags, says where it is, ends on SIGTERM. */
import { systemClock } from './clock.ts';
import { createGateway, type Gateway } from './gateway.ts';
import { logToStderr } from './log.ts';
import { readOptions, USAGE } from './options.ts';

const args = process.argv.slice(2);
if (args.includes('--help')) {
  process.stdout.write(USAGE);
  process.exit(0);
}
const read = readOptions(args, process.env);
if (!read.ok) {
  process.stderr.write(`${read.complaint}\n\n${USAGE}`);
  process.exit(2);
}
const log = logToStderr(() => systemClock.now());

let gateway: Gateway | null = null;
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
  gateway = await createGateway({ ...read.options, log });
  const { http, mqtt } = gateway;
  process.stdout.write(
    `${JSON.stringify({ ready: true, http, ...(mqtt === null ? {} : { mqtt }) })}\n`,
  );
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
