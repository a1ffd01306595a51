/**
 * The AT line of a modem: one command at a time, each with its time limit, and between echo and result
 * whatever the modem tells by itself. A command without a result is followed by finding the way back.
 */
import {
  AtSplitter,
  CTRL_Z,
  ESCAPE,
  readCallResult,
  readResult,
  readUrc,
  type Urc,
} from '#device/codecs/at.ts';
import { utf8 } from '#device/codecs/bytes.ts';
import type { AtEvents, AtOutcome, Command } from './at-command.ts';

/** Between two commands; some firmware loses one that follows a result too closely. */
const PAUSE_MS = 5;
const PROBE_MS = 400;
const PROBES = 8;
/** So long without another result: what was late has come by now. */
const QUIET_MS = 60;

type PduUrc = Extract<Urc, { readonly length: number }>;

interface Running {
  readonly command: Command;
  readonly lines: string[];
  readonly settle: (outcome: AtOutcome) => void;
  timer: NodeJS.Timeout;
  /** The line before was an information line: what follows may belong to it. */
  open: boolean;
}

interface Job {
  readonly command: Command;
  readonly settle: (outcome: AtOutcome) => void;
}

export class AtChannel {
  readonly #write: (bytes: Uint8Array) => Promise<void>;
  readonly #events: AtEvents;
  readonly #splitter = new AtSplitter();
  #jobs: Job[] = [];
  #running: Running | null = null;
  #pduUrc: PduUrc | null = null;
  /** Told of each result while no command runs. */
  #probe: ((ok: boolean) => void) | null = null;
  #busy = false;
  #dead = false;

  constructor(write: (bytes: Uint8Array) => Promise<void>, events: AtEvents) {
    this.#write = write;
    this.#events = events;
  }

  /** What the serial port brought. */
  receive(bytes: Uint8Array): void {
    for (const token of this.#splitter.push(bytes)) {
      if (this.#dead) return;
      if (token.is === 'line') this.#take(token.text);
      else this.#prompted();
    }
  }

  /** Never rejects. Urgent ones go before those that wait. */
  send(command: Command): Promise<AtOutcome> {
    return new Promise((settle) => {
      if (this.#dead) return settle({ is: 'silent' });
      const at = command.urgent ? this.#jobs.findIndex((job) => !job.command.urgent) : -1;
      this.#jobs.splice(at < 0 ? this.#jobs.length : at, 0, { command, settle });
      void this.#work();
    });
  }

  /** Ends everything with `silent`. */
  close(): void {
    this.#dead = true;
    this.#probe?.(false);
    this.#settle({ is: 'silent' });
    for (const { settle } of this.#jobs.splice(0)) settle({ is: 'silent' });
  }

  /** Whether the modem answers: `false` after three seconds of trying. */
  async findBack(): Promise<boolean> {
    this.#splitter.reset();
    await this.#put(Uint8Array.of(ESCAPE, 0x0d));
    for (let attempt = 0; attempt < PROBES && !this.#dead; attempt += 1) {
      const answered = this.#nextResult(PROBE_MS);
      await this.#put(utf8('AT\r'));
      if ((await answered) !== true) continue;
      // A result that was late looks like one of ours: wait until there are no more.
      while ((await this.#nextResult(QUIET_MS)) !== null && !this.#dead);
      return !this.#dead;
    }
    return false;
  }

  async #work(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (let job = this.#jobs.shift(); job !== undefined; job = this.#jobs.shift()) {
      const outcome = await this.#run(job.command);
      const lost = outcome.is === 'silent' && !this.#dead && !(await this.findBack());
      job.settle(outcome);
      if (lost && !this.#dead) this.#events.silent();
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    this.#busy = false;
  }

  #run(command: Command): Promise<AtOutcome> {
    return new Promise((settle) => {
      if (this.#dead) return settle({ is: 'silent' });
      const timer = setTimeout(() => this.#settle({ is: 'silent' }), command.timeoutMs);
      this.#running = { command, lines: [], settle, timer, open: false };
      void this.#put(utf8(`${command.text}\r`));
    });
  }

  #settle(outcome: AtOutcome): void {
    const running = this.#running;
    this.#running = null;
    if (running === null) return;
    clearTimeout(running.timer);
    running.settle(outcome);
  }

  async #put(bytes: Uint8Array): Promise<void> {
    // A port that is gone tells so by itself.
    await this.#write(bytes).catch(() => undefined);
  }

  #prompted(): void {
    const { command } = this.#running ?? {};
    if (command?.pdu === undefined) return;
    void this.#put(Uint8Array.of(...utf8(command.pdu), CTRL_Z));
  }

  #nextResult(timeoutMs: number): Promise<boolean | null> {
    return new Promise((resolve) => {
      const end = (ok: boolean | null): void => {
        clearTimeout(timer);
        this.#probe = null;
        resolve(ok);
      };
      const timer = setTimeout(() => end(null), timeoutMs);
      this.#probe = end;
    });
  }

  #take(line: string): void {
    if (this.#pduUrc !== null) {
      const urc = this.#pduUrc;
      this.#pduUrc = null;
      if (/^[0-9A-F]+$/i.test(line)) {
        this.#events.pdu(urc.is, line, urc.length);
        return;
      }
    }
    if (this.#takeResult(line) || this.#takeInformation(line)) return;
    const urc = readUrc(line);
    if (urc === null) {
      if (line !== this.#running?.command.text) this.#events.stray(line);
    } else if (urc.is === 'report' || urc.is === 'sms') this.#pduUrc = urc;
    else this.#events.urc(urc);
  }

  #takeResult(line: string): boolean {
    const running = this.#running;
    const result = running?.command.calls === true ? readCallResult(line) : readResult(line);
    if (result === null) return false;
    if (running === null) this.#probe?.(result.ok);
    else if (result.ok) this.#settle({ is: 'ok', lines: running.lines });
    else this.#settle({ is: 'refused', error: result.error });
    // `NO CARRIER` ends a command, and is news besides.
    const urc = readUrc(line);
    if (urc !== null) this.#events.urc(urc);
    return true;
  }

  #takeInformation(line: string): boolean {
    const running = this.#running;
    const prefix = running?.command.prefix;
    if (running === null || prefix === undefined) return false;
    const headed = line.startsWith(`${prefix}:`);
    const follows = running.open && running.command.pdus === true && /^[0-9A-F]+$/i.test(line);
    if (!headed && !follows) return false;
    // `+CREG: 1` comes by itself; its answer has two numbers. `+CMTI` is nobody's answer.
    if (headed && readUrc(line) !== null) return false;
    running.open = headed;
    running.lines.push(line);
    return true;
  }
}
