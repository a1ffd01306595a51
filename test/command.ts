/** What the commands of the long proofs share: how their options are read, and how they speak. */
import { parseArgs } from 'node:util';

type Kinds = Readonly<Record<string, { readonly type: 'string' | 'boolean' }>>;

type Values<Options extends Kinds> = {
  readonly [Name in keyof Options]?: Options[Name]['type'] extends 'boolean' ? boolean : string;
};

/** Says a line on standard error, under the name of the command. */
export const speaker =
  (name: string) =>
  (text: string): void =>
    void process.stderr.write(`${name}: ${text}\n`);

/** `--help`: prints what the command takes, which is no error, and ends. */
export function answerHelp(usage: string): void {
  if (!process.argv.slice(2).some((arg) => arg === '--help' || arg === '-h')) return;
  process.stdout.write(`${usage}\n`);
  process.exit(0);
}

/** What `read` makes of the options; what it throws ends the command with 2, the reason and its usage. */
export function readOptions<const Options extends Kinds, Read>(
  usage: string,
  options: Options,
  read: (values: Values<Options>) => Read,
): Read {
  answerHelp(usage);
  try {
    return read(parseArgs({ options }).values as Values<Options>);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${usage}\n`);
    return process.exit(2);
  }
}

/** The number of minutes asked for; throws where it is none. */
export function readMinutes(asked: string | undefined, otherwise: number): number {
  const minutes = Number(asked ?? otherwise);
  if (minutes > 0 && Number.isFinite(minutes)) return minutes;
  throw new Error(`--minutes ${asked}: give a number above 0`);
}

/** The whole number asked for as `--name`; throws where it is none, or below `least`. */
export function readCount(
  name: string,
  asked: string | undefined,
  otherwise: number,
  least = 1,
): number {
  const count = Number(asked ?? otherwise);
  if (Number.isSafeInteger(count) && count >= least) return count;
  throw new Error(`--${name}: give a whole number, ${least} or more`);
}

/** The seed asked for, or one that nobody had before. */
export const readSeed = (asked: string | undefined): string =>
  asked ?? String(Math.floor(Math.random() * 2 ** 32));
