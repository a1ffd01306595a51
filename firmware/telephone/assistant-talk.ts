/**
 * The assistant in one call: what the caller says and keys becomes inputs of the flow, what the flow
 * wants is spoken, asked of the order centre, or done with the call.
 */
import {
  callerVocabulary,
  EMAIL_VOCABULARY,
  FIGURES_VOCABULARY,
} from '#device/dialogue/vocabulary.ts';
import { stepAssistant } from '#device/flows/assistant.ts';
import {
  type AssistantEffect,
  type AssistantInput,
  type AssistantState,
  beginAssistant,
} from '#device/flows/assistant-state.ts';
import type { Language } from '#device/messages/enrolment.ts';
import type { CallLine, Conversation, Handover } from '#device/ports/call-handler.ts';
import type { Clock } from '#device/ports/clock.ts';
import { type CallFrame, FRAME_MS, type TelephoneKey } from '#device/ports/modem.ts';
import type { CallerOrder, OrderCentre } from '#device/ports/order-centre.ts';
import type { Recogniser, Vocabulary } from '#device/ports/recogniser.ts';
import { CallerEar } from './caller-ear.ts';
import type { DeskEvent } from './desk.ts';
import { TalkLog } from './talk-log.ts';
import type { CallSynthesiser } from './voice.ts';

/** What an assistant works with. */
export interface AssistantParts {
  readonly centre: OrderCentre;
  readonly voice: Pick<CallSynthesiser, 'speak'>;
  /** Of a language; `null` where it is understood by nobody here, or just now. */
  readonly recogniser: (language: Language) => Recogniser | null;
  /** Whether agents are there to hand over to. */
  readonly agents: () => boolean;
  readonly clock: Clock;
  /** What happens, for the log: no word of a caller's is in it. */
  readonly tell: (event: DeskEvent) => void;
  /** What is said and understood, for whoever watches a call; nobody in a shop that sells. */
  readonly transcript?: (call: string, who: 'caller' | 'assistant', text: string) => void;
}

/** Answers that are older than the sentence they are for. */
const PRODUCTS_MS = 600;

/** From `begin` until the caller or the assistant leaves. */
export class AssistantTalk implements Conversation {
  readonly #parts: AssistantParts;
  readonly #line: CallLine;
  readonly #over: () => void;
  #recogniser: Recogniser;
  #state: AssistantState;
  #ear: CallerEar;
  readonly #watches: { stop(): void }[] = [];
  readonly #log = new TalkLog();
  #ended = false;
  /** Counts what is said: an older one that is still being rendered is not said any more. */
  #saying = 0;
  #speaking: Promise<unknown> = Promise.resolve();
  #speaks = false;
  #products: Promise<unknown> = Promise.resolve();
  #keyed: Promise<unknown> = Promise.resolve();
  /** Of silence, since the last word of anybody. */
  #silentMs = 0;
  #waitMs = Number.POSITIVE_INFINITY;
  #hidden = false;

  constructor(parts: AssistantParts, line: CallLine, recogniser: Recogniser, over: () => void) {
    this.#parts = parts;
    this.#line = line;
    this.#over = over;
    this.#recogniser = recogniser;
    this.#state = beginAssistant(line.language, line.from);
    this.#ear = this.#makeEar();
    this.#refresh();
    void this.#products.then(() => this.#take({ is: 'begin' }));
  }

  frame({ heard }: CallFrame): void {
    this.#ear.frame(heard);
    if (this.#speaks || this.#ear.busy) return;
    this.#silentMs += FRAME_MS;
    if (this.#silentMs < this.#waitMs) return;
    this.#silentMs = 0;
    this.#take({ is: 'silence' });
  }

  key(key: TelephoneKey): void {
    this.#silentMs = 0;
    this.#refresh();
    const products = this.#products;
    // One after the other: a slow answer of the order centre must not let a later key overtake.
    this.#keyed = this.#keyed.then(() => products).then(() => this.#take({ is: 'key', key }));
  }

  ended(): void {
    this.#ended = true;
    this.#saying += 1;
    for (const watch of this.#watches) watch.stop();
    this.#over();
  }

  #makeEar(): CallerEar {
    const parts = {
      recogniser: this.#recogniser,
      vocabulary: () => this.#vocabulary(),
      language: this.#state.language,
      products: () => this.#state.products,
    };
    return new CallerEar(parts, () => this.#parts.clock.monotonic(), {
      began: () => {
        this.#silentMs = 0;
        this.#refresh();
      },
      heard: (text, endedAt) => void this.#heard(text, endedAt),
      failed: (error) => {
        this.#parts.tell({ event: 'not_understood', id: this.#line.id, why: String(error) });
        this.#take({ is: 'unclear' });
      },
    });
  }

  #vocabulary(): Vocabulary {
    switch (this.#state.question.for) {
      case 'phone':
      case 'phone_right':
      case 'order_number':
      case 'order_phone':
        return FIGURES_VOCABULARY;
      case 'email':
        return EMAIL_VOCABULARY;
      default:
        return callerVocabulary(this.#state.products);
    }
  }

  /** Prices and stock of this moment, or of the last one where the order centre is slow. */
  #refresh(): void {
    const { centre, clock } = this.#parts;
    const asked = centre.products().then(
      (products) => this.#take({ is: 'products', products }),
      () => undefined,
    );
    const late = new Promise<void>((resolve) => clock.after(PRODUCTS_MS, resolve));
    this.#products = Promise.race([asked, late]);
  }

  async #heard(text: string | null, endedAt: number): Promise<void> {
    await this.#products;
    if (this.#ended) return;
    this.#silentMs = 0;
    const before = this.#saying;
    // What interrupts has to be understood: noise and echoes are not.
    if (text === null && this.#speaks) return;
    if (text !== null) this.#note('caller', text);
    this.#take(text === null ? { is: 'unclear' } : { is: 'sentence', text }, endedAt);
    if (this.#saying === before) this.#waitMs = Math.max(this.#waitMs, 1);
  }

  #take(input: AssistantInput, endedAt: number | null = null): void {
    if (this.#ended) return;
    const { state, effects } = stepAssistant(this.#state, input);
    this.#state = state;
    for (const effect of effects) this.#perform(effect, endedAt);
  }

  #perform(effect: AssistantEffect, endedAt: number | null): void {
    const { centre } = this.#parts;
    const line = this.#line;
    switch (effect.do) {
      case 'say':
        this.#say(effect.text, effect.waitMs, endedAt);
        break;
      case 'hush':
        this.#hush();
        break;
      case 'language':
        this.#turnTo(effect.language);
        break;
      case 'place':
        void centre
          .place(effect.wish, `call:${line.id}:${effect.attempt}`)
          .then((placing) => this.#afterWords({ is: 'placed', placing }));
        break;
      case 'find':
        void centre
          .find(effect.number, effect.digits)
          .then((found) => this.#afterWords({ is: 'found', found }));
        break;
      case 'watch':
        this.#parts.tell({ event: 'order', id: line.id, order: effect.number, by: 'assistant' });
        this.#watches.push(centre.watch(effect.number, (order) => this.#news(order)));
        break;
      case 'hide':
        this.#hidden = true;
        line.pauseRecording(effect.backMs);
        this.#log.hide(this.#parts.clock.monotonic() - effect.backMs);
        this.#parts.tell({ event: 'hidden', id: line.id });
        break;
      case 'agent':
        void this.#leave(() => this.#toAgent());
        break;
      case 'leave':
        void this.#leave(() => line.hangUp());
        break;
    }
  }

  #turnTo(language: Language): void {
    const recogniser = this.#parts.recogniser(language);
    this.#line.language = language;
    if (recogniser === null) {
      // Keys go on working; who can't be understood is given to somebody who can.
      void this.#leave(() => this.#toAgent());
      return;
    }
    this.#recogniser = recogniser;
    this.#ear = this.#makeEar();
  }

  /** Money that has arrived is told at once; all else waits until a sentence is over. */
  #news(order: CallerOrder): void {
    if (order.state === 'paid') this.#take({ is: 'news', order });
    else void this.#afterWords({ is: 'news', order });
  }

  /** What the order centre tells waits for the end of the sentence that is being said. */
  async #afterWords(input: AssistantInput): Promise<void> {
    await this.#speaking;
    this.#take(input);
  }

  async #leave(then: () => void): Promise<void> {
    await this.#speaking;
    if (!this.#ended) then();
  }

  #toAgent(): void {
    if (this.#parts.agents()) this.#line.handOver('agent', this.#left());
    else this.#take({ is: 'no_agent' });
  }

  #note(who: 'caller' | 'assistant', text: string): void {
    this.#parts.transcript?.(this.#line.id, who, text);
    this.#log.add(who, text, this.#parts.clock.monotonic());
  }

  /** What the agent sees of the talk so far. */
  #left(): Handover {
    const { basket, email, question } = this.#state;
    const phone = question.for === 'phone_right' ? question.phone : null;
    return { said: this.#log.lines, basket, phone, email };
  }

  #hush(): void {
    this.#saying += 1;
    this.#speaks = false;
    this.#silentMs = 0;
    this.#line.hush();
  }

  #say(text: string, waitMs: number, endedAt: number | null): void {
    this.#hush();
    this.#speaks = true;
    const saying = this.#saying;
    this.#note('assistant', text);
    this.#speaking = this.#speak(text, saying, endedAt).then(() => {
      if (this.#saying !== saying) return;
      this.#speaks = false;
      this.#silentMs = 0;
      this.#waitMs = waitMs === 0 ? Number.POSITIVE_INFINITY : waitMs;
      if (this.#hidden) this.#line.resumeRecording();
      this.#hidden = false;
    });
  }

  async #speak(text: string, saying: number, endedAt: number | null): Promise<void> {
    const { voice, clock, tell } = this.#parts;
    let last: Promise<unknown> = Promise.resolve();
    let first = true;
    try {
      for await (const samples of voice.speak(text, this.#state.language)) {
        if (this.#saying !== saying || this.#ended) return;
        if (first && endedAt !== null) {
          const ms = Math.round(clock.monotonic() - endedAt);
          tell({ event: 'turn', id: this.#line.id, ms });
        }
        first = false;
        last = this.#line.say(samples);
      }
    } catch (error) {
      tell({ event: 'not_said', id: this.#line.id, why: String(error) });
    }
    await last;
  }
}
