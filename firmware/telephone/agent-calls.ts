/**
 * Calls at the agents' desk: they ring at everybody who is free until one answers; then that one
 * talks. Each agent has one call at most.
 */
import type { Language } from '#device/messages/enrolment.ts';
import type { CallHandler, CallLine, Conversation, Handover } from '#device/ports/call-handler.ts';
import { CALL_RATE, type CallFrame, FRAME_MS, type TelephoneKey } from '#device/ports/modem.ts';

/** What an agent sees of calls. */
export interface DeskView {
  readonly ready: boolean;
  readonly ringing: readonly { readonly id: string; readonly ending: string | null }[];
  readonly call: {
    readonly id: string;
    readonly from: string | null;
    readonly language: Language;
    /** Keys that the caller pressed. */
    readonly keys: string;
    /** What the assistant, or another agent, got from the caller before. */
    readonly handover: Handover | null;
  } | null;
}

/** One agent's end of it. */
export interface AgentSeat {
  readonly name: string;
  /** Something in {@link AgentCalls.view} changed. */
  changed(): void;
  /** 20 ms of the caller; valid during the call alone. */
  hear(samples: Int16Array): void;
}

/** A ringing tone as networks of most countries have it: 425 Hz, a second of five (ITU-T E.180). */
const TONE = Int16Array.from({ length: CALL_RATE }, (_, at) =>
  Math.round(3500 * Math.sin((2 * Math.PI * 425 * at) / CALL_RATE)),
);
const TONE_EVERY_MS = 5000;
/** An agent whose page was loaded anew goes on with the call. */
export const AWAY_MS = 10_000;
/** What an agent said that the caller has not heard yet: beyond it the talk would lag behind. */
const MOST_AHEAD = CALL_RATE * 0.4;
const MOST_KEYS = 40;

class DeskCall implements Conversation {
  readonly line: CallLine;
  readonly #over: (call: DeskCall) => void;
  seat: AgentSeat | null = null;
  keys = '';
  #toneMs = TONE_EVERY_MS;

  constructor(line: CallLine, over: (call: DeskCall) => void) {
    this.line = line;
    this.#over = over;
  }

  frame({ heard }: CallFrame): void {
    if (this.seat !== null) {
      this.seat.hear(heard);
      return;
    }
    this.#toneMs += FRAME_MS;
    if (this.#toneMs < TONE_EVERY_MS) return;
    this.#toneMs = 0;
    void this.line.say(TONE);
  }

  key(key: TelephoneKey): void {
    this.keys = (this.keys + key).slice(-MOST_KEYS);
    this.seat?.changed();
  }

  ended(): void {
    this.#over(this);
  }
}

export class AgentCalls implements CallHandler {
  readonly #seats = new Set<AgentSeat>();
  readonly #pausing = new Set<AgentSeat>();
  readonly #calls = new Set<DeskCall>();
  #changed = (): void => undefined;

  places(): number | null {
    if (this.#seats.size === 0) return null;
    const ringing = [...this.#calls].filter(({ seat }) => seat === null).length;
    return Math.max(0, this.#free().length - ringing);
  }

  onChange(changed: () => void): void {
    this.#changed = changed;
  }

  take(line: CallLine): Conversation | null {
    if ((this.places() ?? 0) < 1) return null;
    const call = new DeskCall(line, (over) => {
      this.#calls.delete(over);
      this.#tell();
    });
    this.#calls.add(call);
    this.#tellSeats();
    return call;
  }

  sit(seat: AgentSeat): void {
    this.#seats.add(seat);
    this.#tell();
  }

  /** The agent is gone: whoever was talked with is given to another one. */
  leave(seat: AgentSeat): void {
    if (!this.#seats.delete(seat)) return;
    this.#pausing.delete(seat);
    for (const call of [...this.#calls]) {
      if (call.seat === seat || this.#seats.size === 0) call.line.handOver('agent');
    }
    this.#tell();
  }

  /** An agent who takes a break stays in a call that is on. */
  setReady(seat: AgentSeat, ready: boolean): void {
    if (ready) this.#pausing.delete(seat);
    else this.#pausing.add(seat);
    this.#tell();
  }

  /** `false` where another one was faster, or the caller has gone. */
  answer(seat: AgentSeat, id: string): boolean {
    const call = [...this.#calls].find(({ line }) => line.id === id);
    if (call === undefined || call.seat !== null || this.#callOf(seat) !== undefined) return false;
    call.seat = seat;
    call.line.hush();
    this.#tell();
    return true;
  }

  /** What the agent says; nothing where there is no call. */
  speak(seat: AgentSeat, samples: Int16Array): void {
    const line = this.#callOf(seat)?.line;
    if (line !== undefined && line.ahead() <= MOST_AHEAD) void line.say(samples);
  }

  hangUp(seat: AgentSeat): void {
    this.#callOf(seat)?.line.hangUp();
  }

  toAssistant(seat: AgentSeat): void {
    this.#callOf(seat)?.line.handOver('assistant');
  }

  /** Nothing of it is recorded until it goes on: while a caller says what must not be kept. */
  pauseRecording(seat: AgentSeat, paused: boolean): void {
    const line = this.#callOf(seat)?.line;
    if (paused) line?.pauseRecording(10_000);
    else line?.resumeRecording();
  }

  view(seat: AgentSeat): DeskView {
    const call = this.#callOf(seat);
    return {
      ready: !this.#pausing.has(seat),
      ringing: [...this.#calls].flatMap(({ line, seat: taken }) =>
        taken === null ? [{ id: line.id, ending: line.from?.slice(-4) ?? null }] : [],
      ),
      call:
        call === undefined
          ? null
          : {
              ...{ id: call.line.id, from: call.line.from, language: call.line.language },
              ...{ keys: call.keys, handover: call.line.handover },
            },
    };
  }

  #callOf(seat: AgentSeat): DeskCall | undefined {
    return [...this.#calls].find((call) => call.seat === seat);
  }

  #free(): AgentSeat[] {
    return [...this.#seats].filter(
      (seat) => !this.#pausing.has(seat) && this.#callOf(seat) === undefined,
    );
  }

  #tell(): void {
    this.#changed();
    this.#tellSeats();
  }

  #tellSeats(): void {
    for (const seat of this.#seats) seat.changed();
  }
}
