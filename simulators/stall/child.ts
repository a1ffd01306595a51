/**
 * A program that the stall runs: it tells of itself in JSON lines, is ready when it says so, and can
 * be killed as a power cut would.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
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

/** Programs that only run another one. */
const WRAPPERS = /^(umockdev-run|umockdev-wrapper|sh|\/bin\/sh|unshare)\0/;
/** What a program has to end in when it is asked to: more than the terminal allows itself. */
const PATIENCE_MS = 6000;
/** On a machine that is busy with other things, too: what hangs is found out later, what is slow works. */
const READY_MS = 60_000;
/** Lines of its error output kept to explain an early end, and of what it told to explain a late start. */
const KEPT = 12;

export class Child {
  readonly #process: ChildProcess;
  readonly #said: string[] = [];
  readonly #told: string[] = [];
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

  /** Of the program itself, not of what wraps it. */
  get pid(): number | null {
    const { pid } = this.#process;
    return pid === undefined ? null : innermost(pid);
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** The last lines of its error output. */
  get said(): string {
    return this.#said.join('\n');
  }

  /**
   * Ends it: the innermost program first, so that what wraps it can tidy up behind it. A wish that
   * is not followed in time becomes an end, for the whole group.
   */
  async kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const { pid } = this.#process;
    if (pid === undefined) return;
    send(innermost(pid), signal);
    const patience = setTimeout(() => send(-pid, 'SIGKILL'), PATIENCE_MS);
    await this.#gone;
    clearTimeout(patience);
  }

  #awaitReady(options: ChildOptions): Promise<ChildLine> {
    const child = this.#process;
    return new Promise((resolve, reject) => {
      const fail = (what: string): void =>
        reject(new Error(`${options.name} ${what}${this.said === '' ? '' : `:\n${this.said}`}`));
      const late = (): void => {
        const told =
          this.#told.length === 0 ? 'it told nothing' : `it told ${this.#told.join(' ')}`;
        fail(`is not ready in time; ${told}`);
      };
      const wait = setTimeout(late, options.timeoutMs ?? READY_MS);
      child.once('error', (error) => fail(`can't be started: ${error.message}`));
      child.once('close', (code, signal) => fail(`ended (${signal ?? `exit code ${code}`})`));
      createInterface({ input: child.stdout ?? process.stdin }).on('line', (text) => {
        const line = parseLine(text);
        if (line === null) {
          this.#said.push(text);
          return;
        }
        this.#told.push(text);
        if (this.#told.length > KEPT) this.#told.shift();
        options.line?.(line);
        if (!options.ready(line)) return;
        clearTimeout(wait);
        resolve(line);
      });
      this.#gone.then(() => clearTimeout(wait));
    });
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already.
  }
}

/** The only child's only child, and so on: what a wrapper or two runs in the end. */
function innermost(pid: number): number {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    const [only] = children;
    const wrapper = WRAPPERS.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
    return wrapper && children.length === 1 && only ? innermost(Number(only)) : pid;
  } catch {
    return pid;
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
