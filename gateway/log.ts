/** One JSON line an event; whoever writes one masks persons first (see issuer/mask.ts). */

export interface LogEntry {
  readonly level: 'info' | 'warn' | 'error';
  /** Where it happened, such as `mqtt hawker/1/t-0001/up` or a file and its line. */
  readonly place: string;
  readonly says: string;
  /** What whoever reads it can do, where something can be done. */
  readonly mend?: string;
}

export type Log = (entry: LogEntry) => void;

/** Writes entries to standard error, so that standard output stays for the `ready` line. */
export const logToStderr =
  (now: () => number): Log =>
  (entry) => {
    process.stderr.write(`${JSON.stringify({ at: new Date(now()).toISOString(), ...entry })}\n`);
  };
