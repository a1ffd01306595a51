/**
 * The telephone terminal at work: what modems tell becomes an input of the flow, what the flow wants is
 * done; each call is recorded from its answer to its end.
 */
import {
  beginCalls,
  type CallEffect,
  type CallInput,
  type CallPrompt,
  type CallSettings,
  type CallsState,
  needsCallTick,
  type Places,
  stepCalls,
} from '#device/flows/call.ts';
import type { Language } from '#device/messages/enrolment.ts';
import type {
  CallHandler,
  CallLine,
  Conversation,
  HandlerName,
  Handover,
} from '#device/ports/call-handler.ts';
import type { Chance, Clock } from '#device/ports/clock.ts';
import type { Call, CallEnd, CallFrame, Modem, TelephoneKey } from '#device/ports/modem.ts';
import { mintCallId, type OpenRecording, type Recordings } from './recordings.ts';

export interface DeskParts {
  readonly settings: CallSettings;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly recordings: Pick<Recordings, 'begin'>;
  /** What is said by the terminal itself. */
  readonly voice: {
    render(language: Language, prompts: readonly CallPrompt[]): Promise<Int16Array>;
  };
  readonly handlers: Partial<Readonly<Record<HandlerName, CallHandler>>>;
  /** What happens, for the log; no number of a caller is in it. */
  readonly tell: (event: DeskEvent) => void;
  /** What is said by the terminal itself, for whoever watches a call. */
  readonly transcript?: (id: string, language: Language, prompts: readonly CallPrompt[]) => void;
}

export type DeskEvent = Readonly<Record<string, unknown>> & { readonly event: string };

/** One call, with what belongs to it while it lasts. */
interface OnLine {
  readonly id: string;
  readonly modem: Modem;
  readonly call: Call;
  language: Language;
  recording: OpenRecording | null;
  conversation: Conversation | null;
  handover: Handover | null;
  answered: boolean;
}

const TICK_MS = 500;

export class CallDesk {
  readonly #parts: DeskParts;
  readonly #online = new Map<string, OnLine>();
  readonly #inputs: CallInput[] = [];
  readonly #closing = new Set<Promise<void>>();
  #state: CallsState;
  #running = false;
  #cancelTick: (() => void) | null = null;

  constructor(parts: DeskParts) {
    this.#parts = parts;
    this.#state = beginCalls(parts.settings);
    for (const handler of Object.values(parts.handlers)) {
      handler.onChange(() => this.#count());
    }
    this.#count();
  }

  /** Calls that are on or in the queue, in the order of their coming. */
  get calls(): CallsState['calls'] {
    return this.#state.calls;
  }

  ringing(modem: Modem, call: Call): void {
    const { clock, chance, settings } = this.#parts;
    const id = mintCallId(clock.now(), chance.bytes(4));
    this.#online.set(id, {
      ...{ id, modem, call, language: settings.language, recording: null },
      ...{ conversation: null, handover: null, answered: false },
    });
    this.#parts.tell({ event: 'call', id, state: 'ringing', from: maskNumber(call.from) });
    this.#push({ is: 'ringing', id });
  }

  frame(modem: Modem, call: Call, frame: CallFrame): void {
    const on = this.#find(modem, call);
    on?.recording?.recording.frame(frame);
    on?.conversation?.frame(frame);
  }

  key(modem: Modem, call: Call, key: TelephoneKey): void {
    const on = this.#find(modem, call);
    if (on === undefined) return;
    if (on.conversation !== null) on.conversation.key(key);
    else this.#push({ is: 'key', id: on.id, key });
  }

  ended(modem: Modem, call: Call, how: CallEnd): void {
    const on = this.#find(modem, call);
    if (on !== undefined) this.#end(on, how);
  }

  /** The modem is lost, and all its calls are. */
  lost(modem: Modem): void {
    for (const on of [...this.#online.values()]) if (on.modem === modem) this.#end(on, 'dropped');
  }

  /** Ends every call and resolves when their recordings are safe. */
  async close(): Promise<void> {
    this.#cancelTick?.();
    const all = [...this.#online.values()];
    await Promise.all(all.map(({ modem, call }) => modem.hangUp(call).catch(() => undefined)));
    for (const on of all) this.#end(on, 'us');
    await Promise.all(this.#closing);
  }

  #find(modem: Modem, call: Call): OnLine | undefined {
    return [...this.#online.values()].find((on) => on.modem === modem && on.call === call);
  }

  #places(): Places {
    const { agent, assistant } = this.#parts.handlers;
    return { agent: agent?.places() ?? null, assistant: assistant?.places() ?? null };
  }

  #count(): void {
    this.#push({ is: 'places', places: this.#places() });
  }

  #push(input: CallInput): void {
    this.#inputs.push(input);
    if (this.#running) return;
    this.#running = true;
    for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
      const { state, effects } = stepCalls(this.#state, next, this.#parts.clock.monotonic());
      this.#state = state;
      for (const effect of effects) this.#perform(effect);
    }
    this.#running = false;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#cancelTick !== null || !needsCallTick(this.#state)) return;
    this.#cancelTick = this.#parts.clock.after(TICK_MS, () => {
      this.#cancelTick = null;
      this.#count();
      this.#push({ is: 'tick' });
    });
  }

  #perform(effect: CallEffect): void {
    const on = this.#online.get(effect.id);
    if (on === undefined) return;
    switch (effect.do) {
      case 'answer':
        void this.#answer(on);
        break;
      case 'say':
        void this.#say(on, effect.language, effect.prompts, effect.saying);
        break;
      case 'hush':
        on.modem.hush(on.call);
        break;
      case 'connect':
        this.#connect(on, effect.to);
        break;
      case 'disconnect':
        this.#disconnect(on, effect.how);
        break;
      case 'hang_up':
        void on.modem.hangUp(on.call);
    }
  }

  async #answer(on: OnLine): Promise<void> {
    const { recordings, tell } = this.#parts;
    const { id, modem, call } = on;
    // Before the answer: its first word must be on the disk, too.
    on.recording = await recordings.begin(id, call.from).catch((error: unknown) => {
      tell({ event: 'not_recorded', id, why: String(error), mend: 'free some space' });
      return null;
    });
    const ok = await modem.answer(call).catch(() => false);
    if (!this.#online.has(id)) {
      this.#settle(on.recording?.discard());
      return;
    }
    on.answered = ok;
    if (ok) tell({ event: 'call', id, state: 'answered', recorded: on.recording !== null });
    this.#push({ is: 'answered', id, ok });
    // A modem that could not answer and still has the call would keep the line for ever.
    if (!ok) void modem.hangUp(call);
  }

  async #say(
    on: OnLine,
    language: Language,
    prompts: readonly CallPrompt[],
    saying: number,
  ): Promise<void> {
    const { id, modem, call } = on;
    on.language = language;
    try {
      const samples = await this.#parts.voice.render(language, prompts);
      // Meanwhile something else may be said.
      if (this.#state.calls.get(id)?.saying !== saying) return;
      this.#parts.transcript?.(id, language, prompts);
      await modem.say(call, samples);
    } catch (error) {
      this.#parts.tell({ event: 'not_said', id, prompts, why: String(error) });
    }
    this.#push({ is: 'said', id, saying });
  }

  #connect(on: OnLine, to: HandlerName): void {
    const handler = this.#parts.handlers[to];
    on.conversation = handler?.take(this.#lineOf(on)) ?? null;
    const ok = on.conversation !== null;
    if (ok) this.#parts.tell({ event: 'call', id: on.id, state: 'connected', to });
    this.#push({ is: 'taken', id: on.id, ok });
    // One that could not after all is asked again with the next tick, not at once.
    if (ok) this.#count();
  }

  #disconnect(on: OnLine, how: CallEnd | null): void {
    const { conversation } = on;
    on.conversation = null;
    on.recording?.recording.resume();
    conversation?.ended(how);
    if (conversation !== null) this.#count();
  }

  /** What a handler holds in its hands; after its `ended` none of it does anything. */
  #lineOf(on: OnLine): CallLine {
    const { id, modem, call } = on;
    const push = (input: CallInput): void => this.#push(input);
    let over = false;
    const mine = (): boolean => !over && on.conversation !== null;
    return {
      id,
      from: call.from,
      handover: on.handover,
      get language() {
        return on.language;
      },
      set language(language: Language) {
        on.language = language;
        push({ is: 'language', id, language });
      },
      say: (samples) => (over ? Promise.resolve(false) : modem.say(call, samples)),
      hush: () => modem.hush(call),
      ahead: () => modem.ahead(call),
      pauseRecording: (backMs) => on.recording?.recording.pause(backMs),
      resumeRecording: () => on.recording?.recording.resume(),
      hangUp: () => {
        if (mine()) push({ is: 'hang_up', id });
      },
      handOver: (to, left) => {
        if (!mine()) return;
        over = true;
        on.handover = left ?? on.handover;
        push({ is: 'hand_over', id, to });
      },
    };
  }

  #end(on: OnLine, how: CallEnd): void {
    const { id, recording } = on;
    if (!this.#online.delete(id)) return;
    this.#disconnect(on, how);
    this.#push({ is: 'ended', id, how });
    this.#parts.tell({ event: 'call', id, state: 'ended', how });
    if (recording === null) return;
    this.#settle(on.answered ? recording.end(how).then(() => undefined) : recording.discard());
  }

  #settle(work: Promise<void> | undefined): void {
    if (work === undefined) return;
    const done = work.catch(() => undefined).then(() => void this.#closing.delete(done));
    this.#closing.add(done);
  }
}

/** `•••• 0001`; `null` where it is withheld. */
export const maskNumber = (number: string | null): string | null =>
  number === null ? null : `•••• ${number.slice(-4)}`;
