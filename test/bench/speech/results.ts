/** What was heard, kept line by line, so that a bench that was stopped goes on; and tables of it. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { Condition } from './noise.ts';

/** One utterance. */
export interface Result {
  readonly voice: string;
  readonly condition: Condition | 'talk';
  readonly text: string;
  /** `null` for talk. */
  readonly means: string | null;
  readonly meant: string | null;
  readonly shown: string | null;
  readonly guessed: string | null;
  readonly texts: readonly string[];
  readonly decodeMs: number;
}

type Said = Pick<Result, 'voice' | 'condition' | 'text'>;
const keyOf = ({ voice, condition, text }: Said): string => `${voice}\n${condition}\n${text}`;

/** Results in memory, and in a file where one is named. */
export class Results {
  readonly #file: string | null;
  readonly #known = new Map<string, Result>();

  /** Throws where the file belongs to a bench of other `terms`. */
  constructor(file: string | null, terms: string) {
    this.#file = file;
    if (file === null) return;
    if (!existsSync(file)) appendFileSync(file, `${JSON.stringify(terms)}\n`);
    const kept = readFileSync(file, 'utf8');
    const [head = '""', ...lines] = kept.split('\n');
    if (JSON.parse(head) !== terms) {
      throw new Error(`${file} holds the results of another bench: name another file`);
    }
    for (const line of lines) {
      // The last may have been cut off.
      if (!line.endsWith('}')) continue;
      const result: Result = JSON.parse(line);
      this.#known.set(keyOf(result), result);
    }
    if (!kept.endsWith('\n')) appendFileSync(file, '\n');
  }

  has(said: Said): boolean {
    return this.#known.has(keyOf(said));
  }

  add(result: Result): void {
    this.#known.set(keyOf(result), result);
    if (this.#file !== null) appendFileSync(this.#file, `${JSON.stringify(result)}\n`);
  }

  all(): Result[] {
    return [...this.#known.values()];
  }
}

const percent = (part: number, whole: number): string =>
  whole === 0 ? '    –' : `${((100 * part) / whole).toFixed(1)} %`.padStart(7);

function row(name: string, results: readonly Result[]): string {
  const said = results.length;
  const exact = results.filter(({ meant, means }) => meant !== null && meant === means).length;
  const offered = (which: 'shown' | 'guessed'): string => {
    const some = results.filter((each) => each[which] !== null);
    const right = some.filter((each) => each[which] === each.means).length;
    const counts = `(${right} of ${some.length})`.padStart(12);
    return `${percent(some.length, said)}  ${percent(right, some.length)} ${counts}`;
  };
  const cells = [percent(exact, said), offered('shown'), offered('guessed')];
  return `${name.padEnd(40)} ${String(said).padStart(5)}  ${cells.join('  ')}`;
}

const HEAD = `${''.padEnd(40)}  said    exact    shown    of it right         guessed    of it right`;

/**
 * Rows by condition, by voice, and by both; apart from them a row of each voice of `accents`, which
 * nothing else counts.
 */
export function tablesOf(results: readonly Result[], accents: readonly string[] = []): string {
  const counted = results.filter(({ voice }) => !accents.includes(voice));
  const isOrder = ({ condition }: Result): boolean => condition !== 'talk';
  const orders = counted.filter(isOrder);
  const accented = results.filter(({ voice }) => accents.includes(voice)).filter(isOrder);
  const talk = counted.filter(({ condition }) => condition === 'talk');
  const rows = (from: readonly Result[], nameOf: (result: Result) => string): string[] =>
    [...Map.groupBy(from, nameOf)].map(([name, group]) => row(name, group));
  const [taken, guessed] = (['shown', 'guessed'] as const).map(
    (which) => talk.filter((each) => each[which] !== null).length,
  );
  return [
    ...[HEAD, ...rows(orders, () => 'all'), ...rows(orders, ({ condition }) => condition)],
    ...['', HEAD, ...rows(orders, ({ voice }) => voice)],
    ...['', HEAD, ...rows(orders, ({ voice, condition }) => `${voice}, ${condition}`).sort()],
    ...(accented.length === 0 ? [] : ['', 'other accents, which are not counted']),
    ...rows(accented, ({ voice }) => voice),
    '',
    `strangers' talk: ${taken} of ${talk.length} taken for an order, ${guessed} more guessed`,
  ].join('\n');
}
