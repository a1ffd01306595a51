/** What is asked of a modem, and what becomes of it. */
import type { AtError, Urc } from '#device/codecs/at.ts';

export interface Command {
  /** Without its line end. */
  readonly text: string;
  readonly timeoutMs: number;
  /** What the lines of its answer begin with, such as `+CSQ`. */
  readonly prefix?: string;
  /** A line of hexadecimal digits follows each line of the answer. */
  readonly pdus?: true;
  /** `NO CARRIER` and its like end it, too. */
  readonly calls?: true;
  /** Given when the modem prompts for it. */
  readonly pdu?: string;
  /** Goes before those that wait: a caller is on the line. */
  readonly urgent?: true;
}

export type AtOutcome =
  | { readonly is: 'ok'; readonly lines: readonly string[] }
  | { readonly is: 'refused'; readonly error: AtError }
  /** No result came in time: it may have been carried out. */
  | { readonly is: 'silent' };

export interface AtEvents {
  urc(urc: Urc): void;
  /** A PDU that came by itself, with the length that the modem named. */
  pdu(kind: 'report' | 'sms', hex: string, length: number): void;
  /** A line that means nothing: disturbed, or of a firmware that we do not know. */
  stray(line: string): void;
  /** The modem does not answer any more. */
  silent(): void;
}

const QUICK_MS = 3000;

/** A question whose answer's lines begin with `prefix`. */
export const question = (text: string, prefix: string): Command => ({
  ...{ text, prefix, timeoutMs: QUICK_MS },
});

/** A setting, or another command without an answer. */
export const order = (text: string, timeoutMs = QUICK_MS): Command => ({ text, timeoutMs });
