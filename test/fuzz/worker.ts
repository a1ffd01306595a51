/**
 * The fuzzer's working half: it may crash or hang, and the half that started it still knows the case.
 * `FUZZ_CASE` names the file that the current case stands in.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { utf8 } from '#device/codecs/bytes.ts';
import { DOORS } from './doors.ts';
import { runDoor, takeCase } from './run.ts';

interface Order {
  readonly file: string;
  readonly seed: string;
  readonly ms: number;
  readonly doors: readonly string[];
  /** One case alone, in hex. */
  readonly input?: string;
}

const order: Order = JSON.parse(process.argv[2] ?? '{}');
const say = (said: unknown): void => void process.stdout.write(`${JSON.stringify(said)}\n`);
const file = openSync(order.file, 'w+');

/** Fixed places: a shorter case must not leave the end of a longer one behind. */
function begins(door: string, input: Uint8Array): void {
  const head = utf8(door.padEnd(32));
  const length = new Uint8Array(new Uint32Array([input.length]).buffer);
  writeSync(file, Buffer.concat([head, length, input]), 0, 36 + input.length, 0);
}

const ends = performance.now() + order.ms;
for (const [at, name] of order.doors.entries()) {
  const door = await DOORS.get(name)?.();
  if (door === undefined) throw new Error(`there is no door ${name}`);
  const left = order.doors.length - at;
  const until = performance.now() + Math.max(0, ends - performance.now()) / left;
  if (order.input === undefined) {
    const { cases, failure } = await runDoor(door, order.seed, { begins, until });
    const failed = failure === null ? {} : { why: failure.why, input: hexOf(failure.input) };
    say({ door: name, cases, ...failed });
    if (failure !== null) process.exit(1);
  } else {
    const input = new Uint8Array(Buffer.from(order.input, 'hex'));
    begins(name, input);
    const failure = await takeCase(door, input, true);
    say({ door: name, cases: 1, ...(failure === null ? {} : { why: failure.why }) });
  }
  await door.close?.();
}
closeSync(file);
process.exit(0);

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
