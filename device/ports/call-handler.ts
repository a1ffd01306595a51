/** Who talks with a caller: an agent at a desk, or the assistant. The terminal hands calls over. */
import type { Language } from '../messages/enrolment.ts';
import type { CallEnd, CallFrame, TelephoneKey } from './modem.ts';

export type HandlerName = 'agent' | 'assistant';

export interface HandoverLine {
  readonly who: 'caller' | 'assistant';
  readonly text: string;
}

/** What a handler leaves for the next one. Never log it, never store it. */
export interface Handover {
  /** The last that was said, oldest first. */
  readonly said: readonly HandoverLine[];
  readonly basket: readonly { readonly code: string; readonly quantity: number }[];
  /** Where the link is to go, as far as the caller has said. */
  readonly phone: string | null;
  readonly email: string | null;
}

/** What a handler may do with the call that it was given, until its `ended`. */
export interface CallLine {
  /** Unique among all calls of all times at this terminal; names its recording, too. */
  readonly id: string;
  /** The caller's number as the network gave it, or `null` where it is withheld. Never log it. */
  readonly from: string | null;
  /** What the caller is spoken to in; the handler may change it. */
  language: Language;
  /** What was left by who had the call before; `null` where nobody had it. */
  readonly handover: Handover | null;
  /** As `Modem.say`. */
  say(samples: Int16Array): Promise<boolean>;
  hush(): void;
  ahead(): number;
  /**
   * Both directions are recorded as silence until `resumeRecording`, and the last `backMs` are made
   * silent, too: for what must never be kept, such as a card number, which is understood as one only
   * when part of it was said.
   */
  pauseRecording(backMs?: number): void;
  resumeRecording(): void;
  /** The handler is done: hangs up. `ended` follows. */
  hangUp(): void;
  /** Gives the call to the other one; this handler hears no more of it. Without `left` what it got goes on. */
  handOver(to: HandlerName, left?: Handover): void;
}

/** One caller's talk with one handler. None of these may throw or take long: 20 ms is a frame. */
export interface Conversation {
  /** Frames are valid during the call alone. */
  frame(frame: CallFrame): void;
  key(key: TelephoneKey): void;
  /** Last of all: the call ended, or was handed over (`null`). */
  ended(how: CallEnd | null): void;
}

export interface CallHandler {
  /** How many more calls it could take now. 0: callers wait. `null`: nobody is there, do not wait. */
  places(): number | null;
  /** Takes the call, or `null` where it can't after all. */
  take(line: CallLine): Conversation | null;
  /** Tells the terminal, once set, that `places` may have changed. */
  onChange(changed: () => void): void;
}
