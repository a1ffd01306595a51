/**
 * A program that the stall runs: it tells of itself in JSON lines, is ready when it says so, and can
 * be killed as a power cut would.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface ChildOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Whether a line means that it is ready. */
  readonly ready: (line: ChildLine) => boolean;
  readonly line?: (line: ChildLine) => void;
  /** It ended, wanted or not. */
  readonly ended?: () => void;
  readonly timeoutMs?: number;
}

/** One JSON object that a program printed. */
export type ChildLine = { readonly [key: string]: unknown };

/** What a program has to end in when it is asked to. */
const PATIENCE_MS = 3000;
/** Lines of its error output kept to explain an early end. */
const KEPT = 12;

export class Child {
  readonly #process: ChildProcess;
  readonly #said: string[] = [];
  readonly #gone: Promise<void>;
  /** The line with which it said that it is ready; rejects where it ends or stays silent instead. */
  readonly ready: Promise<ChildLine>;

  constructor(options: ChildOptions) {
    const child = spawn(options.command, options.args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
      // Its own group, so that a kill reaches it through whatever wraps it.
      detached: true,
    });
    this.#process = child;
    this.#gone = new Promise((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', () => resolve());
    });
    this.ready = this.#awaitReady(options);
    this.ready.catch(() => undefined);
    this.#gone.then(() => options.ended?.());
    createInterface({ input: child.stderr ?? process.stdin }).on('line', (text) => {
      this.#said.push(text);
      if (this.#said.length > KEPT) this.#said.shift();
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** The last lines of its error output. */
  get said(): string {
    return this.#said.join('\n');
  }

  /** Ends it and all that it started; a wish that it does not follow in time becomes an end. */
  async kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#signal(signal);
    const patience = setTimeout(() => this.#signal('SIGKILL'), PATIENCE_MS);
    await this.#gone;
    clearTimeout(patience);
  }

  #signal(signal: 'SIGKILL' | 'SIGTERM'): void {
    const { pid } = this.#process;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // Gone already.
    }
  }

  #awaitReady(options: ChildOptions): Promise<ChildLine> {
    const child = this.#process;
    return new Promise((resolve, reject) => {
      const fail = (what: string): void =>
        reject(new Error(`${options.name} ${what}${this.said === '' ? '' : `:\n${this.said}`}`));
      const wait = setTimeout(() => fail('is not ready in time'), options.timeoutMs ?? 20_000);
      child.once('error', (error) => fail(`can't be started: ${error.message}`));
      child.once('close', (code, signal) => fail(`ended (${signal ?? `exit code ${code}`})`));
      createInterface({ input: child.stdout ?? process.stdin }).on('line', (text) => {
        const line = parseLine(text);
        if (line === null) {
          this.#said.push(text);
          return;
        }
        options.line?.(line);
        if (!options.ready(line)) return;
        clearTimeout(wait);
        resolve(line);
      });
      this.#gone.then(() => clearTimeout(wait));
    });
  }
}

function parseLine(text: string): ChildLine | null {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : null;
  } catch {
    return null;
  }
}
